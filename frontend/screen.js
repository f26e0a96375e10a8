/* The command screen: polls, swaps what changed, tells how old its data are. It runs for days.

   So nothing is made that is not let go: one chain of timers, listeners that are put on once, text written into
   the nodes that are there, formatters made once, and a map with one string for each part of the page. */
import { districtNow, setDistrictNow, spoken, tickAll } from "./js/clocks.js";

const root = document.documentElement, body = document.body;
const PATIENCE_MS = 8000, SLOWEST_MS = 60000, RENEW_EVERY_MS = 60000;
const STALE_S = 30, BAND_S = 120, SHANGHAI_MS = 8 * 3600 * 1000, IDLE_MS = 5000, DAY_MS = 24 * 3600 * 1000;

// --- how old it is --------------------------------------------------------------------------------

const live = document.querySelector(".screen-live"), band = document.querySelector(".screen-band");
const face = document.querySelector("[data-face]"), day = document.querySelector("[data-day]");
const until = document.querySelector(".screen-until");
const dayWords = new Intl.DateTimeFormat(root.lang.startsWith("en") ? "en-GB" : "zh-CN", { timeZone: "UTC", month: "long", day: "numeric", weekday: "short" });
const endWords = new Intl.DateTimeFormat(root.lang.startsWith("en") ? "en-GB" : "zh-CN", { timeZone: "Asia/Shanghai", month: "long", day: "numeric" });
let ageThen = Number(body.dataset.age ?? 0), answeredAt = Date.now(), asOf = Date.parse(body.dataset.asOf ?? "");
let hasEnded = false, failures = 0, dayShown = -1;

const two = (number) => String(number).padStart(2, "0");

/** HH:MM in the district, which has no summer time. */
function timeOfDay(at) {
  const local = new Date(at + SHANGHAI_MS);
  return `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}`;
}

/** Write words into a node that is there: a new text node each second would be garbage for days. */
function write(element, words) {
  const text = element.firstChild;
  if (text?.nodeType === Node.TEXT_NODE) {
    if (text.data !== words) text.data = words;
  } else element.textContent = words;
}

/** Its time is over: it shows nothing of what it showed, and everything anew if it may go on. */
function blank() {
  for (const part of document.querySelectorAll("[data-part]")) {
    part.replaceChildren();
    part.style.visibility = "hidden"; // nor is there an empty heading
  }
  shown.clear();
  tag = "";
}

function showAge() {
  const age = ageThen + (Date.now() - answeredAt) / 1000;
  const state = hasEnded ? "ended" : age > STALE_S ? "stale" : "on";
  if (body.dataset.live !== state) body.dataset.live = live.dataset.live = state;
  const time = timeOfDay(asOf);
  write(live.lastElementChild, state === "on" ? live.dataset.liveWords.replace("{seconds}", Math.max(0, Math.round(age))) : live.dataset.staleWords.replace("{time}", time));
  const isBand = hasEnded || age > BAND_S;
  if (band.hidden === isBand) band.hidden = !isBand;
  if (isBand) write(band, (hasEnded ? band.dataset.endedWords : band.dataset.staleWords).replace("{time}", time).replace("{length}", spoken(age)));
}

function showTime() {
  const now = districtNow(), today = Math.floor((now + SHANGHAI_MS) / DAY_MS);
  write(face, timeOfDay(now));
  if (today !== dayShown) {
    dayShown = today;
    write(day, dayWords.format(now + SHANGHAI_MS));
  }
}

function showUntil(text) {
  const end = Date.parse(text ?? "");
  until.hidden = !end;
  if (end) write(until, until.dataset.untilWords.replace("{day}", endWords.format(end)));
}

function tick() {
  showTime();
  showAge();
  tickAll();
  setTimeout(tick, 1000);
}

// --- what changed ---------------------------------------------------------------------------------

const shown = new Map(); // part id → its HTML as the server said it
for (const part of document.querySelectorAll("[data-part]")) shown.set(part.id, part.outerHTML);

const keysIn = (part) => new Set([part, ...part.querySelectorAll("[data-row]")].map((row) => row.dataset.row).filter(Boolean));

function swap(html) {
  const sheet = document.createElement("template");
  sheet.innerHTML = html;
  for (const fresh of sheet.content.querySelectorAll("[data-part]")) {
    const text = fresh.outerHTML, old = document.getElementById(fresh.id);
    if (!old || shown.get(fresh.id) === text) continue;
    shown.set(fresh.id, text);
    const known = keysIn(old);
    for (const row of [fresh, ...fresh.querySelectorAll("[data-row]")]) {
      if (row.dataset.row && !known.has(row.dataset.row)) row.classList.add("is-new");
    }
    old.replaceWith(fresh);
  }
  tickAll();
}

