/* One kept form on its way to the server: photos first, each once, then the form with their ids.
   The server's half is incidents/pages/submissions.py. */
import * as store from "./offline-store.js";

const PHOTOS = "/submissions/photos/";
const PHOTO_LASTS_MS = 20 * 3600 * 1000; // the server removes pictures that nothing names after a day
const SLOWEST_BYTES_PER_MS = 10; // a line below 10 kB/s is no line
const PATIENCE_MS = 25000;

export const LATER = "later"; // no line, or the server is not well: try again
export const DONE = "done";
export const REFUSED = "refused";
export const SIGN_IN = "sign-in";

function token() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
}

async function post(url, body, { who, how, age = 0, bytes = 0 }) {
  if (navigator.onLine === false) throw new TypeError("offline");
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), PATIENCE_MS + bytes / SLOWEST_BYTES_PER_MS);
  try {
    const response = await fetch(url, {
      method: "POST",
      body,
      credentials: "same-origin",
      signal: abort.signal,
      headers: {
        "X-CSRFToken": token(),
        "X-Submission": how,
        "X-Submission-User": who,
        "X-Submission-Age": String(Math.max(0, Math.round(age / 1000))),
      },
    });
    const text = await response.text();
    const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
    return { status: response.status, text, said: isJson ? JSON.parse(text) : null };
  } finally {
    clearTimeout(timer);
  }
}

/** What an answer other than success means. */
function meaning({ status, said, text }) {
  if (status === 401 || said?.code === "other_person") return { what: SIGN_IN, url: said.url ?? "" };
  if (status >= 500 || status === 429 || status === 408 || said?.code === "busy") return { what: LATER };
  return { what: REFUSED, words: said?.error ?? "", page: said ? said.page ?? "" : text, status: said?.refused ?? status };
}

async function sendPhoto(entry, file, how) {
  const body = new FormData();
  body.append("submission", file.key);
  body.append("file", file.blob, file.name);
  const answer = await post(PHOTOS, body, { who: entry.who, how, bytes: file.blob.size });
  if (!answer.said?.id) return { ...meaning(answer), file: file.blob };
  [file.id, file.sentAt] = [answer.said.id, Date.now()];
  await store.put(entry); // so that the next try begins with the next photo
  return null;
}

/** Send one entry; answers { what: DONE, url, words } or what became of it. `how` is "now" or "later". */
export async function send(entry, how) {
  if (!token()) return { what: SIGN_IN, url: "" };
  try {
    for (const file of entry.files) {
      if (file.id && Date.now() - file.sentAt < PHOTO_LASTS_MS) continue;
      const trouble = await sendPhoto(entry, file, how);
      if (trouble) return trouble;
    }
    const body = new FormData();
    for (const [name, value] of entry.fields) body.append(name, value);
    for (const file of entry.files) body.append(file.kept, file.id);
    const answer = await post(entry.action, body, { who: entry.who, how, age: Date.now() - entry.savedAt });
    if (answer.status === 200 && answer.said?.url) return { what: DONE, ...answer.said };
    return meaning(answer);
  } catch {
    return { what: LATER }; // the line broke, or an answer came from somewhere else
  }
}

/** The sentences of a page that says why not. */
export function reasons(page) {
  const parsed = new DOMParser().parseFromString(page, "text/html");
  const told = [...parsed.querySelectorAll("main [role=alert], main .field-error, main .invalid-feedback, main .errorlist li")]
    .filter((one) => !one.hidden && !one.parentElement.closest("[role=alert]"));
  const lines = told.map((one) => one.textContent.replace(/\s+/g, " ").trim()).filter(Boolean);
  return [...new Set(lines)].slice(0, 3).join(" ") || parsed.querySelector("main h1")?.textContent.trim() || "";
}
