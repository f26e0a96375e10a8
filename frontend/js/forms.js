/* Forms: sent once, drafts kept on this device, photos seen and weighed before they travel. */
import { forgetOthers, keepDraft, readDraft } from "./drafts.js";
import { toast } from "./toasts.js";
import { say } from "./phrases.js";

const GIVE_UP_MS = 15000;

function release() {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  }
}

function startDoubleSubmitGuard() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method === "get" || form.dataset.repeatable !== undefined) return;
    if (form.dataset.sent !== undefined) { event.preventDefault(); return; }
    const warning = event.submitter?.dataset.confirm ?? form.dataset.confirm;
    if (warning && !window.confirm(warning)) { event.preventDefault(); return; }
    form.dataset.sent = "";
    const button = event.submitter ?? form.querySelector("[type=submit]");
    // Not `disabled`: a disabled submitter would not send its own name and value.
    button?.setAttribute("aria-busy", "true");
    // An answer that leaves the page standing (a download, a dead line) must not lock the form for good.
    setTimeout(release, GIVE_UP_MS);
  });
  window.addEventListener("pageshow", (event) => event.persisted && release());
  document.addEventListener("htmx:afterRequest", release);
}

function startDrafts() {
  const remember = (field) => {
    if (field.type === "checkbox") return; // what somebody confirms, they confirm each time
    keepDraft(field.dataset.draft, field.value);
  };
  const choose = (radio) => {
    if (radio.checked || readDraft(radio.dataset.draft) !== radio.value) return;
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const restore = (scope) => {
    for (const field of scope.querySelectorAll?.("[data-draft]") ?? []) {
      if (field.type === "radio") { choose(field); continue; }
      if (field.value || field.type === "checkbox") continue;
      field.value = readDraft(field.dataset.draft);
      if (!field.value) continue;
      field.dispatchEvent(new CustomEvent("yw:draft-restored", { bubbles: true }));
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  };
  forgetOthers();
  // A page that says what was sent names the drafts that may go: data-draft-done="report note-12".
  for (const done of document.querySelectorAll("[data-draft-done]")) {
    for (const name of done.dataset.draftDone.split(" ")) keepDraft(name, "");
  }
  restore(document);
  document.addEventListener("input", (event) => event.target.dataset?.draft && remember(event.target));
  document.addEventListener("htmx:load", (event) => restore(event.target));
}

function startCounters() {
  const show = (field) => {
    const counter = document.getElementById(field.dataset.counter);
    if (counter) counter.textContent = `${field.value.length} / ${field.maxLength > 0 ? field.maxLength : "∞"}`;
  };
  for (const field of document.querySelectorAll("[data-counter]")) show(field);
  document.addEventListener("input", (event) => event.target.dataset?.counter && show(event.target));
}

/* <div data-photos data-max-files="4" data-max-bytes="10485760"> with an <input type="file" multiple>. */
function startPhotos() {
  // One that the server would not have goes, and the line below says why.
  document.addEventListener("yw:photo-refused", (event) => {
    const box = event.target, { file, words } = event.detail;
    box.chosen = (box.chosen ?? []).filter((other) => other !== file);
    show(box, box.querySelector("input[type=file]"), [words]);
  });
  document.addEventListener("change", (event) => {
    const input = event.target;
    const box = input.closest?.("[data-photos]");
    if (!box || input.type !== "file") return;
    const limit = Number(box.dataset.maxBytes ?? 10 * 1024 * 1024), most = Number(box.dataset.maxFiles ?? 6);
    const kept = box.chosen ?? [];
    const problems = [];
    for (const file of input.files) {
      if (/\.hei[cf]$/i.test(file.name) || /hei[cf]/.test(file.type)) problems.push(say("photoHeic", { name: file.name }));
      else if (!file.type.startsWith("image/")) problems.push(say("notPhoto", { name: file.name }));
      else if (file.size > limit) problems.push(say("photoTooLarge", { name: file.name, size: Math.floor(limit / 1048576) }));
      else if (kept.length >= most) { problems.push(say("photosTooMany", { count: most })); break; }
      else if (!kept.some((other) => other.name === file.name && other.size === file.size && other.lastModified === file.lastModified)) kept.push(file);
    }
    box.chosen = kept;
    show(box, input, problems);
  });
}

function show(box, input, problems = []) {
  const transfer = new DataTransfer();
  for (const file of box.chosen) transfer.items.add(file);
  input.files = transfer.files;
  for (const old of box.querySelectorAll("[data-photo-preview]")) {
    URL.revokeObjectURL(old.querySelector("img").src);
    old.remove();
  }
  const add = box.querySelector(".photo-add");
  for (const file of box.chosen) {
    const figure = document.createElement("figure");
    figure.className = "photo";
    figure.dataset.photoPreview = "";
    const image = new Image();
    image.src = URL.createObjectURL(file);
    image.alt = file.name;
    const drop = document.createElement("button");
    drop.type = "button";
    drop.className = "photo-drop";
    drop.textContent = "×";
    drop.setAttribute("aria-label", say("removePhoto", { name: file.name }));
    drop.addEventListener("click", () => {
      box.chosen = box.chosen.filter((other) => other !== file);
      show(box, input);
    });
    figure.append(image, drop);
    add.before(figure);
  }
  const most = Number(box.dataset.maxFiles ?? 6);
  add.hidden = box.chosen.length >= most;
  let line = box.parentElement.querySelector(".photo-error");
  if (!line) {
    line = document.createElement("p");
    line.className = "photo-error";
    line.setAttribute("role", "alert");
    box.after(line);
  }
  line.textContent = problems.join(" ");
  line.hidden = !problems.length;
  // Forms may wait for photos: data-needs-photos names the button that stays disabled without any.
  const waiting = box.dataset.enables && document.getElementById(box.dataset.enables);
  if (waiting) waiting.disabled = !box.chosen.length;
}

function startCopy() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      // No clipboard over plain http: select a throw-away field the old way.
      const field = document.createElement("textarea");
      field.value = button.dataset.copy;
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    toast(say("copied"), { state: "on" });
  });
}

/* Demo sign-ins fill the form: <button data-fill-username data-fill-password>. */
function startFilling() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-fill]");
    if (!button) return;
    const form = document.querySelector(button.dataset.fill);
    form.elements.username.value = button.dataset.username;
    form.elements.password.value = button.dataset.password;
    form.requestSubmit();
  });
}

/* Filters: sent as they are chosen, and what is not chosen stays out of the address ([data-tidy]). */
function startFilters() {
  document.addEventListener("change", (event) => {
    if (event.target.closest("[data-submit-on-change]")) event.target.form.requestSubmit();
  });
  document.addEventListener("formdata", (event) => {
    if (!event.target.matches("form[data-tidy]")) return;
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  });
  // Back: the page is an earlier answer's, but the browser fills in what was chosen last. Numbers of the
  // district under the name of a street would be believed.
  window.addEventListener("pageshow", (event) => {
    const isBack = event.persisted || performance.getEntriesByType("navigation")[0]?.type === "back_forward";
    if (!isBack) return;
    for (const form of document.querySelectorAll("form[data-submit-on-change]")) if (form.method === "get") form.reset();
  });
}

export function startForms() {
  startDoubleSubmitGuard();
  startDrafts();
  startCounters();
  startPhotos();
  startCopy();
  startFilling();
  startFilters();
}
