/* Rows that are chosen by ticking: [data-picks] holds [data-pick] boxes, one [data-pick-all], the words
   [data-picked] and the buttons [data-needs-picked]. Space ticks the row that J and K have come to. */
import { say } from "./phrases.js";

function show(area) {
  const boxes = [...area.querySelectorAll("[data-pick]")];
  const chosen = boxes.filter((box) => box.checked).length;
  for (const box of boxes) {
    if (box.checked) box.closest("[data-row]")?.setAttribute("aria-selected", "true");
    else box.closest("[data-row]")?.removeAttribute("aria-selected");
  }
  const all = area.querySelector("[data-pick-all]");
  if (all) {
    all.hidden = false;
    all.checked = boxes.length > 0 && chosen === boxes.length;
    all.indeterminate = chosen > 0 && chosen < boxes.length;
  }
  for (const words of area.querySelectorAll("[data-picked]")) {
    words.hidden = chosen === 0;
    words.textContent = say("picked", { count: chosen });
  }
  for (const button of area.querySelectorAll("[data-needs-picked]")) button.disabled = chosen === 0;
}

export function startPicks() {
  const area = document.querySelector("[data-picks]");
  if (!area) return;
  show(area);
  area.addEventListener("yw:swapped", () => show(area));
  area.addEventListener("change", (event) => {
    if (event.target.matches("[data-pick-all]")) {
      for (const box of area.querySelectorAll("[data-pick]")) box.checked = event.target.checked;
    }
    if (event.target.matches("[data-pick], [data-pick-all]")) show(area);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== " " || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input, textarea, select, button, summary, dialog")) return;
    const box = area.querySelector("[data-row].is-current [data-pick]");
    if (!box) return;
    event.preventDefault();
    box.click();
  });
  // Back from the next page a browser may have kept the ticks.
  window.addEventListener("pageshow", () => show(area));
}
