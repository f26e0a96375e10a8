/* Clocks that tick by themselves: the server says its time once, the browser counts on from there. */
import { say } from "./phrases.js";

const root = document.documentElement;
const rate = Number(root.dataset.rate ?? 1);
let serverStart = Date.parse(root.dataset.now ?? "") || Date.now();
let localStart = performance.now();

/** The district's time in milliseconds; a simulation may run faster than the wall clock. */
export function districtNow() {
  return serverStart + (performance.now() - localStart) * rate;
}

/** Take a newer server time, from a polled answer. */
export function setDistrictNow(text) {
  const at = Date.parse(text ?? "");
  if (at) [serverStart, localStart] = [at, performance.now()];
}

/** Seconds as a person says them: 2 h 14 min, 1 d 4 h; the server's `duration` filter says the same. */
export function spoken(seconds, precise = false) {
  const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);
  if (days >= 10) return say("d", { days });
  if (days) return hours % 24 ? say("dh", { days, hours: hours % 24 }) : say("d", { days });
  if (hours) return minutes % 60 ? say("hm", { hours, minutes: minutes % 60 }) : say("h", { hours });
  if (precise) return minutes ? say("ms", { minutes, seconds: Math.floor(seconds % 60) }) : say("s", { seconds: Math.floor(seconds) });
  return minutes ? say("m", { minutes }) : say("soon");
}

/** The label in front of the words: with a space between them, except in Chinese. */
function labelled(label, words) {
  if (!label) return words;
  return root.lang.startsWith("zh") ? label + words : `${label} ${words}`;
}

function tick(clock, now) {
  const due = Date.parse(clock.dataset.due);
  const started = Date.parse(clock.dataset.start ?? "");
  const left = (due - now) / 1000;
  const words = clock.querySelector("[data-clock-words]") ?? clock;
  const length = spoken(Math.abs(left), clock.dataset.precise !== undefined && Math.abs(left) < 3600);
  const text = labelled(clock.dataset.label, say(left >= 0 ? "left" : "over", { length }));
  if (words.textContent !== text) words.textContent = text;
  if (!started) return;
  const share = Math.max(0, Math.min(1, (due - now) / (due - started)));
  const state = left < 0 ? "overdue" : clock.dataset.fixed ?? (share <= 0.5 ? "warned" : "on");
  if (clock.dataset.state !== state) {
    clock.dataset.state = state;
    clock.querySelector(".ring")?.setAttribute("data-state", state);
  }
  const hand = clock.querySelector(".ring-hand");
  if (hand && left >= 0) hand.setAttribute("stroke-dasharray", `${(share * 100).toFixed(1)} 100`);
  // Passing its due time turns the ring into the disc that the server draws for overdue clocks.
  if (hand && left < 0) clock.querySelector(".ring")?.replaceWith(overdueDisc(clock.querySelector(".ring")));
}

function overdueDisc(ring) {
  const disc = ring.cloneNode(false);
  disc.innerHTML = '<circle class="ring-disc" cx="18" cy="18" r="17"/><path class="ring-mark" stroke-width="4" d="M26 18H15M10 18h.01"/>';
  disc.dataset.state = "overdue";
  return disc;
}

/** Tick every clock in the page now. */
export function tickAll() {
  const now = districtNow();
  for (const clock of document.querySelectorAll("[data-due]")) tick(clock, now);
  for (const face of document.querySelectorAll("[data-time-of-day]")) {
    const text = new Date(now).toLocaleTimeString(root.lang, { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" });
    if (face.textContent !== text) face.textContent = text;
  }
}

export function startClocks() {
  // Only a precise clock needs seconds; lists change by the minute.
  const step = () => {
    if (!document.hidden) tickAll();
    const quick = rate > 1 || document.querySelector("[data-precise]");
    setTimeout(step, quick ? 1000 : 10000);
  };
  step();
  document.addEventListener("visibilitychange", () => document.hidden || tickAll());
}
