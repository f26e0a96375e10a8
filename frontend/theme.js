/* Runs before the first paint: light or dark, comfortable or compact, as this device chose. Styles ask .has-script
   whether there are scripts: `scripting` is younger than the oldest browser (frontend/floor.mjs), and so is :has(),
   for which has.js stands in there. */
(() => {
  const root = document.documentElement;
  root.classList.add("has-script");
  if (!CSS.supports("selector(:has(a))")) {
    const standIn = document.createElement("script");
    standIn.src = document.currentScript.dataset.has;
    // When the deferred scripts have run the style sheets are there, and it reads them once.
    addEventListener("DOMContentLoaded", () => document.head.append(standIn));
  }
  const read = (name, otherwise) => {
    try { return localStorage.getItem(`yw-${name}`) ?? otherwise; } catch { return otherwise; }
  };
  window.ywLook = () => {
    const theme = read("theme", "auto"), density = read("density", "comfortable");
    root.dataset.themeChoice = theme;
    root.dataset.densityChoice = density;
    const isDark = theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
    root.dataset.bsTheme = isDark ? "dark" : "light";
    root.dataset.density = density;
    root.dispatchEvent(new CustomEvent("yw:look", { bubbles: true }));
  };
  window.ywLook();
})();
