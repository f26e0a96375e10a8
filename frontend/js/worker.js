/* Registers the service worker on pages that can be used without a line, for those who work where there is none
   (<meta name="offline">, set by the server), and tells it what to keep: the files of this page, and the
   addresses named by data-keep-offline and links within [data-keep-links]. */

const FILE = /^\/(static|geo)\//;

function wanted() {
  const urls = new Set();
  for (const entry of performance.getEntriesByType("resource")) {
    const url = new URL(entry.name);
    if (url.origin === location.origin && FILE.test(url.pathname)) urls.add(url.pathname + url.search);
  }
  urls.add(location.pathname);
  for (const box of document.querySelectorAll("[data-keep-offline]")) {
    for (const url of box.dataset.keepOffline.split(" ")) if (url) urls.add(url);
  }
  for (const link of document.querySelectorAll("[data-stops] a, [data-keep-links] a")) urls.add(link.pathname);
  return [...urls];
}

/** A page out of the phone's store says so, and since when. */
function sayStale() {
  const line = document.querySelector("[data-stale]");
  const keptAt = Number(document.documentElement.dataset.keptAt);
  if (!line || !keptAt) return;
  line.querySelector("[data-stale-at]").textContent = new Date(keptAt).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  line.hidden = false;
  // Not by itself: somebody may be in the middle of a form.
  window.addEventListener("online", () => {
    line.querySelector("[data-stale-words]").hidden = true;
    line.querySelector("[data-fresh]").hidden = false;
  });
}

const has = (selector) => document.querySelector(selector) !== null;

/** Somebody sits here whose pages are not kept: nor are those of whoever sat here before. */
async function stopWorker() {
  const registered = await navigator.serviceWorker.getRegistration("/");
  if (!registered) return;
  await registered.unregister();
  for (const name of await caches.keys()) if (name.startsWith("yiwang-pages")) await caches.delete(name);
}

export async function startWorker() {
  sayStale();
  if (!("serviceWorker" in navigator)) return;
  if (has("meta[name=person]") && !has("meta[name=offline]")) {
    try { await stopWorker(); } catch { /* nothing is kept where nothing can be */ }
    return;
  }
  if (!has("meta[name=offline]") || !has("[data-keep-offline], form[data-offline]")) return;
  try {
    await navigator.serviceWorker.register("/sw.js");
    const { active } = await navigator.serviceWorker.ready;
    const tell = () => active.postMessage({ keep: wanted() });
    if (document.readyState === "complete") tell();
    else window.addEventListener("load", tell, { once: true });
    navigator.serviceWorker.addEventListener("message", (event) => {
      if (event.data?.kept) document.documentElement.dataset.kept = String(event.data.kept);
    });
  } catch { /* plain http, or a browser without storage: pages work with a line as always */ }
}
