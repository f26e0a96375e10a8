/* What waits on this phone, in IndexedDB: one row for each filled-in form, photos as they were taken.

   { key, who, kind, title, subject, action, page, savedAt, fields: [[name, value]],
     files: [{ key, kept, name, blob, id, sentAt }], state: "waiting" | "refused" | "sign-in",
     words, tries, nextAt } */

const NAME = "yiwang-offline";
const STORE = "forms";
let opened = null;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  opened.catch(() => { opened = null; });
  return opened;
}

async function run(mode, work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const deed = database.transaction(STORE, mode);
    const request = work(deed.objectStore(STORE));
    // Written is what is committed, not what was asked for.
    deed.oncomplete = () => resolve(request.result);
    deed.onerror = deed.onabort = () => reject(deed.error);
  });
}

export const put = (entry) => run("readwrite", (store) => store.put(entry));
export const remove = (key) => run("readwrite", (store) => store.delete(key));
export const get = (key) => run("readonly", (store) => store.get(key));

/** This person's rows, oldest first. On a shared phone nobody sends what another one wrote. */
export async function all(who) {
  const rows = await run("readonly", (store) => store.getAll());
  return rows.filter((row) => row.who === who).sort((a, b) => a.savedAt - b.savedAt);
}

/** A random version-4 UUID; crypto.randomUUID is missing on plain http. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
