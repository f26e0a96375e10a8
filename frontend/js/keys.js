/* Keys for lists and desks. data-key="m" on a link or button presses it; several names: data-key="Enter,a".
   A [data-keys] list moves its current [data-row] with J and K and opens it with Enter. "?" lists what
   the page can do, from the labels of the elements themselves. Typing in a field is never a command. */
import { say } from "./phrases.js";

const isTyping = (target) => target.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
const isShown = (element) => element.getClientRects().length > 0 && !element.disabled && element.getAttribute("aria-disabled") !== "true";

function pressable(key) {
  const scope = document.querySelector("dialog[open]") ?? document;
  return [...scope.querySelectorAll("[data-key]")].find(
    (element) => element.dataset.key.split(",").includes(key) && (isShown(element) || element.closest("[data-key-stays]")),
  );
}

function move(list, step) {
  const rows = [...list.querySelectorAll("[data-row]")].filter(isShown);
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.matches(".is-current, [aria-current=true]"));
  const row = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, at + step))];
  choose(list, row);
  row.scrollIntoView({ block: "nearest" });
  const link = row.matches("a, button") ? row : row.querySelector("a[href], button");
  if (list.dataset.keys === "open") link?.click();
  else link?.focus({ preventScroll: true });
}

/** One row is current: for the eye by its class, for a screen reader where rows say so themselves. */
function choose(list, row) {
  const isSaid = list.querySelector("[data-row][aria-current]");
  for (const other of list.querySelectorAll("[data-row]")) {
    other.classList.toggle("is-current", other === row);
    if (isSaid && other !== row) other.removeAttribute("aria-current");
  }
  if (isSaid) row.setAttribute("aria-current", "true");
}

function openCurrent(list) {
  const row = list.querySelector("[data-row].is-current, [data-row][aria-current=true]");
  const link = row?.matches("a, button") ? row : row?.querySelector("a[href], button");
  link?.click();
  return Boolean(link);
}

function labelOf(element) {
  const said = element.dataset.keyLabel ?? element.getAttribute("aria-label");
  if (said) return said;
  const words = (element.querySelector(".candidate-title") ?? element).cloneNode(true);
  for (const cap of words.querySelectorAll("kbd")) cap.remove();
  return words.textContent.trim().replace(/\s+/g, " ");
}

const CAPS = { Escape: "Esc", " ": "Space" };

function sheet() {
  const groups = new Map();
  const add = (group, label, keys) => groups.set(group, [...(groups.get(group) ?? []), [label, keys]]);
  for (const element of document.querySelectorAll("[data-key]")) {
    if (isShown(element)) add(element.dataset.keyGroup ?? say("keysHere"), labelOf(element), element.dataset.key.split(","));
  }
  // Keys that no button stands for, where no element that is shown says the same.
  for (const line of document.querySelectorAll("[data-keys-told] > li")) {
    const label = line.textContent.trim();
    if (![...groups.values()].flat().some(([known]) => known === label)) add(line.dataset.group, label, line.dataset.keys.split(","));
  }
  if (document.querySelector("[data-keys]")) {
    add(say("keysMove"), say("keysNext"), ["J"]);
    add(say("keysMove"), say("keysPrevious"), ["K"]);
  }
  add(say("keysMove"), say("keysHelp"), ["?"]);
  const dialog = document.createElement("dialog");
  dialog.className = "sheet sheet-wide";
  const make = (tag, className, ...children) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    node.append(...children);
    return node;
  };
  const close = make("button", "btn btn-sm push", say("close"), make("kbd", "", "Esc"));
  close.addEventListener("click", () => dialog.close());
  const columns = make("div", "keys-sheet");
  for (const [group, lines] of groups) {
    const list = make("dl", "");
    for (const [label, keys] of lines) {
      const caps = keys.map((key) => make("kbd", "", key.length === 1 ? key.toUpperCase() : CAPS[key] ?? key));
      list.append(make("div", "", make("dt", "", label), make("dd", "", ...caps)));
    }
    columns.append(make("section", "", make("h3", "", group), list));
  }
  dialog.append(make("div", "sheet-head", make("h2", "", say("keys")), close), make("div", "sheet-body", columns));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

export function startKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isTyping(event.target)) {
      if (event.key === "Escape" && !event.target.closest("dialog")) event.target.blur();
      return;
    }
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const onControl = event.target.closest?.("a, button, summary, input");
    if (key === "?") { event.preventDefault(); if (!document.querySelector("dialog[open]")) sheet(); return; }
    // Enter and Space on a focused control belong to that control.
    if ((key === "Enter" || key === " ") && onControl) return;
    const target = pressable(event.key) ?? pressable(key);
    if (target) {
      event.preventDefault();
      if (target.matches("input, textarea, select")) { target.focus(); target.select?.(); } else target.click();
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    const list = document.querySelector("[data-keys]");
    if (!list) return;
    if (key === "j" || key === "k") { event.preventDefault(); move(list, key === "j" ? 1 : -1); }
    else if (key === "Enter" && openCurrent(list)) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys-help]")) sheet();
    const row = event.target.closest("[data-keys] [data-row]");
    if (row && !event.target.closest("input, label")) choose(row.closest("[data-keys]"), row);
  });
}
