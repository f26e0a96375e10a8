/* Forms that outlast a dead line.

   <form method="post" action="…" data-offline="verify" …>{% csrf_token %}{% submission %} … </form>
     data-offline           what kind of thing it is; any word
     data-offline-title     how the list calls it ("路灯坏了"); else the page's title
     data-offline-subject   what must arrive in the order it was written (a case's number); else nothing
     data-offline-next      where to go once it is kept, if that page can be had without a line; else stay
   The view is wrapped in `once` (incidents/pages/submissions.py), which says what the server does.

   On submit the form is first kept in IndexedDB, with its photos as they were taken, then sent: photos ahead,
   one by one, each once; then the form, with `kept=<id>` for each (data-kept on the file input names another
   field). With a line nobody notices: the page goes where the view redirects, or shows the view's page where
   something was refused. Without one it says so, stays in the list of what waits and goes out by itself: when
   the line is back, on the next page, or every half minute. What the server refuses then stays in the list
   with the reason, to be put back into its form and mended, tried again or removed; what came after it does not
   wait for it. The key goes along, so nothing is done twice.

   The list stands where [data-offline-list] is, else on top of <main>, and is not there while nothing waits.
   document hears `yw:offline` with { waiting } whenever it changes. <meta name="person"> says whose it is. */
import { keepDraft } from "./drafts.js";
import { say } from "./phrases.js";
import { isMendable, mend, mendedIn, mendHere } from "./offline-mending.js";
import { DONE, LATER, REFUSED, SIGN_IN, reasons, send } from "./offline-sending.js";
import * as store from "./offline-store.js";
import { toast, toastAfterLoad } from "./toasts.js";
import { showWrong } from "./wrong.js";

const LOOK_EVERY_MS = 15000;
const FIRST_WAIT_MS = 5000, LONGEST_WAIT_MS = 5 * 60 * 1000;

const who = () => document.querySelector("meta[name=person]")?.content ?? "";
let flushing = null;
const inHand = new Set(); // keys that this page is sending with somebody waiting for the answer

function gather(form, submitter) {
  const data = new FormData(form);
  if (submitter?.name) data.append(submitter.name, submitter.value);
  const entry = {
    key: data.get("submission") || store.newKey(),
    who: who(),
    kind: form.dataset.offline,
    title: (form.dataset.offlineTitle || data.get("text") || document.title).slice(0, 80),
    subject: form.dataset.offlineSubject ?? "",
    // Not form.action: a field of that name would stand in front of it.
    action: new URL(form.getAttribute("action") || location.href, location.href).href,
    page: location.href,
    mendable: isMendable(form),
    savedAt: Date.now(),
    fields: [],
    files: [],
    state: "waiting",
    words: "",
    tries: 0,
    nextAt: 0,
  };
  for (const [name, value] of data) {
    if (name === "csrfmiddlewaretoken") continue; // the token of the day it is sent counts
    if (!(value instanceof File)) entry.fields.push([name, value]);
    else if (value.size) {
      const kept = form.querySelector(`input[type=file][name="${CSS.escape(name)}"]`)?.dataset.kept ?? "kept";
      entry.files.push({ key: store.newKey(), kept, name: value.name, blob: value, id: "", sentAt: 0 });
    }
  }
  if (!data.get("submission")) entry.fields.push(["submission", entry.key]);
  return entry;
}

/** The form as it is when first shown, with a key of its own: another one may be filled in. */
function clear(form) {
  for (const field of form.querySelectorAll("[data-draft]")) keepDraft(field.dataset.draft, "");
  form.reset();
  for (const box of form.querySelectorAll("[data-photos]")) {
    box.chosen = [];
    for (const old of box.querySelectorAll("[data-photo-preview]")) old.remove();
    const add = box.querySelector(".photo-add");
    if (add) add.hidden = false;
    const waiting = box.dataset.enables && document.getElementById(box.dataset.enables);
    if (waiting) waiting.disabled = true;
  }
  delete form.dataset.mends;
  renew(form);
  form.dispatchEvent(new CustomEvent("yw:kept", { bubbles: true }));
}

function renew(form) {
  const field = form.querySelector("input[name=submission]");
  if (field) field.value = store.newKey();
}

function setBusy(form, button, isBusy) {
  if (isBusy) {
    form.dataset.sent = "";
    button?.setAttribute("aria-busy", "true");
  } else {
    delete form.dataset.sent;
    button?.removeAttribute("aria-busy");
  }
}

/** The view's own page, with its words beside the fields, in place of this one. */
function showPage(html, action) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const [fresh, old] = [parsed.querySelector("main"), document.querySelector("main")];
  if (!fresh || !old) { location.assign(action); return; }
  for (const sheet of document.querySelectorAll("dialog[open]")) sheet.close();
  old.replaceWith(document.adoptNode(fresh));
  document.title = parsed.title;
  history.replaceState(null, "", action);
  window.htmx?.process(fresh);
  fresh.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true, detail: { elt: fresh } }));
  if (!showWrong(fresh)) fresh.focus();
  showList();
}

