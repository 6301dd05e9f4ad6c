// Draws figures that are computed elsewhere, in the colours of the page; the page and the report use it.
const charts = (() => {
  const narrow = () => window.innerWidth < 760;
  const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colour = (name) => {
    // A custom property may hold light-dark(); what an element computes is the colour itself.
    const probe = document.createElement("i");
    probe.style.color = ink(name);
    document.body.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const decoded = (text) => text.replaceAll("&lt;", "<").replaceAll("&amp;", "&");
  const black = (value) => value === "#000" || value === "#000000";

  const themed = (figure) => {
    const colours = { ink: colour("--ink"), line: colour("--line"), paper: colour("--paper"), quiet: colour("--quiet") };
    const { title, template, width, height, ...layout } = figure.layout || {};
    Object.assign(layout, {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "system-ui, sans-serif", size: 12, color: colours.ink },
      margin: { l: 58, r: 14, t: 14, b: 46, ...layout.margin },
      hoverlabel: { bgcolor: colours.paper, bordercolor: colours.quiet, font: { color: colours.ink, family: "system-ui, sans-serif" }, align: "left" },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colours.quiet, activecolor: colours.ink },
      autosize: true,
      dragmode: narrow() || layout.meta?.axes ? false : "zoom",
      uirevision: "kept",
    });
    if (narrow() && layout.legend) layout.legend = { ...layout.legend, font: { size: 10 } };
    for (const side of ["xaxis", "yaxis"]) layout[side] ??= {};
    for (const name of Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key))) {
      layout[name] = { gridcolor: colours.line, linecolor: colours.quiet, zerolinecolor: colours.line, automargin: true, ...layout[name], exponentformat: "e", title: { standoff: 8, ...layout[name].title } };
    }
    const data = (figure.data || []).map((trace) => {
      const drawn = { ...trace };
      if (drawn.colorbar || drawn.type === "contour") drawn.showscale = false;
      // As a heatmap it would be an image made here, which the policy of the page forbids.
      if (drawn.contours?.coloring === "heatmap") drawn.contours = { ...drawn.contours, coloring: "fill" };
      if (drawn.marker) {
        drawn.marker = { ...drawn.marker, showscale: false };
        delete drawn.marker.colorbar;
        if (black(drawn.marker.color)) drawn.marker.color = colours.ink;
        if (drawn.type === "scatter" && drawn.marker.line?.color === "Grey") drawn.marker.line = { width: 0.5, color: colours.quiet };
      }
      if (drawn.line && black(drawn.line.color)) drawn.line = { ...drawn.line, color: colours.ink };
      return drawn;
    });
    return { data, layout };
  };

  const say = (element, words) => {
    const plot = element.querySelector(".plot");
    if (plot.classList.contains("js-plotly-plot")) Plotly.purge(plot);
    plot.replaceChildren(Object.assign(document.createElement("p"), { className: "quiet", textContent: words }));
    element.querySelector("figcaption").textContent = "";
  };

  // What the colours of a map say; plotly's own bar writes styles in a way that the page's policy reports.
  const colourBar = (element, bar) => {
    element.querySelector(".colours")?.remove();
    if (!bar) return;
    const strip = document.createElement("i");
    strip.style.background = `linear-gradient(to right, ${bar.colours.map(([at, colour]) => `${colour} ${100 * at}%`)})`;
    const row = Object.assign(document.createElement("p"), { className: "colours quiet" });
    row.append(`${decoded(bar.name)}: ${decoded(bar.low)} `, strip, ` ${decoded(bar.high)}`);
    element.querySelector("figcaption").after(row);
  };

  // The revision tells plotly that a figure changed, whose arrays may be the same ones with more in them.
  const draw = async (element, figure, revision) => {
    colourBar(element, figure.layout?.meta?.colour_bar);
    if (figure.words) return say(element, figure.words);
    const title = decoded(figure.layout?.title?.text || "");
    element.querySelector("figcaption").textContent = title;
    element.setAttribute("aria-label", title);
    const plot = element.querySelector(".plot");
    plot.querySelector(":scope > p, :scope > svg")?.remove();
    const { data, layout } = themed(figure);
    await Plotly.react(plot, data, { ...layout, datarevision: revision }, {
      displaylogo: false,
      responsive: true,
      displayModeBar: narrow() ? false : "hover",
      modeBarButtonsToRemove: ["toImage", "select2d", "lasso2d", "autoScale2d", "sendDataToCloud", "sendChartToCloud"],
    });
    return plot;
  };
  return { draw, say };
})();
