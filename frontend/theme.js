/* Runs before the first paint: light or dark, comfortable or compact, as this device chose. */
(() => {
  const root = document.documentElement;
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
