/* The service worker: what a phone needs where there is no line. It never answers for the server while the
   server answers, keeps nothing that was posted, and forgets all pages when somebody signs in or out.

   Pages (the patrol's, the inbox and cases, as visited or asked for): the network first, else as kept, with
   the server's clock moved on by the time since. Files of ours: kept as they are named, outlines of the map
   too. Everything else passes by.

   A page says what to keep: postMessage({ keep: ["/patrol/", "/static/dist/app.js", …] }). */
const PAGES = "yiwang-pages-1";
const FILES = "yiwang-files-1";
const KEPT_PAGES = /^\/(patrol\/(?!guess)|inbox\/$|cases\/[0-9]+-?[0-9]*\/$)/;
const KEPT_FILES = /^\/(static|geo)\//;
const PICTURES = /^\/attachments\//;
const SIGN = /^\/sign-(in|out)\//;
const HASHED = /\.[0-9a-f]{8,}\./;
const OFFLINE = "/patrol/offline/";
const PATIENCE_MS = 6000;
const PAGES_MOST = 90, PICTURES_MOST = 120;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name.startsWith("yiwang-") && name !== PAGES && name !== FILES) await caches.delete(name);
      await self.clients.claim();
    })(),
  );
});

const isPage = (response) =>
  response.status === 200 && !response.redirected && (response.headers.get("Content-Type") ?? "").startsWith("text/html");

async function trim(cache, most, test) {
  const keys = (await cache.keys()).filter((request) => test(new URL(request.url).pathname));
  for (const key of keys.slice(0, Math.max(0, keys.length - most))) await cache.delete(key);
}

/** Keep a page with the moment at which it was true, and the pictures on it. */
async function keepPage(url, response) {
  const cache = await caches.open(PAGES);
  const headers = new Headers(response.headers);
  headers.set("X-Kept-At", String(Date.now()));
  const text = await response.text();
  await cache.delete(url); // so that the order in the store is the order of use
  await cache.put(url, new Response(text, { status: 200, headers }));
  for (const [, source] of text.matchAll(/<img[^>]* src="(\/attachments\/[^"]+)"/g)) {
    if (await cache.match(source)) continue;
    try {
      const picture = await fetch(source, { credentials: "same-origin" });
      if (picture.ok) await cache.put(source, picture);
    } catch { break; }
  }
  await trim(cache, PAGES_MOST, (path) => !PICTURES.test(path));
  await trim(cache, PICTURES_MOST, (path) => PICTURES.test(path));
}

/** The page as it was kept, with its clock moved on; or the one that says that there is no line. */
async function keptPage(url) {
  const cache = await caches.open(PAGES);
  const found = (await cache.match(url)) ?? (await cache.match(OFFLINE));
  if (!found) return Response.error();
  const keptAt = Number(found.headers.get("X-Kept-At"));
  const text = (await found.text()).replace(/<html([^>]*) data-now="([^"]+)"/, (_all, rest, now) => {
    const moved = new Date(Date.parse(now) + (Date.now() - keptAt)).toISOString();
    return `<html${rest} data-kept-at="${keptAt}" data-now="${moved}"`;
  });
  return new Response(text, { status: 200, headers: found.headers });
}

async function page(event) {
  const url = new URL(event.request.url);
  const key = url.pathname;
  try {
    const patience = new Promise((_resolve, reject) => setTimeout(reject, PATIENCE_MS, new Error("slow")));
    const answer = fetch(event.request);
    const response = await Promise.race([answer, patience]);
    if (isPage(response) && !url.search) event.waitUntil(keepPage(key, response.clone()));
    else if (response.status === 404 || response.status === 403) event.waitUntil(caches.open(PAGES).then((cache) => cache.delete(key)));
    return response;
  } catch {
    const cache = await caches.open(PAGES);
    // A slow line is still a line for a page that was never kept.
    if (self.navigator.onLine !== false && !(await cache.match(key))) {
      try { return await fetch(event.request); } catch { /* no line after all */ }
    }
    return keptPage(key);
  }
}

async function file(event) {
  const cache = await caches.open(FILES);
  const kept = await cache.match(event.request);
  if (kept && HASHED.test(event.request.url)) return kept;
  const fresh = fetch(event.request).then(async (response) => {
    if (response.ok) await cache.put(event.request, response.clone());
    return response;
  });
  if (!kept) return fresh;
  event.waitUntil(fresh.catch(() => undefined));
  return kept;
}

async function picture(event) {
  try { return await fetch(event.request); } catch {
    return (await (await caches.open(PAGES)).match(event.request)) ?? Response.error();
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (SIGN.test(url.pathname)) { event.waitUntil(caches.delete(PAGES)); return; }
  if (request.method !== "GET") return;
  if (request.mode === "navigate" && KEPT_PAGES.test(url.pathname)) event.respondWith(page(event));
  else if (KEPT_FILES.test(url.pathname)) event.respondWith(file(event));
  else if (PICTURES.test(url.pathname)) event.respondWith(picture(event));
});

async function keep(urls) {
  for (const url of urls) {
    try {
      const path = new URL(url, self.location.origin).pathname;
      if (KEPT_FILES.test(path)) {
        const cache = await caches.open(FILES);
        if (!(await cache.match(url))) await cache.add(url);
      } else if (KEPT_PAGES.test(path)) {
        const response = await fetch(url, { credentials: "same-origin", headers: { "X-Keep": "1" } });
        if (isPage(response)) await keepPage(path, response);
      }
    } catch { return; } // the line is gone: what is kept is kept
  }
}

self.addEventListener("message", (event) => {
  if (Array.isArray(event.data?.keep)) event.waitUntil(keep(event.data.keep).then(() => event.source?.postMessage({ kept: event.data.keep.length })));
});
