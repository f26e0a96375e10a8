/* What a resident's page does beyond its links and forms; all of it can be missing. */
import { startClocks } from "./js/clocks.js";
import { draftedAt } from "./js/drafts.js";
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

/* Words of earlier that are still here: said with their time, and "start anew" beside it. */
document.addEventListener("yw:draft-restored", (event) => {
  const field = event.target;
  const note = document.querySelector(`[data-draft-note="${field.id}"]`);
  const at = draftedAt(field.dataset.draft);
  if (!note) return;
  const options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  if (at && at.toDateString() !== new Date().toDateString()) Object.assign(options, { month: "numeric", day: "numeric" });
  const time = at ? new Intl.DateTimeFormat(document.documentElement.lang, options).format(at) : "";
  note.hidden = false;
  note.querySelector("[data-words]").textContent = time ? note.dataset.say.replace("{time}", time) : note.dataset.sayUndated;
  note.querySelector("[data-draft-anew]").addEventListener("click", () => {
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    note.hidden = true;
    field.focus();
  });
});

startClocks();
startForms();
startToasts();
startPolling();
