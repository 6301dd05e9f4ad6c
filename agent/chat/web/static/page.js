// What HTML cannot do: tabs, charts that follow the trials, the line that was said, dialogs, keys.
const byId = (id) => document.getElementById(id);
const every = (selector, within = document) => [...within.querySelectorAll(selector)];

// The conversation.
const text = byId("text");
const log = byId("log");
const said = [];
let at = 0;
const before = { text: "", tab: "" };
const openCard = () => every("article.card:not(:has(~ article.card, ~ article.answered))", log).at(-1);
const toEnd = () => {
  // A card is closed by its answer, wherever that was given, or by the next card.
  every("article.card:has(~ article.card, ~ article.answered) button", log).forEach((button) => { button.disabled = true; });
  log.scrollTop = log.scrollHeight;
  const asks = Boolean(openCard());
  const asked = document.body.classList.contains("asks");
  document.body.classList.toggle("asks", asks);
  if (asks && !asked) showTalk();
  if (asked && !asks && before.tab && document.body.dataset.tab === "talk") openTab(before.tab);
  byId("tab-talk").textContent = asks ? "Talk: asks" : "Talk";
};
// A yes counts only for the card that was there when it was begun.
const card = byId("card");
const begin = () => {
  const open = openCard();
  if (!before.text) card.value = open ? open.dataset.card : "0";
  before.text = text.value;
};
text.addEventListener("input", begin);
byId("say").addEventListener("htmx:configRequest", () => {
  said.push(text.value);
  at = said.length;
  setTimeout(() => { text.value = before.text = ""; });
});
text.addEventListener("keydown", (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step || !said.length) return;
  at = Math.max(0, Math.min(said.length, at + step));
  text.value = said[at] || "";
  begin();
  event.preventDefault();
});

// Tabs, by pointer and by keys.
const tabs = every("[role=tab]");
const shownTabs = () => tabs.filter((tab) => tab.offsetParent !== null);
const openTab = (name, { focus = false } = {}) => {
  document.body.dataset.tab = name;
  for (const tab of tabs) {
    const chosen = tab.dataset.tab === name;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    if (chosen && focus) tab.focus();
    if (tab.dataset.tab !== "talk") byId(tab.dataset.tab).hidden = !chosen;
  }
  follow();
};
for (const tab of tabs) {
  tab.addEventListener("click", () => openTab(tab.dataset.tab));
  tab.addEventListener("keydown", (event) => {
    const shown = shownTabs();
    const here = shown.indexOf(tab);
    const next = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: -1 }[event.key];
    if (next === undefined) return;
    openTab(shown.at(next % shown.length).dataset.tab, { focus: true });
    event.preventDefault();
  });
}
const showTalk = () => {
  fold(false);
  if (byId("tab-talk").offsetParent === null) return;
  before.tab = document.body.dataset.tab;
  openTab("talk");
};
const fold = (folded) => {
  document.body.classList.toggle("folded", folded);
  byId("fold").setAttribute("aria-expanded", String(!folded));
  byId("fold").textContent = folded ? "Show talk" : "Hide talk";
};
byId("fold").addEventListener("click", () => { fold(!document.body.classList.contains("folded")); resize(); });
window.addEventListener("resize", () => {
  if (document.body.dataset.tab === "talk" && byId("tab-talk").offsetParent === null) openTab("overview");
});

