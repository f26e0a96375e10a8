/* What a resident's page does beyond its links and forms; all of it can be missing. */
import { startClocks } from "./js/clocks.js";
import { startForms } from "./js/forms.js";
import { startPolling } from "./js/poll.js";
import { startToasts } from "./js/toasts.js";
import "./resident.js";

/* Larger type at once; the form behind the button remembers it for the next page. */
document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-type-size]");
  if (!form) return;
  event.preventDefault();
  const isLarge = document.documentElement.classList.toggle("is-large");
  const button = form.querySelector("button");
  button.setAttribute("aria-pressed", String(isLarge));
  const label = button.querySelector("[data-label]");
  [label.textContent, label.dataset.label] = [label.dataset.label, label.textContent];
  const body = new FormData(form);
  form.elements.size.value = isLarge ? "normal" : "large";
  fetch(form.action, { method: "POST", body, credentials: "same-origin" });
}, true);

/* Words of danger raise the emergency box above the field, without moving the focus. */
for (const field of document.querySelectorAll("[data-danger-words]")) {
  const words = field.dataset.dangerWords.split(/\s+/).filter(Boolean);
  const box = document.getElementById(field.dataset.dangerBox);
  const place = field.closest(".field");
  if (!box || !place) continue;
  field.addEventListener("input", () => {
    const said = field.value.toLowerCase();
    const isDanger = words.some((word) => said.includes(word));
    if (isDanger && place.previousElementSibling !== box) place.before(box);
  });
}

/* A star's word beside its group: <output data-rating-of="speed">, labels carry data-word. */
document.addEventListener("change", (event) => {
  const group = event.target.closest?.(".rating");
  const output = group?.querySelector("output");
  if (output) output.textContent = event.target.dataset.word ?? "";
});

startClocks();
startForms();
startToasts();
startPolling();
