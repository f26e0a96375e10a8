/* Lines at the foot that say what happened; one may carry a link back (undo). */
import { say } from "./phrases.js";

const LASTS_MS = 8000;
// A step back is offered as long as any other line, and taken for two minutes: its key outlasts the line.
const KEY_LASTS_MS = 112000;

function box() {
  let element = document.getElementById("toasts");
  if (!element) {
    element = document.createElement("div");
    element.id = "toasts";
    element.className = "toasts";
    element.setAttribute("role", "status");
    document.body.append(element);
  }
  return element;
}

function arm(line) {
  const close = line.querySelector("[data-toast-close]");
  // A step back whose line is closed keeps its key: else U would take back the step before it.
  close?.addEventListener("click", () => (line.querySelector(".toast-undo") ? end() : line.remove()));
  if (line.dataset.state === "overdue") return; // an error stays until it is read
  function end() {
    if (!line.querySelector(".toast-undo")) { line.remove(); return; }
    line.hidden = true;
    line.dataset.keyStays = "";
    setTimeout(() => line.remove(), KEY_LASTS_MS);
  }
  let timer = setTimeout(end, LASTS_MS);
  line.addEventListener("pointerenter", () => clearTimeout(timer));
  line.addEventListener("focusin", () => clearTimeout(timer));
  line.addEventListener("focusout", () => { timer = setTimeout(end, LASTS_MS / 2); });
  line.addEventListener("pointerleave", () => { timer = setTimeout(end, LASTS_MS / 2); });
}

/** Say `text`; `state` is "on", "overdue" (stays) or nothing. */
export function toast(text, { state = "", href = "", action = "" } = {}) {
  const line = document.createElement("div");
  line.className = "toast-line";
  if (state) line.dataset.state = state;
  const words = document.createElement("span");
  words.textContent = text;
  line.append(words);
  if (href) {
    const link = document.createElement("a");
    link.href = href;
    link.textContent = action;
    line.append(link);
  }
  const close = document.createElement("button");
  close.type = "button";
  close.className = "toast-close";
  close.dataset.toastClose = "";
  close.textContent = "×";
  close.setAttribute("aria-label", say("close"));
  line.append(close);
  box().append(line);
  arm(line);
}

const LEFT = "yw-toasts";

/** Say it once the page has loaded anew. */
export function toastAfterLoad(...line) {
  try {
    sessionStorage.setItem(LEFT, JSON.stringify([...JSON.parse(sessionStorage.getItem(LEFT) ?? "[]"), line]));
  } catch { /* no storage: the page itself shows what has become of it */ }
}

function left() {
  try {
    const lines = JSON.parse(sessionStorage.getItem(LEFT) ?? "[]");
    sessionStorage.removeItem(LEFT);
    return lines;
  } catch {
    return [];
  }
}

export function startToasts() {
  for (const line of left()) toast(...line);
  for (const line of document.querySelectorAll(".toast-line")) arm(line);
  document.addEventListener("htmx:load", (event) => {
    const arrived = event.target.matches?.(".toast-line") ? [event.target] : [...(event.target.querySelectorAll?.(".toast-line") ?? [])];
    for (const line of arrived) {
      box().append(line);
      arm(line);
    }
  });
  document.addEventListener("htmx:sendError", () => toast(say("noAnswer"), { state: "overdue" }));
  document.addEventListener("htmx:responseError", (event) => {
    if (!event.detail.xhr.responseText) toast(say("refused", { status: event.detail.xhr.status }), { state: "overdue" });
  });
}
