/* The item's form on the workbench: chips over its text areas, marks of what is changed, Ctrl+Enter, and a
   word before typed work is left. Without it the same form is text areas and boxes to tick. */
import { say } from "./phrases.js";

const make = (tag, className, text = "") => {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
};
const before = (box, name) => (box.dataset[name] ? JSON.parse(box.dataset[name]) : null);

/** Words in a row: those that went struck through, those that came in green. */
function wordsOf(now, was) {
  const gone = (was ?? []).filter((word) => !now.includes(word)).map((word) => make("del", "word is-removed", word));
  const here = now.map((word) => (was && !was.includes(word) ? make("ins", "word is-added", word) : make("span", "word", word)));
  return [...gone, ...here];
}

/* --- chips ------------------------------------------------------------------------------------- */

const SPLIT = { words: /[\n|、，,;；]+/, units: /[\n|、;；]+/ };

function startChips(box) {
  const area = box.querySelector("textarea[data-chips]");
  if (!area || box.classList.contains("is-ready")) return;
  const splits = area.dataset.chips ? SPLIT.units : SPLIT.words;
  const was = before(box, "before");
  const shell = make("div", "chips-box");
  const input = make("input", "");
  input.id = `${area.id}_chips`;
  input.autocomplete = "off";
  if (area.dataset.chips) input.setAttribute("list", area.dataset.chips);
  const label = document.querySelector(`label[for="${area.id}"]`);
  if (label) label.htmlFor = input.id;
  area.tabIndex = -1;
  area.setAttribute("aria-hidden", "true");
  shell.append(input);
  box.append(shell);
  box.classList.add("is-ready");

  const words = () => area.value.split(splits).map((word) => word.trim()).filter(Boolean);
  const put = (next) => {
    area.value = [...new Set(next)].join("\n");
    draw();
    area.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const draw = () => {
    for (const old of shell.querySelectorAll(".word")) old.remove();
    const now = words();
    for (const chip of wordsOf(now, was)) {
      const word = chip.textContent;
      const isGone = chip.matches(".is-removed");
      const button = make("button", "chip-drop", isGone ? "↺" : "×");
      button.type = "button";
      button.setAttribute("aria-label", say(isGone ? "putBackWord" : "dropWord", { word }));
      button.addEventListener("click", () => {
        put(isGone ? [...now, word] : now.filter((other) => other !== word));
        input.focus();
      });
      chip.append(button);
      input.before(chip);
    }
    input.placeholder = now.length ? "" : (box.dataset.nothing ?? "");
  };
  const take = () => {
    const typed = input.value.split(splits).map((word) => word.trim()).filter(Boolean);
    input.value = "";
    if (typed.length) put([...words(), ...typed]);
  };
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault(); // a word is taken, the form is not sent
      take();
    } else if (event.key === "Backspace" && !input.value && words().length) put(words().slice(0, -1));
  });
  input.addEventListener("input", (event) => {
    if (event.isComposing) return;
    // Chosen from the list, or several typed or pasted at once.
    if (splits.test(input.value) || event.inputType === "insertReplacementText" || isOffered(input)) take();
  });
  input.addEventListener("change", (event) => { event.stopPropagation(); take(); });
  shell.addEventListener("click", (event) => { if (event.target === shell) input.focus(); });
  draw();
}

/** A whole name from the list that is not also the beginning of another one. */
function isOffered(input) {
  const options = input.list ? [...input.list.options].map((option) => option.value) : [];
  return options.includes(input.value) && !options.some((other) => other !== input.value && other.startsWith(input.value));
}

/* --- boxes to tick ------------------------------------------------------------------------------ */

function showPicked(box) {
  const summary = box.querySelector("summary");
  const chosen = [...box.querySelectorAll("input:checked")].map((input) => input.closest(".pick-list > label, .pick-list label").textContent.trim());
  const words = wordsOf(chosen, before(box, "picksWords"));
  summary.replaceChildren(...(words.length ? words : [make("span", "muted", box.dataset.nothing ?? "—")]));
}

/* --- the form ----------------------------------------------------------------------------------- */

let isDirty = false;

function startForm(scope) {
  for (const box of scope.querySelectorAll?.("[data-chips-box]") ?? []) startChips(box);
  const row = document.querySelector("#list-rows [aria-current=true]");
  row?.scrollIntoView({ block: "nearest" });
}

const mayLeave = () => !isDirty || window.confirm(say("unsaved"));

function markOpened(code) {
  for (const row of document.querySelectorAll("#list-rows [data-row]")) {
    const isOpened = row.dataset.row === code;
    row.classList.toggle("is-current", isOpened);
    if (isOpened) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

export function startItems() {
  const desk = document.querySelector("[data-list]");
  if (!desk) return;
  startForm(document);
  // A form that came back with its faults holds work that is not saved.
  isDirty = Boolean(desk.querySelector("[data-unsaved] .field-error, [data-unsaved] .form-errors"));
  document.addEventListener("input", (event) => { if (event.target.closest("[data-unsaved]")) isDirty = true; });
  document.addEventListener("change", (event) => {
    if (event.target.closest("[data-unsaved]")) isDirty = true;
    const box = event.target.closest(".pick-box");
    if (box) showPicked(box);
  });
  document.addEventListener("submit", (event) => { if (event.target.matches("[data-unsaved]") && !event.defaultPrevented) isDirty = false; });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target?.id !== "list-work") return;
    if (!mayLeave()) event.preventDefault();
    else isDirty = false;
  });
  window.addEventListener("beforeunload", (event) => { if (isDirty) event.preventDefault(); });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "list-work") return;
    isDirty = false;
    startForm(event.target);
    markOpened(event.target.dataset.code);
    desk.classList.add("has-case");
    // On a phone the item takes the place of the list.
    if (window.matchMedia("(max-width: 767.98px)").matches) window.scrollTo(0, 0);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    const save = document.querySelector("[data-item-form] [data-save]");
    if (!save) return;
    event.preventDefault();
    // A word still being typed is part of what is saved.
    document.activeElement?.blur();
    save.click();
  });
}
