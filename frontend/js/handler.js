/* The handler's pages: canned answers, the clock in the title bar, how far away, printing. */
import { say } from "./phrases.js";

/* <a data-canned="words" data-canned-into="box"> puts its words into the box; without a script it leads to a
   page where they stand already. */
function startCanned() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-canned]");
    const box = link && document.getElementById(link.dataset.cannedInto);
    if (!box) return;
    event.preventDefault();
    const words = link.dataset.canned;
    box.value = box.value.trim() ? `${box.value.trimEnd()}\n${words}` : words;
    link.closest("details").open = false;
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
    box.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

/* On a phone the clock's block scrolls away: a small one then stands in the title bar. */
function startTitleClock() {
  const clock = document.querySelector("[data-case-clock]");
  const bar = document.querySelector(".case-top");
  if (!clock || !bar || !("IntersectionObserver" in window)) return;
  new IntersectionObserver(
    ([seen]) => bar.classList.toggle("is-past", !seen.isIntersecting),
    { rootMargin: "-110px 0px 0px" },
  ).observe(clock);
}

const RADIUS_M = 6371008;
let here = null;

function metres(lon, lat) {
  const rad = Math.PI / 180;
  const x = (lon - here.longitude) * rad * Math.cos(((lat + here.latitude) / 2) * rad);
  return Math.hypot(x, (lat - here.latitude) * rad) * RADIUS_M;
}

function showDistances() {
  if (!here) return;
  for (const place of document.querySelectorAll(".case-distance")) {
    const far = metres(Number(place.dataset.lon), Number(place.dataset.lat));
    const words = far < 1000 ? say("metres", { n: Math.round(far / 10) * 10 }) : say("kilometres", { n: (far / 1000).toFixed(1) });
    place.textContent = place.closest(".block-line") ? ` · ${say("awayFromYou", { far: words })}` : words;
    place.hidden = false;
  }
}

/* Asked for only by a press, unless this device has said yes before. */
async function startDistances() {
  const button = document.querySelector("[data-where-am-i]");
  if (!document.querySelector(".case-distance") && !button) return;
  if (!navigator.geolocation || !navigator.permissions) return;
  const locate = () => navigator.geolocation.getCurrentPosition(
    (found) => { here = found.coords; if (button) button.hidden = true; showDistances(); },
    () => { if (button) button.hidden = true; },
    { maximumAge: 60000, timeout: 10000 },
  );
  let state = "prompt";
  try { ({ state } = await navigator.permissions.query({ name: "geolocation" })); } catch { /* asked by the press */ }
  if (state === "granted") locate();
  else if (button && state === "prompt") {
    button.hidden = false;
    button.addEventListener("click", locate);
  }
  document.addEventListener("yw:swapped", showDistances);
}

function startPrinting() {
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
}

/* A picture that waits for a line shows where it will stand, so that nobody takes it again. */
function startShots() {
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("form.shot");
    if (form) form.taken = event.target.files?.[0] ?? form.taken;
  });
  document.addEventListener("yw:kept", (event) => {
    const form = event.target.closest("form.shot");
    if (!form?.taken) return;
    const shown = document.createElement("figure");
    shown.className = "photo is-kept";
    const image = new Image();
    image.src = URL.createObjectURL(form.taken);
    image.alt = form.querySelector(".photo-add span")?.textContent ?? "";
    const words = document.createElement("figcaption");
    words.textContent = say("keptHere");
    shown.append(image, words);
    form.before(shown);
    form.taken = null;
    // A second one from here is another picture, beside the first.
    if (form.parentElement.classList.contains("work-pair")) form.hidden = true;
  });
}

export function startHandler() {
  startCanned();
  startTitleClock();
  startDistances();
  startPrinting();
  startShots();
  // What was kept for later is out of the hand: its sheet closes.
  document.addEventListener("yw:kept", (event) => event.target.closest("dialog")?.close());
}
