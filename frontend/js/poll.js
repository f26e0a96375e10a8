/* Lists that stay current: data-poll="url" data-every="3000" on the element whose inside is replaced.

   The answer is asked for with its last ETag and is 304 while nothing changed. A hidden tab asks
   nothing. What a person is busy with is never moved from under the hand: while the list has a focus
   that types, a pressed pointer, or had a key or pointer in it within the last two seconds, a newer
   answer waits. */
import { setDistrictNow, spoken, tickAll } from "./clocks.js";
import { say } from "./phrases.js";

const QUIET_MS = 2000, PATIENCE_MS = 8000;
let isPressed = false, answeredAt = Date.now(), isLost = false;

function isBusy(list) {
  const active = document.activeElement;
  const isTyping = active && active !== document.body && list.contains(active) &&
    (active.matches("textarea, select, [contenteditable]") || active.matches("input:not([type=checkbox]):not([type=radio])"));
  const hasOpen = list.querySelector("details[open], dialog[open]");
  return isTyping || hasOpen || isPressed || (list.dataset.busyAt && Date.now() - Number(list.dataset.busyAt) < QUIET_MS);
}

function showLink() {
  const age = (Date.now() - answeredAt) / 1000;
  for (const dot of document.querySelectorAll("[data-live]")) {
    const state = isLost ? (age > 30 ? "lost" : "stale") : "on";
    if (dot.dataset.live !== state) dot.dataset.live = state;
    const words = dot.querySelector("[data-live-words]");
    if (words) words.textContent = isLost ? say("stale", { length: spoken(age, true) }) : say("live");
  }
}

async function ask(list, tags) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), PATIENCE_MS);
  try {
    const headers = { "X-Requested-With": "poll", "HX-Request": "true" };
    const tag = tags.get(list) ?? list.dataset.etag;
    if (tag) headers["If-None-Match"] = tag;
    const answer = await fetch(list.dataset.poll, { headers, credentials: "same-origin", signal: abort.signal, cache: "no-store" });
    if (answer.status !== 304 && !answer.ok) throw new Error(String(answer.status));
    // A redirect to the sign-in page is not a list.
    if (answer.redirected) { location.reload(); return; }
    answeredAt = Date.now();
    isLost = false;
    setDistrictNow(answer.headers.get("X-Now"));
    if (answer.status === 304 || answer.status === 204) return;
    const text = await answer.text();
    if (isBusy(list)) return; // not remembered: the next round brings it again
    if (answer.headers.get("ETag")) tags.set(list, answer.headers.get("ETag"));
    swap(list, text);
  } catch {
    isLost = true;
  } finally {
    clearTimeout(timer);
    showLink();
  }
}

/* The row that a hand or the keys rest on, and where it stands in the window. */
function restingRow(list) {
  const row = list.querySelector("[data-row]:hover") ?? (list.matches(":hover") ? list.querySelector(":hover [data-row], li:hover [data-row]") : null) ??
    list.querySelector("[data-row].is-current, [data-row][aria-current=true]");
  if (!row) return null;
  const top = row.getBoundingClientRect().top, pane = list.getBoundingClientRect();
  return top >= pane.top && top < pane.bottom ? { row: row.dataset.row, top } : null;
}

/* Rows come and go above it, and it stays where it was: by scrolling, and by room where there is nothing to scroll. */
function holdStill(list, resting) {
  list.style.paddingTop = list.style.paddingBottom = "";
  const row = resting && list.querySelector(`[data-row="${CSS.escape(resting.row)}"]`);
  if (!row) return;
  const off = () => row.getBoundingClientRect().top - resting.top;
  let left = off();
  if (!left) return;
  list.scrollTop += left;
  left = off();
  if (Math.abs(left) < 1) return;
  if (left < 0) list.style.paddingTop = `${-left}px`;
  else {
    list.style.paddingBottom = `${left}px`;
    list.scrollTop += left;
  }
}

/** Replace the inside, keeping scroll, focus, the current row and ticked boxes. */
function swap(list, html) {
  const scroll = list.scrollTop, resting = restingRow(list);
  const focusKey = list.contains(document.activeElement) ? document.activeElement.dataset.row ?? document.activeElement.id : "";
  const current = list.querySelector(".is-current[data-row]")?.dataset.row;
  // What is open beside the list: the answer to a poll need not know it.
  const opened = list.querySelector("[data-row][aria-current=true]")?.dataset.row;
  const ticked = [...list.querySelectorAll("input[type=checkbox]:checked")].map((box) => `${box.name}=${box.value}`);
  const known = new Set([...list.querySelectorAll("[data-row]")].map((row) => row.dataset.row));
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = template.content.querySelector(list.id ? `#${CSS.escape(list.id)}` : "[data-poll]");
  list.replaceChildren(...(fresh ?? template.content).childNodes);
  for (const box of list.querySelectorAll("input[type=checkbox]")) box.checked = ticked.includes(`${box.name}=${box.value}`);
  const saysOpened = list.querySelector("[data-row][aria-current=true]");
  for (const row of list.querySelectorAll("[data-row]")) {
    if (opened === row.dataset.row && !saysOpened) row.setAttribute("aria-current", "true");
    if (current === row.dataset.row) row.classList.add("is-current");
    if (known.size && !known.has(row.dataset.row)) row.classList.add("is-new");
  }
  if (focusKey) (list.querySelector(`[data-row="${CSS.escape(focusKey)}"]`) ?? document.getElementById(focusKey))?.focus({ preventScroll: true });
  list.scrollTop = scroll;
  if (list.dataset.keys !== undefined) holdStill(list, resting);
  window.htmx?.process(list);
  tickAll();
  list.dispatchEvent(new CustomEvent("yw:swapped", { bubbles: true }));
}

export function startPolling() {
  const tags = new WeakMap();
  for (const kind of ["pointermove", "keydown", "wheel"]) {
    document.addEventListener(kind, (event) => {
      const list = event.target.closest?.("[data-poll]");
      if (list) list.dataset.busyAt = String(Date.now());
    }, { passive: true });
  }
  document.addEventListener("pointerdown", () => { isPressed = true; }, { passive: true });
  for (const kind of ["pointerup", "pointercancel"]) document.addEventListener(kind, () => { isPressed = false; }, { passive: true });
  const nextAt = new WeakMap();
  const round = async () => {
    if (!document.hidden) {
      const now = Date.now();
      const lists = [...document.querySelectorAll("[data-poll]")].filter((list) => (nextAt.get(list) ?? 0) <= now);
      for (const list of lists) nextAt.set(list, now + Number(list.dataset.every ?? 3000) * (isLost ? 2 : 1));
      await Promise.all(lists.map((list) => ask(list, tags)));
      if (isLost) showLink();
    }
    setTimeout(round, 1000);
  };
  if (document.querySelector("[data-poll]")) {
    // Only a page that keeps itself current may say that it is live; the bell alone does not make it so.
    if (document.querySelector("[data-poll]:not([data-in-passing])")) for (const dot of document.querySelectorAll("[data-live]")) dot.hidden = false;
    for (const list of document.querySelectorAll("[data-poll]")) nextAt.set(list, Date.now() + Number(list.dataset.every ?? 3000));
    setTimeout(round, 1000);
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    for (const list of document.querySelectorAll("[data-poll]")) nextAt.delete(list);
  });
}