// Colours.
const nameTheme = () => { byId("theme").textContent = `Colours: ${theme}`; };
byId("theme").addEventListener("click", () => { nextTheme(); nameTheme(); redraw(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());
nameTheme();

// Charts: drawn where they can be seen, again when what they show has changed.
const version = { told: "", shown: 0 };
const drawn = new Map();
const wants = (chart) => {
  const picked = (selector) => (selector ? byId(selector.slice(1)).value : "");
  const kind = { effect: "#effect-as", surface: "#surface-as" }[chart.dataset.figure];
  const name = kind ? picked(kind) : chart.dataset.figure;
  const first = chart.dataset.firstIs || picked(chart.dataset.first);
  return { name, first, second: picked(chart.dataset.second) };
};
const busy = new WeakMap();
const drawChart = async (chart) => {
  if (!window.Plotly || chart.offsetParent === null || !byId("names")) return;
  const { name, first, second } = wants(chart);
  const stamp = `${name} ${first} ${second} ${["history", "front", "curves"].includes(name) ? version.shown : version.told}`;
  if (drawn.get(chart)?.stamp === stamp) return;
  if (busy.get(chart)) { busy.set(chart, "again"); return; }
  busy.set(chart, "once");
  const slow = drawn.has(chart) ? 0 : setTimeout(() => charts.say(chart, "one moment …"), 250);
  try {
    const asked = new URLSearchParams({ first, second });
    const answer = await fetch(`/figures/${name}?${asked}`);
    clearTimeout(slow);
    const figure = answer.ok ? await answer.json() : { words: `this could not be drawn (${answer.status})` };
    drawn.set(chart, { stamp, figure });
    const plot = await charts.draw(chart, figure);
    if (plot && !plot.dataset.listens) {
      plot.dataset.listens = "yes";
      plot.on("plotly_click", (event) => {
        const number = event.points[0]?.customdata;
        if (Number.isInteger(number)) showTrial(number);
      });
    }
  } catch (error) {
    clearTimeout(slow);
    charts.say(chart, `this could not be drawn: ${error.message}`);
  } finally {
    const again = busy.get(chart) === "again";
    busy.delete(chart);
    if (again) drawChart(chart);
  }
};
const follow = () => {
  every(".chart").forEach(drawChart);
  every("[hx-trigger=stale]").forEach((part) => {
    if (part.offsetParent === null || !byId("names") || part.dataset.told === version.told) return;
    part.dataset.told = version.told;
    htmx.trigger(part, "stale");
  });
};
const redraw = () => every(".chart").forEach((chart) => { if (drawn.has(chart) && chart.offsetParent) charts.draw(chart, drawn.get(chart).figure); });
const resize = () => window.dispatchEvent(new Event("resize"));
// The page can be used before plotly, which weighs most of it, is there.
const plotly = Object.assign(document.createElement("script"), { src: "/static/plotly.js", onload: () => follow() });
document.head.append(plotly);

// The server says that something changed; what comes quickly one after the other is fetched at once.
let due = 0;
const refresh = () => {
  if (due) return;
  due = setTimeout(() => { due = 0; htmx.trigger("#panels", "refresh"); }, 60);
};
document.body.addEventListener("htmx:sseOpen", (event) => {
  event.detail.source.addEventListener("panels", refresh);
});
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
  if (idle && document.body.classList.contains("asks")) showTalk();
  for (const select of every("select[data-names]")) fill(select, JSON.parse(names.dataset[select.dataset.names]));
  every(".several").forEach((part) => { part.hidden = names.dataset.several !== "true"; });
  every(".steps").forEach((part) => { part.hidden = names.dataset.steps !== "true"; });
  version.shown += 1;
  version.told = `${names.dataset.study} ${names.dataset.told}`;
  follow();
};
byId("panels").addEventListener("htmx:afterRequest", () => { settle(); markPicked(); });
document.addEventListener("change", (event) => {
  if (event.target.closest(".picks select") && !event.target.closest("#view")) follow();
  if (event.target.form?.id === "view" && event.target.name !== "find") showPage(0);
  if (event.target.matches(".pick")) pick(event.target);
});

// What someone is typing in a panel outlives the panel's being drawn again; so do the focus and what is open.
let kept = null;
const named = (element) => element && (element.getAttribute("aria-label") || element.textContent.trim());
const PARTS = ["bar", "table", "editor", "earned"];
byId("panels").addEventListener("htmx:beforeOnLoad", () => {
  const inputs = PARTS.flatMap((part) => every("input[aria-label][name]", byId(part) || undefined));
  const active = document.activeElement;
  kept = {
    typed: inputs.filter((input) => input.value !== input.defaultValue).map((input) => ({ label: input.ariaLabel, value: input.value })),
    part: PARTS.find((part) => byId(part)?.contains(active)),
    label: named(active),
    tag: active?.tagName,
    open: Boolean(document.querySelector("#table details[open]")),
    top: document.querySelector("#table .wide")?.scrollTop || 0,
    left: document.querySelector("#table .wide")?.scrollLeft || 0,
  };
});
byId("panels").addEventListener("htmx:afterRequest", () => {
  if (!kept) return;
  for (const { label, value } of kept.typed) {
    const input = every("input[aria-label]").find((each) => each.ariaLabel === label);
    if (input) input.value = value;
  }
  const details = document.querySelector("#table details");
  if (details) details.open = kept.open;
  const wide = document.querySelector("#table .wide");
  if (wide) wide.scrollTo(kept.left, kept.top);
  if (kept.part && byId(kept.part)) {
    every(kept.tag, byId(kept.part)).find((each) => named(each) === kept.label)?.focus({ preventScroll: true });
  }
  kept = null;
});

// The table of trials: sorted, filtered and paged by the server, as this form says.
const view = byId("view");
const showPage = (page) => {
  view.elements.page.value = page;
  htmx.trigger("#panels", "refresh");
};
view.addEventListener("submit", (event) => { event.preventDefault(); showPage(0); });
let finding = 0;
view.elements.find.addEventListener("input", () => { clearTimeout(finding); finding = setTimeout(() => showPage(0), 200); });
const picked = new Set();
const pick = (box) => {
  if (box.checked) picked.add(box.value);
  else picked.delete(box.value);
  while (picked.size > 2) picked.delete([...picked][0]);
  markPicked();
};
const markPicked = () => {
  every(".pick").forEach((box) => { box.checked = picked.has(box.value); });
  byId("compare").disabled = picked.size !== 2;
};

// Dialogs: one trial, or two beside each other.
const dialog = byId("dialog");
const show = async (path) => {
  await htmx.ajax("GET", path, { target: "#shown", swap: "innerHTML" });
  dialog.setAttribute("aria-label", byId("shown").querySelector("h2")?.textContent || "details");
  if (!dialog.open) dialog.showModal();
  every(".chart", dialog).forEach(drawChart);
};
const showTrial = (number) => show(`/trial/${number}`);
byId("studies").addEventListener("click", () => show("/start"));
byId("compare").addEventListener("click", () => {
  const [a, b] = [...picked].sort((one, other) => one - other);
  show(`/compare?a=${a}&b=${b}`);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (event.target === dialog || button?.matches("[data-close]")) dialog.close();
  if (button?.matches("[data-copy]")) copy(button);
  if (button?.matches("[data-page]")) showPage(Number(button.dataset.page));
  if (button?.matches(".sort")) {
    const descending = view.elements.sort.value === button.dataset.sort && view.elements.descending.value === "true";
    view.elements.sort.value = button.dataset.sort;
    view.elements.descending.value = String(!descending);
    showPage(0);
  }
  const row = event.target.closest("[data-trial]");
  if (row && !event.target.closest("input") && getSelection().isCollapsed) showTrial(row.dataset.trial);
});
const copy = async (button) => {
  const source = byId(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(source); // not allowed here: it is selected, to be copied by hand
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
};
// A key for what is done often: / to say something.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, textarea, select, dialog[open]")) return;
  showTalk();
  text.focus();
  event.preventDefault();
});
new MutationObserver(toEnd).observe(log, { childList: true });
// There is something to stop only while a reply is awaited or written.
const writing = byId("writing");
const knowStop = () => { byId("stop").disabled = !writing.hasChildNodes(); };
new MutationObserver(knowStop).observe(writing, { childList: true });
knowStop();
toEnd();
settle();
