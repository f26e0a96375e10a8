/* Menus that close, sheets that open, and the look that this device prefers. */
const root = document.documentElement;

function applyLook(name, value) {
  try { localStorage.setItem(`yw-${name}`, value); } catch { /* it then lasts for this page */ }
  window.ywLook();
  showLook();
}

function showLook() {
  for (const button of document.querySelectorAll("[data-look]")) {
    const [name, value] = button.dataset.look.split(":");
    button.setAttribute("aria-pressed", String((root.dataset[`${name}Choice`] ?? "") === value));
  }
}

/** On a phone the tab where one is may lie outside the row. */
function showTab() {
  for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
    const tabs = tab.closest(".tabs");
    if (tabs.scrollWidth > tabs.clientWidth) tabs.scrollLeft = tab.offsetLeft - tabs.offsetLeft - 16;
  }
}

export function startShell() {
  showLook();
  showTab();
  document.addEventListener("click", (event) => {
    const look = event.target.closest("[data-look]");
    if (look) applyLook(...look.dataset.look.split(":"));
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
    const opener = event.target.closest("[data-sheet]");
    if (opener) {
      const sheet = document.getElementById(opener.dataset.sheet);
      // Without a script such a link leads to the page that has the same form.
      if (sheet) { event.preventDefault(); sheet.showModal(); sheet.querySelector("[autofocus]")?.focus(); }
    }
    if (event.target.closest("[data-sheet-close]")) event.target.closest("dialog")?.close();
    if (event.target.matches?.("dialog.sheet")) {
      const box = event.target.getBoundingClientRect();
      const isInside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!isInside) event.target.close();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) { menu.open = false; menu.querySelector("summary").focus(); }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener?.("change", () => window.ywLook());
}
