/* The desk: the row that is open stays marked, the chosen unit stands on the button, the key goes home;
   cases are selected and done together, a slip is taken back, and others hear which case is being read. */

const byId = (id) => document.getElementById(id);
const HERE_MS = 15000;

function markOpened() {
  const opened = byId("desk-work")?.dataset.number;
  for (const row of document.querySelectorAll("#desk-queue [data-row]")) {
    const isOpened = row.dataset.row === opened;
    row.classList.toggle("is-current", isOpened);
    if (isOpened) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

/** The row that is open comes into sight, when it was a person who opened it. */
function showOpened() {
  document.querySelector("#desk-queue [data-row].is-current")?.scrollIntoView({ block: "nearest" });
}

/** The number in the bar above is the queue's own. */
function countWaiting() {
  const waiting = document.querySelector("[data-waiting]")?.dataset.waiting;
  const count = document.querySelector(".topnav a[aria-current] .count");
  if (count && waiting !== undefined && count.textContent !== waiting) count.textContent = waiting;
}

/** The button says where the case goes; the one beside it what was suggested, where that is another unit. */
function nameChosen() {
  const chosen = document.querySelector("input[name=choice]:checked");
  const name = document.querySelector("[data-send-name]");
  if (!name) return;
  name.hidden = !chosen;
  name.textContent = chosen?.dataset.unit ?? "";
  const suggested = byId("desk-suggested-button"), send = byId("desk-send-button");
  if (!suggested || !send) return;
  suggested.hidden = chosen?.value === suggested.value;
  // While both are the same, D presses the one that is there.
  send.dataset.key = suggested.hidden ? "Enter,d" : "Enter";
}

function showOutcome(form) {
  const chosen = form.querySelector("[data-outcome]:checked")?.value;
  for (const box of form.querySelectorAll("[data-for-outcome]")) {
    box.hidden = box.dataset.forOutcome !== chosen;
    // Asked for before it is sent, or kept for later: the server's word comes too late for that.
    for (const field of box.querySelectorAll("[data-needed]")) field.required = !box.hidden;
  }
}

/* Selecting: X on the row that is open, Shift with J, K or a click for a stretch. */
const picks = () => [...document.querySelectorAll("#desk-queue .queue-pick input")];
const pickOf = (row) => row?.closest("li")?.querySelector(".queue-pick input");
let pickedLast = null;

function showPicked() {
  const bar = document.querySelector("[data-bulk]");
  if (!bar) return;
  const count = picks().filter((box) => box.checked).length;
  bar.classList.toggle("is-on", count > 0);
  byId("desk-queue").classList.toggle("is-picking", count > 0);
  bar.querySelector("[data-bulk-count]").textContent = count;
}

function startPicking() {
  const current = () => document.querySelector("#desk-queue [data-row].is-current, #desk-queue [data-row][aria-current=true]");
  const tick = (box, isOn) => {
    if (!box) return;
    box.checked = isOn;
    pickedLast = box.value;
    showPicked();
  };
  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
    if (target.closest("textarea, select, [contenteditable], input:not([type=checkbox]):not([type=radio])")) return;
    const key = event.key.toLowerCase();
    if (key === "x" && !event.shiftKey) {
      const box = pickOf(current());
      if (box) { event.preventDefault(); tick(box, !box.checked); }
    } else if (event.shiftKey && (key === "j" || key === "k")) {
      tick(pickOf(current()), true);
      setTimeout(() => tick(pickOf(current()), true));
    }
  }, true);
  document.addEventListener("click", (event) => {
    const box = event.target.closest(".queue-pick input");
    if (!box) return;
    const all = picks(), from = all.findIndex((other) => other.value === pickedLast), to = all.indexOf(box);
    if (event.shiftKey && from >= 0) for (const other of all.slice(Math.min(from, to), Math.max(from, to) + 1)) other.checked = box.checked;
    pickedLast = box.value;
    showPicked();
  });
  document.addEventListener("reset", () => setTimeout(showPicked));
}

/* What would be done to several cases is looked at in a sheet first. */
function startReview() {
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "desk-review") return;
    const sheet = event.target.querySelector("dialog");
    if (!sheet) return;
    sheet.removeAttribute("open");
    sheet.showModal();
    sheet.querySelector("textarea, [autofocus]")?.focus();
  });
}

/* Only the last step has the key: pressing it twice takes two steps back. */
function keyToLastUndo() {
  const steps = [...document.querySelectorAll("#toasts .toast-undo button")];
  steps.forEach((step, index) => {
    if (index === steps.length - 1) step.dataset.key = "u";
    else delete step.dataset.key;
  });
}

