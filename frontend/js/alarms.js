/* An emergency that comes onto the desk is seen and, where the person has asked for it, heard: the title says so,
   the row is marked by its edge, and two short tones sound. No sound without a click that asked for it. */
import { say } from "./phrases.js";

const KEPT = "alarm-sound";
const title = document.title;
let context = null;

const numbers = (queue) =>
  new Set([...queue.querySelectorAll('[data-row][data-edge="emergency"]')].map((row) => row.dataset.row));

function isOn() {
  try {
    return localStorage.getItem(KEPT) === "on";
  } catch {
    return false; // a browser that keeps nothing plays nothing
  }
}

function tone(at) {
  const wave = context.createOscillator(), volume = context.createGain();
  wave.frequency.value = 880;
  volume.gain.setValueAtTime(0.0001, at);
  volume.gain.exponentialRampToValueAtTime(0.25, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.28);
  wave.connect(volume).connect(context.destination);
  wave.start(at);
  wave.stop(at + 0.3);
}

function sound() {
  context ??= new AudioContext();
  // Until somebody has clicked on the page, browsers hold it back: then nothing sounds, and nothing fails.
  context.resume().then(() => [0, 0.4].forEach((later) => tone(context.currentTime + later)), () => {});
}

function showButton(button) {
  button.hidden = false;
  button.setAttribute("aria-pressed", String(isOn()));
}

export function startAlarms() {
  const queue = document.getElementById("desk-queue");
  if (!queue) return;
  let known = numbers(queue);
  const show = () => queue.querySelectorAll("[data-alarm-sound]").forEach(showButton);
  show();
  queue.addEventListener("click", (event) => {
    const button = event.target.closest("[data-alarm-sound]");
    if (!button) return;
    try {
      localStorage.setItem(KEPT, isOn() ? "off" : "on");
    } catch {
      return;
    }
    show();
    if (isOn()) sound();
  });
  queue.addEventListener("yw:swapped", () => {
    show();
    const now = numbers(queue);
    const fresh = [...now].some((number) => !known.has(number));
    known = now;
    if (!fresh) return;
    document.title = say("emergency", { title });
    if (isOn()) sound();
  });
  for (const seen of ["pointerdown", "keydown"]) document.addEventListener(seen, () => (document.title = title));
}
