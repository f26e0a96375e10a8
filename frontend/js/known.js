/* A known answer goes into the answer's form: the words where the cursor is, the article beside them. */

function fill(link) {
  const hidden = [...document.querySelectorAll("input[name=article]")].find((one) => one.form?.elements.text);
  if (!hidden) return false;
  const box = hidden.form.elements.text, words = link.dataset.knownAnswer;
  const typed = box.value.trim();
  if (!typed) box.value = words;
  else if (!box.value.includes(words)) box.value = `${box.value.replace(/\s+$/, "")}\n${words}`;
  hidden.value = link.dataset.known;
  const used = hidden.form.querySelector("[data-known-used]");
  if (used) used.hidden = false;
  const sheet = hidden.closest("dialog");
  if (sheet && !sheet.open) sheet.showModal();
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.focus();
  box.setSelectionRange(box.value.length, box.value.length);
  box.scrollIntoView({ block: "nearest" });
  return true;
}

export function startKnown() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-known]");
    if (link && fill(link)) event.preventDefault();
  });
}