async function submitted(event) {
  const form = event.target;
  if (form.dataset?.offline === undefined || form.dataset.offlinePlain !== undefined || event.defaultPrevented) return;
  event.preventDefault();
  if (form.dataset.sent !== undefined) return;
  const warning = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  if (warning && !window.confirm(warning)) return;
  const button = event.submitter ?? form.querySelector("[type=submit]");
  const entry = gather(form, event.submitter);
  setBusy(form, button, true);
  inHand.add(entry.key);
  try {
    await store.put(entry);
    if (mendedIn(form)) await store.remove(mendedIn(form)); // this one stands in its place
  } catch {
    // No storage (a private window, a full disk): the form goes the plain way, and fails the plain way.
    setBusy(form, button, false);
    form.dataset.offlinePlain = "";
    form.requestSubmit(event.submitter ?? undefined);
    return;
  }
  await flush({ before: entry });
  const isBlocked = entry.subject && (await store.all(entry.who)).some((other) => isAhead(other, entry));
  const answer = isBlocked ? { what: LATER } : await send(entry, "now");
  inHand.delete(entry.key);
  if (answer.what === DONE) {
    await store.remove(entry.key);
    renew(form); // whoever comes back to this page out of the browser's memory fills in another form
    location.assign(answer.url);
    return;
  }
  setBusy(form, button, false);
  if (answer.what === REFUSED) {
    await store.remove(entry.key);
    const box = answer.file && [...form.querySelectorAll("[data-photos]")].find((one) => one.chosen?.includes(answer.file));
    if (answer.page) showPage(answer.page, entry.action);
    else if (box) box.dispatchEvent(new CustomEvent("yw:photo-refused", { bubbles: true, detail: { file: answer.file, words: answer.words } }));
    else toast(answer.words || say("refused", { status: answer.status }), { state: "overdue" });
    return;
  }
  await note(entry, answer);
  clear(form);
  toast(say(answer.what === SIGN_IN ? "offlineSignIn" : "offlineKept"), { state: answer.what === SIGN_IN ? "overdue" : "on" });
  if (form.dataset.offlineNext) location.assign(form.dataset.offlineNext);
  else await showList();
}

/** What is refused holds nobody up: it may be mended tomorrow, or never. */
const isAhead = (other, entry) =>
  other.key !== entry.key && other.subject === entry.subject && other.savedAt <= entry.savedAt && other.state !== "refused";

/** Keep with the entry what became of a try. */
async function note(entry, answer) {
  entry.tries += 1;
  entry.state = { [LATER]: "waiting", [SIGN_IN]: "sign-in", [REFUSED]: "refused" }[answer.what];
  entry.words = answer.what === REFUSED ? answer.words || reasons(answer.page ?? "") : "";
  entry.nextAt = Date.now() + Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (entry.tries - 1));
  await store.put(entry);
}

/** Does this page show what has just changed? */
const isAbout = (entry) => Boolean(entry.subject) && location.pathname.includes(entry.subject);

/** Is anything on this page filled in, chosen or being sent that a reload would throw away? */
function isBusy() {
  const isChanged = (field) => {
    if (field.type === "hidden" || field.type === "submit" || field.type === "button") return false;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.type === "file") return field.files.length > 0;
    if (field.matches("select")) return [...field.options].some((option) => option.selected !== option.defaultSelected) && field.selectedIndex > 0;
    return field.value !== field.defaultValue;
  };
  return inHand.size > 0
    || Boolean(document.querySelector("dialog[open]"))
    || Boolean(document.activeElement?.closest("input, textarea, select"))
    || [...document.querySelectorAll("[data-photos]")].some((box) => box.chosen?.length > 0)
    || [...document.querySelectorAll("main :is(input, textarea, select)")].some(isChanged);
}

async function sendKept({ before, only, isEager }) {
  const shown = []; // what arrived of the case that this page shows
  const held = new Set(); // subjects of which an earlier one could not go: the later ones wait for it
  const entries = await store.all(who());
  const chosen = entries.find((one) => one.key === only);
  for (const entry of entries) {
    if (inHand.has(entry.key) || (before && entry.savedAt > before.savedAt)) continue;
    // With the chosen one goes what it has to wait for.
    const isChosen = only === entry.key || (chosen?.subject && isAhead(entry, chosen));
    const isDue = isChosen || (entry.state !== "refused" && (isEager || entry.nextAt <= Date.now()));
    if ((only && !isChosen) || !isDue || held.has(entry.subject)) {
      if (entry.subject && entry.state !== "refused") held.add(entry.subject);
      continue;
    }
    const answer = await send(entry, "later");
    if (answer.what === DONE) {
      await store.remove(entry.key);
      const line = [[say("offlineSent", { title: entry.title }), ...(answer.words ?? [])].join(" "), { state: "on", href: answer.url, action: say("offlineOpen") }];
      if (!before && isAbout(entry)) shown.push(line);
      else toast(...line);
      continue;
    }
    await note(entry, answer);
    if (answer.what !== REFUSED) break; // no line for one is no line for the next
  }
  // Asked only now: while the last of them was on its way somebody may have begun to write here.
  const anew = shown.length > 0 && !isBusy();
  for (const line of shown) (anew ? toastAfterLoad : toast)(...line);
  if (anew) location.reload();
}

