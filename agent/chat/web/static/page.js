// Tabs, colours, dialogs, and what a click does; the last of the page's scripts, which begins.
const tabs = every("[role=tab]");
const openTab = (name, { focus = false } = {}) => {
  document.body.dataset.tab = name;
  for (const tab of tabs) {
    const chosen = tab.dataset.tab === name;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    if (chosen && focus) tab.focus();
    if (tab.dataset.tab !== "talk") byId(tab.dataset.tab).hidden = !chosen;
  }
  fit();
  follow();
  if (PARTS[name]) fetchPanels();
};
for (const tab of tabs) {
  tab.addEventListener("click", () => openTab(tab.dataset.tab));
  tab.addEventListener("keydown", (event) => {
    const shown = tabs.filter((each) => each.offsetParent !== null);
    const here = shown.indexOf(tab);
    const next = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: -1 }[event.key];
    if (next === undefined) return;
    openTab(shown.at(next % shown.length).dataset.tab, { focus: true });
    event.preventDefault();
  });
}
window.addEventListener("resize", () => {
  if (document.body.dataset.tab === "talk" && byId("tab-talk").offsetParent === null) openTab("overview");
});
document.addEventListener("change", (event) => { if (event.target.matches(".picks select")) follow(); });

const nameTheme = () => { byId("theme").textContent = `Colours: ${theme}`; };
byId("theme").addEventListener("click", () => { nextTheme(); nameTheme(); redraw(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
nameTheme();

// Dialogs: one trial, two beside each other, or what else may be tuned.
const dialog = byId("dialog");
const shown = byId("shown");
const show = async (path) => {
  await htmx.ajax("GET", path, { target: "#shown", swap: "innerHTML" });
  shown.dataset.path = path;
  dialog.setAttribute("aria-label", shown.querySelector("h2")?.textContent || "details");
  if (!dialog.open) dialog.showModal();
  watch(dialog);
};
// A trial that still runs is looked at again; nobody who is about to press a button there is disturbed.
const lookAgain = () => {
  if (dialog.open && shown.querySelector("[data-running]") && !shown.contains(document.activeElement)) show(shown.dataset.path);
};
const showTrial = (number) => show(`/trial/${number}`);
byId("studies").addEventListener("click", () => show("/start"));
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
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (event.target === dialog || button?.matches("[data-close]")) dialog.close();
  if (button?.matches("[data-copy]")) copy(button);
  if (button?.matches("[data-page]")) showPage(Number(button.dataset.page));
  if (button?.matches(".sort")) sortBy(button.dataset.sort);
  const row = event.target.closest("[data-trial]");
  if (row && !event.target.closest("input") && getSelection().isCollapsed) showTrial(row.dataset.trial);
});
knowStop();
toEnd();
settle();
