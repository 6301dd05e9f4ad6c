// The first of the page's scripts. Colours as the system has them, light or dark: chosen here, kept in this browser, set before anything is drawn.
const THEMES = ["system", "light", "dark"];
let theme = "system";
try { theme = localStorage.getItem("bestguess-theme") || theme; } catch { /* storage is off: as the system */ }
const setTheme = (wanted) => {
  theme = THEMES.includes(wanted) ? wanted : "system";
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try { localStorage.setItem("bestguess-theme", theme); } catch { /* as above */ }
};
setTheme(theme);
const nextTheme = () => setTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]);
const byId = (id) => document.getElementById(id);
const every = (selector, within = document) => [...within.querySelectorAll(selector)];