/** Send what waits; one at a time, and in one tab at a time. */
async function flush(wish = {}) {
  while (flushing) await flushing;
  const work = async () => {
    try { await sendKept(wish); } catch { /* the storage is gone: nothing waits that we could send */ }
  };
  flushing = navigator.locks
    ? navigator.locks.request("yiwang-offline", { ifAvailable: true }, (lock) => (lock ? work() : undefined))
    : work();
  try { await flushing; } finally { flushing = null; }
  await showList();
}

function element(tag, { className = "", text = "", ...more } = {}) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return Object.assign(made, more);
}

function place() {
  const given = document.querySelector("[data-offline-list]");
  if (given) return given;
  const made = element("div");
  made.dataset.offlineList = "";
  document.querySelector("main")?.prepend(made);
  return made;
}

function row(entry) {
  const line = element("li", { className: "offline-row" });
  const time = new Date(entry.savedAt).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  const about = element("div", { className: "offline-about" });
  about.append(element("b", { text: entry.title }));
  const notes = [time];
  if (entry.files.length) notes.push(say("offlinePhotos", { count: entry.files.length }));
  about.append(element("span", { className: "muted", text: notes.join(" · ") }));
  if (entry.state !== "waiting") {
    line.dataset.state = "overdue";
    const words = entry.state === "sign-in" ? say("offlineSignIn") : say("offlineRefused", { reason: entry.words });
    about.append(element("span", { className: "offline-why", text: words }));
  }
  const again = element("button", { type: "button", className: "btn", text: say("offlineAgain") });
  again.addEventListener("click", async () => {
    again.setAttribute("aria-busy", "true");
    await flush({ only: entry.key, isEager: true });
  });
  const drop = element("button", { type: "button", className: "btn btn-quiet", text: say("offlineRemove") });
  drop.addEventListener("click", async () => {
    if (!window.confirm(say("offlineSure", { title: entry.title }))) return;
    await store.remove(entry.key);
    await showList();
  });
  const tools = element("div", { className: "offline-tools" });
  if (entry.state === "sign-in") {
    const link = element("a", { className: "btn", text: say("offlineSignInLink") });
    link.href = `/sign-in/?next=${encodeURIComponent(location.pathname + location.search)}`;
    tools.append(link);
  } else tools.append(again);
  if (entry.state === "refused" && entry.mendable) {
    const back = element("button", { type: "button", className: "btn btn-primary", text: say("offlineMend") });
    back.addEventListener("click", () => mend(entry));
    tools.prepend(back);
  }
  tools.append(drop);
  line.append(about, tools);
  return line;
}

let shown = "";

/** Draw the list of what waits; it is drawn anew only when something in it changed. */
async function showList() {
  let entries = [];
  // What is being sent with somebody looking on does not wait.
  try { entries = (await store.all(who())).filter((entry) => !inHand.has(entry.key)); } catch { /* no storage, nothing waits */ }
  const box = document.querySelector("[data-offline-list]") ?? (entries.length ? place() : null);
  if (!box) return;
  const told = JSON.stringify(entries.map((entry) => [entry.key, entry.state, entry.words]));
  if (told === shown && box.childElementCount === (entries.length ? 1 : 0)) return;
  shown = told;
  const isOpen = box.querySelector("details")?.open || entries.some((entry) => entry.state !== "waiting");
  box.replaceChildren();
  document.dispatchEvent(new CustomEvent("yw:offline", { detail: { waiting: entries.length } }));
  if (!entries.length) return;
  const details = element("details", { className: "offline-box", open: Boolean(isOpen) });
  const summary = element("summary");
  const refused = entries.filter((entry) => entry.state === "refused").length;
  const summed = refused ? say("offlineSomeRefused", { count: refused }) : say("offlineWaiting", { count: entries.length });
  const words = element("span", { text: summed });
  words.setAttribute("role", "status");
  summary.append(element("i", { className: "offline-mark" }), words);
  const list = element("ul");
  for (const entry of entries) list.append(row(entry));
  details.append(summary, list);
  box.append(details);
}

export function startOffline() {
  if (!who() || !("indexedDB" in window)) return;
  // Before the guard against double submits, which leaves alone what is dealt with already.
  document.addEventListener("submit", submitted, true);
  window.addEventListener("online", () => flush({ isEager: true }));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && flush());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) showList();
  });
  // A page that was kept for later shows the same key each time; each time it is another form.
  for (const form of document.querySelectorAll("form[data-offline]")) renew(form);
  mendHere();
  setInterval(() => document.visibilityState === "visible" && flush(), LOOK_EVERY_MS);
  flush({ isEager: true });
}