function startUndo() {
  new MutationObserver(keyToLastUndo).observe(document.body, { childList: true, subtree: true });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.matches?.(".toast-undo")) event.target.closest(".toast-line").remove();
  });
}

/* Others are not offered the case that is read here. */
function startPresence(desk) {
  const tell = (url, more = {}) => fetch(url, {
    method: "POST",
    headers: { "X-CSRFToken": document.querySelector("meta[name=csrf-token]")?.content ?? "" },
    credentials: "same-origin",
    ...more,
  }).catch(() => { /* the poll beside it says that the line is dead */ });
  const here = () => {
    const url = byId("desk-work")?.dataset.here;
    if (url && !document.hidden) tell(url);
  };
  here();
  setInterval(here, HERE_MS);
  document.addEventListener("htmx:afterSettle", (event) => event.target.id === "desk-work" && here());
  window.addEventListener("pagehide", () => {
    const url = byId("desk-work")?.dataset.gone;
    if (url) tell(url, { keepalive: true });
  });
}

/* The case stays in its pane: J and K go through the queue, these through the case. */
const TURNS = { PageDown: 1, " ": 1, PageUp: -1 };

function startReading() {
  document.addEventListener("keydown", (event) => {
    const way = TURNS[event.key];
    if (!way || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]") || event.target.closest?.("input, textarea, select, a, button, summary")) return;
    const pane = document.querySelector("#desk-work .pane-main > .pane-scroll");
    // On a narrow screen the page itself scrolls, and knows these keys.
    if (!pane || pane.scrollHeight <= pane.clientHeight) return;
    event.preventDefault();
    pane.scrollBy({ top: (event.shiftKey ? -way : way) * pane.clientHeight * 0.8 });
  });
}

export function startDesk() {
  for (const form of document.querySelectorAll("form")) if (form.querySelector("[data-outcome]")) showOutcome(form);
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-outcome]")) showOutcome(event.target.form);
    if (event.target.matches("input[name=choice]")) nameChosen();
    // Naming a unit for an item is choosing that item.
    const picks = event.target.dataset?.picks && byId(event.target.dataset.picks);
    if (picks && event.target.value) {
      picks.checked = true;
      picks.dataset.unit = event.target.selectedOptions[0].textContent;
      nameChosen();
    }
  });
  const desk = document.querySelector("[data-desk]");
  if (!desk) return;
  nameChosen();
  startPicking();
  startReview();
  startUndo();
  startPresence(desk);
  startReading();
  showPicked();
  document.addEventListener("yw:swapped", (event) => {
    if (event.target.id !== "desk-queue") return;
    markOpened();
    countWaiting();
    showPicked();
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id === "desk-options") {
      // What was found stands below the field, which may be at the foot of the pane. Only what was found:
      // a case that comes in brings an empty list with it, and is read from its top.
      document.querySelector(".candidate-search")?.scrollIntoView({ block: "nearest" });
    }
    if (event.target.id === "desk-queue") showPicked();
    if (event.target.id !== "desk-work") { nameChosen(); return; }
    // A sheet that led here is done with.
    for (const sheet of document.querySelectorAll("#desk-review dialog[open]")) sheet.close();
    byId("desk-review").replaceChildren();
    markOpened();
    showOpened();
    countWaiting();
    nameChosen();
    showPicked();
    desk.classList.toggle("has-case", Boolean(event.target.dataset.number));
    // The queue's link and the form are gone or done with: Enter belongs to the decision again.
    if (!document.activeElement.matches("textarea, select, input[type=search]")) document.activeElement.blur();
    // What was wrong in a sheet is said in it, and it is there again as it was filled in.
    const wrong = event.target.querySelector("dialog[data-opens]");
    if (wrong) { wrong.showModal(); wrong.querySelector("[aria-invalid], textarea, select")?.focus(); }
  });
  // Hands that have just typed a reason need not look for the button.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    const form = event.target.closest?.("dialog[open] form");
    if (form) { event.preventDefault(); form.requestSubmit(); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "desk-search-words" || event.isComposing) return;
    const first = document.querySelector("#desk-options input[type=radio]");
    if (!first || (event.key !== "Enter" && event.key !== "ArrowDown")) return;
    event.preventDefault();
    event.stopPropagation();
    first.checked = true;
    first.dispatchEvent(new Event("change", { bubbles: true }));
    first.focus();
  }, true);
}