// --- asking ---------------------------------------------------------------------------------------

let tag = body.dataset.etag, timer = 0, isAsking = false;

/** Load the page anew where the server has another build of it: once it answers, and not over and over. */
async function renew(signal) {
  let last = 0;
  try { last = Number(sessionStorage.getItem("yw-screen-renewed") ?? 0); } catch { return; }
  if (Date.now() - last < RENEW_EVERY_MS) return;
  const page = await fetch(location.href, { credentials: "same-origin", cache: "no-store", signal });
  await page.text();
  if (!page.ok || page.redirected) return;
  sessionStorage.setItem("yw-screen-renewed", String(Date.now()));
  location.reload();
}

async function ask() {
  const abort = new AbortController();
  const patience = setTimeout(() => abort.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(body.dataset.screen, {
      headers: tag ? { "If-None-Match": tag, "X-Requested-With": "poll" } : { "X-Requested-With": "poll" },
      credentials: "same-origin", cache: "no-store", signal: abort.signal,
    });
    const text = answer.status === 304 ? "" : await answer.text();
    // A page to sign in at, or a proxy's excuse, is not the screen.
    const isOurs = (answer.status === 304 || answer.ok) && !answer.redirected && answer.headers.get("X-As-Of");
    hasEnded = answer.status === 401 || answer.status === 403;
    if (hasEnded) blank();
    if (!isOurs) {
      failures += 1;
      return;
    }
    if (text) swap(text);
    failures = 0;
    tag = answer.headers.get("ETag");
    ageThen = Number(answer.headers.get("X-Age") ?? 0);
    answeredAt = Date.now();
    asOf = Date.parse(answer.headers.get("X-As-Of"));
    setDistrictNow(answer.headers.get("X-Now"));
    showUntil(answer.headers.get("X-Until"));
    body.dataset.polls = String(Number(body.dataset.polls ?? 0) + 1);
    if (answer.headers.get("X-Build") !== body.dataset.build) await renew(abort.signal);
  } catch {
    failures += 1;
  } finally {
    clearTimeout(patience);
    showAge();
  }
}

/** Ask, then wait: longer with each failure, and never all walls at the same moment. */
async function round() {
  if (isAsking) return;
  isAsking = true;
  clearTimeout(timer);
  await ask();
  isAsking = false;
  const every = Number(body.dataset.every);
  const wait = Math.min(Math.max(every, SLOWEST_MS), every * 2 ** Math.min(failures, 6));
  timer = setTimeout(round, wait * (0.9 + Math.random() * 0.2));
}

// --- the room -------------------------------------------------------------------------------------

let idle = 0, lock = null;

/** Where the browser lets us, the screen is kept from going dark. */
async function stayAwake() {
  if (document.hidden || !navigator.wakeLock || (lock && !lock.released)) return;
  try { lock = await navigator.wakeLock.request("screen"); } catch { /* it has its own rules, or no power */ }
}

/** Somebody is there with a mouse or keys: the tools show, for five seconds. */
function stir() {
  if (body.dataset.room !== "stirred") body.dataset.room = "stirred";
  clearTimeout(idle);
  idle = setTimeout(() => { if (!document.activeElement?.closest(".screen-tools")) body.dataset.room = "quiet"; }, IDLE_MS);
}

const full = document.querySelector("[data-fullscreen]");
if (full && document.fullscreenEnabled) {
  full.hidden = false;
  full.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen()));
  document.addEventListener("fullscreenchange", () => full.setAttribute("aria-pressed", String(Boolean(document.fullscreenElement))));
}
document.addEventListener("pointermove", stir, { passive: true });
document.addEventListener("keydown", stir, { passive: true });
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  stayAwake();
  round();
});
window.addEventListener("online", round);

/** A screen that is closed looks now and then whether somebody has opened it, in this browser. */
async function knock() {
  const abort = new AbortController();
  const patience = setTimeout(() => abort.abort(), PATIENCE_MS);
  try {
    const page = await fetch(location.href, { credentials: "same-origin", cache: "no-store", signal: abort.signal });
    await page.text();
    if (page.ok) { location.reload(); return; }
  } catch { /* later */ } finally { clearTimeout(patience); }
  setTimeout(knock, SLOWEST_MS);
}

if (body.dataset.closed !== undefined) setTimeout(knock, SLOWEST_MS);
if (body.dataset.screen) {
  showUntil(body.dataset.until);
  stir();
  stayAwake();
  tick();
  timer = setTimeout(round, Number(body.dataset.every));
}
document.documentElement.dataset.scripts = "ready";
