/* Choosing units from a long list: words find them, and what is chosen is said. Without scripts the groups
   open and close by themselves. [data-unit-picker] holds [data-unit-search], [data-unit-chosen], details.
   [data-unit-select] is a select of one of them, with the same search before it. */
function chosen(picker) {
  const names = [...picker.querySelectorAll("input[name=units]:checked")].map(
    (box) => box.closest("label").textContent.trim(),
  );
  const line = picker.querySelector("[data-unit-chosen]");
  if (line) line.textContent = names.length > 6 ? `${names.slice(0, 6).join("、")} … ${names.length}` : names.join("、");
}

function find(picker, words) {
  const wanted = words.trim().toLowerCase();
  let any = false;
  for (const group of picker.querySelectorAll("details")) {
    const title = group.querySelector("summary").textContent.toLowerCase();
    let found = 0;
    for (const line of group.querySelectorAll("label")) {
      const fits = !wanted || title.includes(wanted) || line.textContent.toLowerCase().includes(wanted);
      line.hidden = !fits;
      if (fits) found += 1;
    }
    group.hidden = found === 0;
    if (wanted) group.open = found > 0;
    else group.open = group.querySelector("input:checked") !== null;
    any = any || found > 0;
  }
  const none = picker.querySelector("[data-unit-none]");
  if (none) none.hidden = any;
}

/** Only the options that have the words stay, with the empty one and what is chosen; one alone is chosen. */
function narrow(holder, select, options, words) {
  const wanted = words.trim().toLowerCase();
  const [first, ...units] = options;
  const fits = units.filter((one) => !wanted || one.text.toLowerCase().includes(wanted) || one.value.includes(wanted));
  const chosen = wanted && fits.length === 1 ? fits[0].value : select.value;
  select.replaceChildren(first, ...units.filter((one) => fits.includes(one) || one.value === chosen));
  select.value = chosen;
  const none = holder.querySelector("[data-unit-none]");
  none.textContent = wanted && fits.length === 0 ? none.dataset.words : "";
}

function startSelects() {
  for (const holder of document.querySelectorAll("[data-unit-select]:not([data-started])")) {
    holder.dataset.started = "";
    const search = holder.querySelector("[data-unit-search]");
    const [field, select] = [search.querySelector("input"), holder.querySelector("select")];
    const options = [...select.options];
    search.hidden = false;
    field.addEventListener("input", () => {
      const before = select.value;
      narrow(holder, select, options, field.value);
      if (select.value !== before) select.dispatchEvent(new Event("change", { bubbles: true }));
    });
    // Enter in the search sends no form: it goes on to what was found.
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      select.focus();
    });
  }
}

export function startUnits() {
  startSelects();
  document.addEventListener("htmx:load", startSelects);
  document.addEventListener("yw:swapped", startSelects);
  for (const picker of document.querySelectorAll("[data-unit-picker]")) {
    const search = picker.querySelector("[data-unit-search]");
    const field = search?.querySelector("input");
    if (!field) continue;
    search.hidden = false;
    chosen(picker);
    field.addEventListener("input", () => find(picker, field.value));
    // Enter in the search sends no form: it ticks what alone is left.
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      const left = [...picker.querySelectorAll("details:not([hidden]) label:not([hidden]) input")];
      if (left.length === 1) left[0].click();
    });
    picker.addEventListener("change", () => chosen(picker));
  }
}
