/* The desk: the row that is open stays marked, the chosen unit stands on the button, the key goes home. */

const byId = (id) => document.getElementById(id);

function markOpened() {
  const opened = byId("desk-work")?.dataset.number;
  for (const row of document.querySelectorAll("#desk-queue [data-row]")) {
    const isOpened = row.dataset.row === opened;
    row.classList.toggle("is-current", isOpened);
    if (isOpened) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
    if (isOpened) row.scrollIntoView({ block: "nearest" });
  }
}

/** The number in the bar above is the queue's own. */
function countWaiting() {
  const waiting = document.querySelector("[data-waiting]")?.dataset.waiting;
  const count = document.querySelector(".topnav a[aria-current] .count");
  if (count && waiting !== undefined && count.textContent !== waiting) count.textContent = waiting;
}

/** The button says where the case goes; without a script it only says that it goes. */
function nameChosen() {
  const chosen = document.querySelector("input[name=choice]:checked");
  const name = document.querySelector("[data-send-name]");
  if (!name) return;
  name.hidden = !chosen;
  name.textContent = chosen?.dataset.unit ?? "";
}

function showOutcome(form) {
  const chosen = form.querySelector("[data-outcome]:checked")?.value;
  for (const box of form.querySelectorAll("[data-for-outcome]")) box.hidden = box.dataset.forOutcome !== chosen;
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
  document.addEventListener("yw:swapped", (event) => {
    if (event.target.id !== "desk-queue") return;
    markOpened();
    countWaiting();
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id === "desk-options" || event.target.querySelector?.("#desk-options")) {
      // What was found stands below the field, which may be at the foot of the pane.
      document.querySelector(".candidate-search")?.scrollIntoView({ block: "nearest" });
    }
    if (event.target.id !== "desk-work") { nameChosen(); return; }
    markOpened();
    countWaiting();
    nameChosen();
    desk.classList.toggle("has-case", Boolean(event.target.dataset.number));
    // The queue's link and the form are gone or done with: Enter belongs to the decision again.
    if (!document.activeElement.matches("textarea, select, input[type=search]")) document.activeElement.blur();
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
