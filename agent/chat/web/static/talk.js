// The conversation: the line that is said, cards that wait for an answer, what is being written.
const text = byId("text");
const log = byId("log");
const said = [];
let at = 0;
const before = { text: "", tab: "" };
// A card is closed by its answer, wherever that was given, by the next card, or by the end of its session.
const CLOSED = ":has(~ article:is(.card, .answered, .session))";
const openCard = () => every(`article.card:not(${CLOSED})`, log).at(-1);
const toEnd = () => {
  every(`article.card${CLOSED} button`, log).forEach((button) => { button.disabled = true; });
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
const fold = (folded) => {
  document.body.classList.toggle("folded", folded);
  byId("fold").setAttribute("aria-expanded", String(!folded));
  byId("fold").textContent = folded ? "Show talk" : "Hide talk";
};
byId("fold").addEventListener("click", () => {
  fold(!document.body.classList.contains("folded"));
  window.dispatchEvent(new Event("resize")); // the charts take the room
});
const showTalk = () => {
  fold(false);
  if (byId("tab-talk").offsetParent === null) return;
  before.tab = document.body.dataset.tab;
  openTab("talk");
};
// A key for what is done often: / to say something.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, textarea, select, dialog[open]")) return;
  showTalk();
  text.focus();
  event.preventDefault();
});
// There is something to stop only while a reply is awaited or written.
const writing = byId("writing");
const knowStop = () => { byId("stop").disabled = !writing.hasChildNodes(); };
new MutationObserver(knowStop).observe(writing, { childList: true });
new MutationObserver(toEnd).observe(log, { childList: true });
