// The little that HTML cannot do: clear the line that was said, keep the end in view, recall lines with the arrows.
const text = document.getElementById("text");
const log = document.getElementById("log");
const said = [];
let at = 0;
const toEnd = () => {
  // A card is closed by its answer, wherever that was given, or by the next card.
  const cards = [...log.querySelectorAll("article.card:has(~ article.card, ~ article.answered)")];
  cards.forEach((card) => card.querySelectorAll("button").forEach((one) => { one.disabled = true; }));
  log.scrollTop = log.scrollHeight;
};
// A yes counts only for the card that was there when it was begun.
const card = document.getElementById("card");
let before = "";
const begin = () => {
  const open = [...log.querySelectorAll("article.card:not(:has(~ article.card, ~ article.answered))")].at(-1);
  if (!before) card.value = open ? open.dataset.card : "0";
  before = text.value;
};
text.addEventListener("input", begin);
document.getElementById("say").addEventListener("htmx:configRequest", () => {
  said.push(text.value);
  at = said.length;
  setTimeout(() => { text.value = before = ""; });
});
text.addEventListener("keydown", (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step || !said.length) return;
  at = Math.max(0, Math.min(said.length, at + step));
  text.value = said[at] || "";
  begin();
  event.preventDefault();
});
new MutationObserver(toEnd).observe(log, { childList: true });
toEnd();
// What someone is typing in a panel outlives the panel's being drawn again.
const panels = document.getElementById("panels");
const inputs = () => [...panels.querySelectorAll("input[aria-label]")];
let typed = [];
panels.addEventListener("htmx:beforeSwap", () => {
  typed = inputs()
    .filter((one) => one.value !== one.defaultValue || one === document.activeElement)
    .map((one) => ({ label: one.ariaLabel, value: one.value, focused: one === document.activeElement }));
});
panels.addEventListener("htmx:afterSwap", () => {
  for (const { label, value, focused } of typed) {
    const one = inputs().find((each) => each.ariaLabel === label);
    if (!one) continue;
    one.value = value;
    if (focused) one.focus();
  }
});
// The trials stay sorted as they were.
panels.addEventListener("click", (event) => {
  const button = event.target.closest("button.sort");
  if (!button) return;
  const asked = new URLSearchParams(button.getAttribute("hx-get").split("?")[1]);
  for (const one of document.getElementById("sorting").elements) one.value = asked.get(one.name);
});
