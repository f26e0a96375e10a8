/* What was refused goes back into its form, words, choices and photos, to be mended and sent again. It stays in
   the list until then: nothing is lost by going away. */
import { say } from "./phrases.js";
import * as store from "./offline-store.js";
import { toast } from "./toasts.js";

const MENDS = "yw-mends"; // the key of what is on its way to the page that has its form
// What the server asks anew of every page, and what the page says by itself.
const OF_THE_PAGE = new Set(["submission", "seen_version", "seen_line", "from", "tab"]);

/** Is there more in the form than one tap? */
export const isMendable = (form) => form.querySelector("[data-submit-on-change]") === null
  && form.querySelector("textarea, select, input:not([type=hidden])") !== null;

/** The key of what stands in this form again; nothing where it was filled in here. */
export const mendedIn = (form) => form.dataset.mends ?? "";

function formOf(entry) {
  const isIts = (form) => form.dataset.offline === entry.kind
    && new URL(form.getAttribute("action") || location.href, location.href).pathname === new URL(entry.action).pathname;
  return [...document.querySelectorAll("form[data-offline]")].find(isIts);
}

/** Put it into its form: here, or on the page where it was written. */
export function mend(entry) {
  const form = formOf(entry);
  if (form) { fill(form, entry); return; }
  try { sessionStorage.setItem(MENDS, entry.key); } catch { return; }
  location.assign(entry.page === location.href ? entry.action : entry.page);
}

/** Put into its form what was sent here for that. */
export async function mendHere() {
  let entry;
  try {
    const key = sessionStorage.getItem(MENDS);
    if (!key) return;
    entry = await store.get(key);
    if (entry?.who !== document.querySelector("meta[name=person]")?.content) entry = undefined;
    const form = entry && formOf(entry);
    if (form || !entry || location.href === entry.action) sessionStorage.removeItem(MENDS);
    if (form) fill(form, entry);
    else if (entry && location.href !== entry.action) location.assign(entry.action);
    else if (entry) toast(say("offlineNoForm"), { state: "overdue" });
  } catch { /* no storage: nothing was kept that could be put back */ }
}

function fill(form, entry) {
  const sheet = form.closest("dialog");
  if (sheet && !sheet.open) sheet.showModal();
  const given = new Map();
  for (const [name, value] of entry.fields) given.set(name, [...(given.get(name) ?? []), value]);
  for (const field of form.elements) {
    if (!field.name || OF_THE_PAGE.has(field.name) || ["file", "submit", "button"].includes(field.type)) continue;
    const values = given.get(field.name) ?? [];
    if (field.type === "checkbox" || field.type === "radio") field.checked = values.includes(field.value);
    else if (field.multiple) for (const option of field.options) option.selected = values.includes(option.value);
    else if (values.length) field.value = values.shift();
    else continue;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    if (field.type !== "radio" || field.checked) field.dispatchEvent(new Event("change", { bubbles: true }));
  }
  for (const input of form.querySelectorAll("input[type=file]")) {
    const photos = entry.files.filter((one) => one.kept === (input.dataset.kept ?? "kept"));
    if (!photos.length) continue;
    const transfer = new DataTransfer();
    for (const one of photos) transfer.items.add(one.blob);
    input.files = transfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
  form.dataset.mends = entry.key;
  let line = form.querySelector("[data-mended]");
  if (!line) {
    line = document.createElement("div");
    line.className = "note mb-3";
    line.dataset.mended = "";
    line.dataset.state = "overdue";
    line.setAttribute("role", "alert");
  }
  line.textContent = say("offlineRefused", { reason: entry.words });
  const first = [...form.elements].find((field) => field.willValidate && field.offsetParent && !field.checkValidity())
    ?? form.querySelector("textarea");
  // Right above what is looked at first: a sheet is longer than a phone.
  const box = first?.closest(".field, fieldset");
  if (box) box.before(line);
  else (form.querySelector(".sheet-body, .card-body") ?? form).prepend(line);
  first?.focus({ preventScroll: true });
  line.scrollIntoView({ block: "center" });
}
