/* A form that came back with something wrong: the first such field has the focus, and its words are in view.
   Without it a long form in a pane of its own would stand at its top, and nothing would seem to have happened. */

const FIELD = "input:not([type=hidden]):not([disabled]), select, textarea";

function fieldOf(error) {
  const box = error.closest(".field, fieldset, td") ?? error.parentElement;
  return box.querySelector(":checked:is(input)") ?? box.querySelector(FIELD);
}

/** Show what is wrong first within `scope`; answers whether anything is. */
export function showWrong(scope) {
  for (const error of scope.querySelectorAll?.(".field-error") ?? []) {
    const field = fieldOf(error);
    if (field?.form?.method !== "post" || !error.getClientRects().length) continue;
    error.id ||= `wrong-${field.id || field.name}`;
    field.setAttribute("aria-invalid", "true");
    if (!field.getAttribute("aria-describedby")?.includes(error.id)) {
      field.setAttribute("aria-describedby", [error.id, field.getAttribute("aria-describedby")].filter(Boolean).join(" "));
    }
    field.focus({ preventScroll: true });
    error.scrollIntoView({ block: "center" });
    return true;
  }
  const above = scope.querySelector?.("main .form-errors, .form-errors");
  above?.scrollIntoView({ block: "center" });
  return Boolean(above);
}

export function startWrong() {
  showWrong(document);
  document.addEventListener("htmx:load", (event) => event.target !== document.body && showWrong(event.target));
}
