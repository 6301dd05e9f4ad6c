// The table of trials: sorted, filtered and paged by the server, as the form above it says; two are compared.
const view = byId("view");
const showPage = (page) => {
  view.elements.page.value = page;
  fetchPanels();
};
view.addEventListener("submit", (event) => { event.preventDefault(); showPage(0); });
let finding = 0;
view.elements.find.addEventListener("input", () => { clearTimeout(finding); finding = setTimeout(() => showPage(0), 200); });
const sortBy = (key) => {
  const { sort, descending } = view.elements;
  descending.value = String(!(sort.value === key && descending.value === "true"));
  sort.value = key;
  showPage(0);
};
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
byId("compare").addEventListener("click", () => {
  const [a, b] = [...picked].sort((one, other) => one - other);
  show(`/compare?a=${a}&b=${b}`);
});
document.addEventListener("change", (event) => {
  if (event.target.form === view && event.target.name !== "find") showPage(0);
  if (event.target.matches(".pick")) pick(event.target);
});
