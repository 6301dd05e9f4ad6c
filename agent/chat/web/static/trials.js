// The table of trials: sorted, filtered and paged by the server, as the form above it says; a few are compared.
const view = byId("view");
const showPage = (page) => {
  view.elements.page.value = page;
  fetchPanels();
};
view.addEventListener("submit", (event) => { event.preventDefault(); showPage(0); });
// What is found is one line: above the table, and above the parallel coordinates.
const finds = [view.elements.find, byId("within")];
let finding = 0;
const find = (line) => {
  for (const box of finds) if (box.value !== line) box.value = line;
  clearTimeout(finding);
  finding = setTimeout(() => { showPage(0); follow(); }, 200);
};
for (const box of finds) box.addEventListener("input", () => find(box.value));
byId("clear").addEventListener("click", () => find(""));
const sortBy = (key) => {
  const { sort, descending } = view.elements;
  descending.value = String(!(sort.value === key && descending.value === "true"));
  sort.value = key;
  showPage(0);
};
const MOST_COMPARED = 6;
const picked = new Set();
const pick = (box) => {
  if (box.checked) picked.add(box.value);
  else picked.delete(box.value);
  while (picked.size > MOST_COMPARED) picked.delete([...picked][0]);
  markPicked();
};
const markPicked = () => {
  every(".pick").forEach((box) => { box.checked = picked.has(box.value); });
  byId("compare").disabled = picked.size < 2;
};
byId("compare").addEventListener("click", () => {
  show(`/compare?${[...picked].sort((one, other) => one - other).map((number) => `trial=${number}`).join("&")}`);
});
document.addEventListener("change", (event) => {
  if (event.target.form === view && event.target.name !== "find") showPage(0);
  if (event.target.matches(".pick")) pick(event.target);
});
