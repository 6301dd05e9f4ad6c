// Ranges of the parallel coordinates: a drag along an axis picks one, a click on it takes that away.
// The server puts a range into words, and in these words it is found like all that is typed.
const pickRange = async (axis, ends) => {
  const answer = await fetch(`/pick?${new URLSearchParams({ axis, find: view.elements.find.value, ...ends })}`);
  if (answer.ok) find(await answer.text());
};
const layAxes = (plot) => {
  if (plot.querySelector(".axis.held")) return;
  every(":scope > .axis", plot).forEach((strip) => strip.remove());
  const { xaxis: across, yaxis: up } = plot._fullLayout;
  for (const [place, name] of (plot.layout.meta?.axes || []).entries()) {
    const strip = Object.assign(document.createElement("div"), { className: "axis", title: `${name}: drag to pick a range, click to clear it` });
    const band = strip.appendChild(document.createElement("i"));
    strip.style.left = `${across._offset + across.l2p(place)}px`;
    strip.style.top = `${up._offset}px`;
    strip.style.height = `${up._length}px`;
    let from = null;
    const within = (event) => Math.max(0, Math.min(up._length, event.clientY - strip.getBoundingClientRect().top));
    const end = () => { from = null; strip.classList.remove("held"); };
    strip.addEventListener("pointerdown", (event) => {
      from = within(event);
      strip.setPointerCapture(event.pointerId);
      strip.classList.add("held");
      band.style.height = "0";
    });
    strip.addEventListener("pointermove", (event) => {
      if (from === null) return;
      band.style.top = `${Math.min(from, within(event))}px`;
      band.style.height = `${Math.abs(from - within(event))}px`;
    });
    strip.addEventListener("pointerup", (event) => {
      if (from === null) return;
      const [low, high] = [from, within(event)].map((at) => up.p2l(at)).sort((one, other) => one - other);
      pickRange(name, Math.abs(from - within(event)) < 4 ? {} : { low, high });
      end();
    });
    strip.addEventListener("pointercancel", end);
    plot.append(strip);
  }
};
