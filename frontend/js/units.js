/* Choosing units from a long list: words find them, and what is chosen is said. Without scripts the groups
   open and close by themselves. [data-unit-picker] holds [data-unit-search], [data-unit-chosen], details. */
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

export function startUnits() {
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
