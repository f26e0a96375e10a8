/* The proof of work that a busy form asks for: ALTCHA's own worker looks for the number while one still
   writes, and the answer goes along with the form. Where a browser cannot (no secure address, too old), the
   page's words stand: wait a little. */
const note = document.querySelector("[data-proof]");
const field = document.querySelector("input[data-challenge]");
const words = note?.querySelector("[data-proof-words]");
const form = field?.form;

if (form && words && window.Worker && window.crypto?.subtle) {
  const challenge = JSON.parse(field.dataset.challenge);
  const waited = words.textContent;
  const worker = new Worker(note.dataset.worker);
  let pressed = null;
  const over = (said) => {
    worker.terminate();
    words.textContent = said;
    if (!pressed) return;
    const button = pressed;
    pressed = null;
    button.removeAttribute("aria-busy");
    form.requestSubmit(button);
  };
  const hold = (event) => {
    // Pressed too early: it goes by itself as soon as the sum is done.
    event.preventDefault();
    pressed = event.submitter ?? form.querySelector(".btn-primary");
    pressed.setAttribute("aria-busy", "true");
  };
  form.addEventListener("submit", hold);
  const release = (said) => {
    form.removeEventListener("submit", hold);
    over(said);
  };
  worker.addEventListener("error", () => release(waited));
  worker.addEventListener("message", ({ data: solution }) => {
    if (!solution || solution.error) { release(waited); return; }
    field.value = btoa(JSON.stringify({ challenge, solution }));
    release(note.dataset.sayDone);
  });
  words.textContent = note.dataset.sayBusy;
  worker.postMessage({ type: "work", challenge, counterStart: 0, counterStep: 1, timeout: 90000 });
}
