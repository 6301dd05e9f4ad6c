// The panels that the server draws: all at first, then those in sight when it says that something changed.
const panels = byId("panels");
const PARTS = { overview: "earned", "trials-tab": "table", parameters: "editor" };
panels.addEventListener("htmx:configRequest", (event) => {
  if (byId("names")) event.detail.parameters.parts = ["bar", PARTS[document.body.dataset.tab]].filter(Boolean);
});
const fetchPanels = () => htmx.trigger(panels, "refresh");
// At once; what comes quickly after it, together a little later.
const waits = { until: 0, more: false };
const refresh = () => {
  waits.more = Boolean(waits.until);
  if (waits.until) return;
  version.shown += 1;
  follow();
  lookAgain();
  fetchPanels();
  waits.until = setTimeout(() => { waits.until = 0; if (waits.more) refresh(); }, 250);
};
document.body.addEventListener("htmx:sseOpen", (event) => {
  byId("lost").hidden = true;
  event.detail.source.addEventListener("panels", refresh);
});
document.body.addEventListener("htmx:sseError", () => { byId("lost").hidden = false; });

const fill = (select, names) => {
  const known = every("option", select).map((option) => option.value);
  if (JSON.stringify(known) === JSON.stringify(names)) return;
  const chosen = select.value;
  select.replaceChildren(...names.map((name) => new Option(name, name)));
  select.value = names.includes(chosen) ? chosen : names[Number(select.dataset.at)] || names[0];
};
const settle = () => {
  const names = byId("names");
  const idle = document.body.classList.contains("idle");
  document.body.classList.toggle("idle", !names);
  if (!names) return;
  document.title = names.dataset.title;
  if (idle && document.body.classList.contains("asks")) showTalk();
  for (const select of every("select[data-names]")) fill(select, JSON.parse(names.dataset[select.dataset.names]));
  every(".several").forEach((part) => { part.hidden = names.dataset.several !== "true"; });
  every(".steps").forEach((part) => { part.hidden = names.dataset.steps !== "true"; });
  version.study = names.dataset.study;
  version.told = `${version.study} ${names.dataset.told}`;
  follow();
};

// What someone is typing in a panel outlives the panel's being drawn again; so do the focus and what is open.
let kept = null;
const named = (element) => element && (element.getAttribute("aria-label") || element.textContent.trim());
const DRAWN = ["bar", ...Object.values(PARTS)];
panels.addEventListener("htmx:beforeOnLoad", () => {
  const inputs = DRAWN.flatMap((part) => every("input[aria-label][name]", byId(part) || undefined));
  const active = document.activeElement;
  kept = {
    typed: inputs.filter((input) => input.value !== input.defaultValue).map((input) => ({ label: input.ariaLabel, value: input.value })),
    part: DRAWN.find((part) => byId(part)?.contains(active)),
    label: named(active),
    tag: active?.tagName,
    open: Boolean(document.querySelector("#table details[open]")),
    top: document.querySelector("#table .wide")?.scrollTop || 0,
    left: document.querySelector("#table .wide")?.scrollLeft || 0,
  };
});
const restore = () => {
  if (!kept) return;
  for (const { label, value } of kept.typed) {
    const input = every("input[aria-label]").find((each) => each.ariaLabel === label);
    if (input) input.value = value;
  }
  const details = document.querySelector("#table details");
  if (details) details.open = kept.open;
  document.querySelector("#table .wide")?.scrollTo(kept.left, kept.top);
  if (kept.part && byId(kept.part)) {
    every(kept.tag, byId(kept.part)).find((each) => named(each) === kept.label)?.focus({ preventScroll: true });
  }
  kept = null;
};
panels.addEventListener("htmx:afterRequest", () => { settle(); markPicked(); restore(); });
