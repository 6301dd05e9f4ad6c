// Charts: drawn once their tab is open; where they are in sight, again when what they show has changed.
const version = { study: "", told: "", shown: 0 };
const LIVE = ["history", "front", "curves"]; // which show running trials, too
const drawn = new WeakMap();
const busy = new Map();
const inSight = new WeakSet();
const sight = new IntersectionObserver((seen) => seen.forEach(({ target, isIntersecting }) => {
  inSight[isIntersecting ? "add" : "delete"](target);
  drawChart(target);
}));

const wants = (chart) => {
  const picked = (selector) => (selector ? byId(selector.slice(1)).value : "");
  const name = picked(chart.dataset.nameFrom) || chart.dataset.figure;
  const first = chart.dataset.firstIs || picked(chart.dataset.first);
  return { name, path: `/figures/${name}?${new URLSearchParams({ first, second: picked(chart.dataset.second) })}` };
};
// What is new in a figure comes as edits to the one that is here: the path to a value, and the value.
const edited = (figure, edits) => {
  for (const [path, value] of edits) {
    const last = path.pop();
    path.reduce((part, key) => part[key], figure)[last] = value;
  }
  return figure;
};
const load = async (path, known) => {
  const answer = await fetch(path, { headers: known?.path === path ? { "If-None-Match": known.tag } : {} });
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  const body = await answer.json();
  return { path, tag: answer.headers.get("ETag"), figure: answer.status === 226 ? edited(known.figure, body) : body };
};
const drawChart = async (chart) => {
  if (!window.Plotly || !byId("names") || chart.offsetParent === null || (drawn.has(chart) && !inSight.has(chart))) return;
  const { name, path } = wants(chart);
  const stamp = [path, version.study, LIVE.includes(name) ? version.shown : version.told].join(" ");
  const known = drawn.get(chart);
  if (known?.stamp === stamp && known.shown === known.tag) return;
  if (busy.has(chart)) { busy.set(chart, "again"); return; }
  busy.set(chart, "once");
  const slow = known ? 0 : setTimeout(() => charts.say(chart, "one moment …"), 250);
  try {
    const loaded = await load(path, known);
    clearTimeout(slow);
    drawn.set(chart, { stamp, shown: known?.shown, ...loaded });
    if (known?.shown !== loaded.tag) await draw(chart);
  } catch (error) {
    clearTimeout(slow);
    drawn.delete(chart); // the next change tries again
    charts.say(chart, `this could not be drawn: ${error.message}`);
  }
  const again = busy.get(chart) === "again";
  busy.delete(chart);
  if (again) drawChart(chart);
};
const draw = async (chart) => {
  if (chart.offsetParent === null) return; // its tab was left meanwhile, and what is hidden has no size
  const known = drawn.get(chart);
  known.shown = known.tag;
  const plot = await charts.draw(chart, known.figure, known.tag);
  if (!plot) return;
  if (known.figure.layout.meta?.axes) layAxes(plot);
  if (plot.dataset.listens) return;
  plot.dataset.listens = "yes";
  plot.on("plotly_afterplot", () => layAxes(plot)); // its room has changed
  plot.on("plotly_click", (event) => {
    const number = event.points[0]?.customdata;
    if (Number.isInteger(number)) showTrial(number);
  });
};
const watch = (within) => every(".chart", within).forEach((chart) => sight.observe(chart));
const redraw = () => every(".chart").forEach((chart) => { if (drawn.has(chart)) draw(chart); });
// The room may have changed while a chart was hidden.
const fit = () => every(".js-plotly-plot").forEach((plot) => {
  if (plot.offsetParent && plot.querySelector(".main-svg").clientWidth !== plot.clientWidth) Plotly.Plots.resize(plot);
});
const follow = () => {
  every(".chart").forEach(drawChart);
  every("[hx-trigger=stale]").forEach((part) => {
    if (part.offsetParent === null || !byId("names") || part.dataset.told === version.told) return;
    part.dataset.told = version.told;
    htmx.trigger(part, "stale");
  });
};
// The page can be used before plotly, which weighs most of it, is there.
document.head.append(Object.assign(document.createElement("script"), { src: "/static/plotly.js", onload: () => follow() }));
watch();
