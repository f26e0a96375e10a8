/* The service worker: what a phone needs where there is no line. It never answers for the server while the
   server answers, keeps nothing that was posted, and forgets all pages when somebody signs in or out, and when a
   page is another person's.

   Pages (the patrol's, the inbox and cases, as visited or asked for) of those whom the server has marked by
   <meta name="offline">: the network first, else as kept, for a day at most, with the server's clock moved on by
   the time since. Files of ours: kept as they are named, outlines of the map too. Everything else passes by.

   A page says what to keep: postMessage({ keep: ["/patrol/", "/static/dist/app.js", …] }). */
const PAGES = "yiwang-pages-2";
const FILES = "yiwang-files-1";
const KEPT_PAGES = /^\/(patrol\/(?!guess)|inbox\/$|cases\/[0-9]+-?[0-9]*\/$)/;
const KEPT_FILES = /^\/(static|geo)\//;
const PICTURES = /^\/attachments\//;
const SIGN = /^\/sign-(in|out)\//;
const HASHED = /\.[0-9a-f]{8,}\./;
const OFFLINE = "/patrol/offline/";
const BLANK = /^\/patrol\/(offline|report)\/$/; // no case is on them, and a day may begin without a line
const OWNER = /<meta name="offline" content="(\d+)">/;
const KEPT_MS = 24 * 3600 * 1000;
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

let signed = 0; // goes up with each signing in or out: what was asked for before is not kept after

async function forgetPages() {
  signed += 1;
  await caches.delete(PAGES);
}

const isOld = (request, response) =>
  !BLANK.test(new URL(request.url).pathname) && Date.now() - Number(response.headers.get("X-Kept-At")) > KEPT_MS;

/** What is kept under this address, if it is not too old; what is goes. */
async function young(cache, address) {
  const [request] = await cache.keys(address);
  const found = request && (await cache.match(request));
  if (!found || !isOld(request, found)) return found;
  await cache.delete(request);
  return undefined;
}

const isPage = (response) =>
  response.status === 200 && !response.redirected && (response.headers.get("Content-Type") ?? "").startsWith("text/html");

async function trim(cache, most, test) {
  const keys = (await cache.keys()).filter((request) => test(new URL(request.url).pathname));
  for (const key of keys.slice(0, Math.max(0, keys.length - most))) await cache.delete(key);
}

function dated(response, body, owner) {
  const headers = new Headers(response.headers);
  headers.set("X-Kept-At", String(Date.now()));
  headers.set("X-Kept-For", owner);
  return new Response(body, { status: 200, headers });
}

/** Keep a page with the moment at which it was true, and the pictures on it. `since`: `signed` when it was asked for. */
async function keepPage(url, response, since) {
  const text = await response.text();
  const owner = text.match(OWNER)?.[1];
  if (since !== signed) return;
  let cache = await caches.open(PAGES);
  const [other] = await cache.keys();
  const isOthers = other && (await cache.match(other))?.headers.get("X-Kept-For") !== owner;
  if (!owner || isOthers) {
    await caches.delete(PAGES);
    if (!owner) return;
    cache = await caches.open(PAGES);
  }
  const page = dated(response, text, owner);
  await cache.delete(url); // so that the order in the store is the order of use
  if (since !== signed) return;
  await cache.put(url, page);
  for (const [, source] of text.matchAll(/<img[^>]* src="(\/attachments\/[^"]+)"/g)) {
    if (await cache.match(source)) continue;
    try {
      const picture = await fetch(source, { credentials: "same-origin" });
      const body = await picture.blob();
      if (since !== signed) return;
      if (picture.ok) await cache.put(source, dated(picture, body, owner));
    } catch { break; }
  }
  for (const request of await cache.keys()) await young(cache, request);
  await trim(cache, PAGES_MOST, (path) => !PICTURES.test(path));
  await trim(cache, PICTURES_MOST, (path) => PICTURES.test(path));
}

/** The page as it was kept, with its clock moved on; or the one that says that there is no line. */
async function keptPage(url) {
  const cache = await caches.open(PAGES);
  const found = (await young(cache, url)) ?? (await cache.match(OFFLINE));
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
  const key = url.pathname, since = signed;
  try {
    const patience = new Promise((_resolve, reject) => setTimeout(reject, PATIENCE_MS, new Error("slow")));
    const answer = fetch(event.request);
    const response = await Promise.race([answer, patience]);
    if (isPage(response) && !url.search) event.waitUntil(keepPage(key, response.clone(), since));
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
    return (await young(await caches.open(PAGES), event.request)) ?? Response.error();
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (SIGN.test(url.pathname)) { event.waitUntil(forgetPages()); return; }
  if (request.method !== "GET") return;
  if (request.mode === "navigate" && KEPT_PAGES.test(url.pathname)) event.respondWith(page(event));
  else if (KEPT_FILES.test(url.pathname)) event.respondWith(file(event));
  else if (PICTURES.test(url.pathname)) event.respondWith(picture(event));
});

async function keep(urls) {
  const since = signed;
  for (const url of urls) {
    if (since !== signed) return;
    try {
      const path = new URL(url, self.location.origin).pathname;
      if (KEPT_FILES.test(path)) {
        const cache = await caches.open(FILES);
        if (!(await cache.match(url))) await cache.add(url);
      } else if (KEPT_PAGES.test(path)) {
        const response = await fetch(url, { credentials: "same-origin", headers: { "X-Keep": "1" } });
        if (isPage(response)) await keepPage(path, response, since);
      }
    } catch { return; } // the line is gone: what is kept is kept
  }
}

self.addEventListener("message", (event) => {
  if (Array.isArray(event.data?.keep)) event.waitUntil(keep(event.data.keep).then(() => event.source?.postMessage({ kept: event.data.keep.length })));
});
