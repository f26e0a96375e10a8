/* The patrol's pages: where the phone is, the round in the order from there, and what the words are about. */

const EARTH_M = 6371008.8;
const GUESS_AFTER_MS = 400;

const radians = (degrees) => (degrees * Math.PI) / 180;

function metres(one, other) {
  const [dLat, dLon] = [radians(other.lat - one.lat), radians(other.lon - one.lon)];
  const a = Math.sin(dLat / 2) ** 2 + Math.cos(radians(one.lat)) * Math.cos(radians(other.lat)) * Math.sin(dLon / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.sqrt(a));
}

function whereAmI() {
  return new Promise((resolve, reject) => {
    if (!navigator.geolocation) { reject(new Error("none")); return; }
    navigator.geolocation.getCurrentPosition(({ coords }) => resolve(coords), reject, { enableHighAccuracy: true, timeout: 12000, maximumAge: 30000 });
  });
}

/* --- the round ---------------------------------------------------------------------------------- */

/** Always on to the nearest, then turned round where ways cross: incidents/field/route.py, with a start. */
function inOrder(stops, start) {
  const left = [...stops], order = [];
  let here = start;
  while (left.length) {
    left.sort((a, b) => metres(here, a) - metres(here, b));
    here = left.shift();
    order.push(here);
  }
  for (let again = true; again; ) {
    again = false;
    for (let i = 0; i < order.length - 1; i += 1) {
      const before = i ? order[i - 1] : start;
      for (let j = i + 1; j < order.length; j += 1) {
        const after = order[j + 1];
        const now = metres(before, order[i]) + (after ? metres(order[j], after) : 0);
        const turned = metres(before, order[j]) + (after ? metres(order[i], after) : 0);
        if (turned >= now - 0.5) continue;
        order.splice(i, j - i + 1, ...order.slice(i, j + 1).reverse());
        again = true;
      }
    }
  }
  return order;
}

/** The map's numbers are the list's. It is another map then: the old one goes with its element. */
function drawAnew(order) {
  const old = document.querySelector(".patrol-map [data-map]");
  if (!old) return;
  const fresh = old.cloneNode(false);
  fresh.className = old.className.split(" ").filter((name) => !name.startsWith("leaflet") && !name.startsWith("is-")).join(" ");
  delete fresh.dataset.mounted;
  fresh.removeAttribute("tabindex");
  fresh.dataset.nearby = JSON.stringify(
    order.map((stop, index) => {
      const link = stop.row.querySelector("a");
      const title = `${index + 1}. ${link.querySelector(".case-title").textContent}`;
      return { lon: stop.lon, lat: stop.lat, title, href: link.pathname, letter: String(index + 1) };
    }),
  );
  old.replaceWith(fresh);
  fresh.dispatchEvent(new CustomEvent("yw:swapped", { bubbles: true }));
}

function startRound(list) {
  const button = document.querySelector("[data-order]");
  const way = document.querySelector("[data-way]");
  const said = document.querySelector("[data-order-said]");
  const rows = [...list.children];
  const stops = rows
    .filter((row) => row.dataset.lon)
    .map((row) => ({ row, lon: Number(row.dataset.lon), lat: Number(row.dataset.lat) }));
  if (!navigator.geolocation || !stops.length) return;
  const words = button.querySelector("[data-words]");
  const usual = words.textContent;
  const length = (m) =>
    m < 950
      ? button.dataset.metres.replace("{metres}", String(Math.round(m / 10) * 10))
      : button.dataset.kilometres.replace("{kilometres}", (m / 1000).toFixed(1));
  const order = async () => {
    words.textContent = button.dataset.locating;
    button.disabled = true;
    let coords = null;
    try { coords = await whereAmI(); } catch { /* said below */ }
    words.textContent = coords ? usual : button.dataset.refused;
    button.disabled = false;
    if (!coords) return;
    let here = { lon: coords.longitude, lat: coords.latitude }, whole = 0;
    const walk = inOrder(stops, here);
    walk.forEach((stop, index) => {
      const leg = metres(here, stop);
      whole += leg;
      stop.row.querySelector("[data-number]").textContent = String(index + 1);
      stop.row.querySelector("[data-leg]").textContent = length(leg);
      here = stop;
      list.append(stop.row);
    });
    rows.filter((row) => !row.dataset.lon).forEach((row, index) => {
      row.querySelector("[data-number]").textContent = String(stops.length + index + 1);
      list.append(row);
    });
    drawAnew(walk);
    way.textContent = button.dataset.whole.replace("{length}", length(whole));
    said.textContent = said.dataset.said;
  };
  button.hidden = false;
  button.addEventListener("click", order);
  // Where it may be asked without a question on the screen, it is done at once.
  navigator.permissions?.query({ name: "geolocation" }).then((state) => state.state === "granted" && order(), () => undefined);
}

/* --- a report ----------------------------------------------------------------------------------- */

function startPlace(form) {
  const where = form.querySelector("[data-where]");
  const button = form.querySelector("[data-locate-me]");
  const [lon, lat, accuracy] = ["lon", "lat", "accuracy"].map((name) => form.elements[name]);
  let isByHand = Boolean(lon.value);
  // A tap on the map is what the patrol means: no position comes over it any more.
  lon.addEventListener("change", () => { isByHand = true; accuracy.value = ""; });
  const locate = async (isWanted) => {
    if (!lon.value) where.textContent = where.dataset.locating;
    try {
      const coords = await whereAmI();
      if (isByHand && !isWanted) return;
      [lon.value, lat.value] = [coords.longitude.toFixed(6), coords.latitude.toFixed(6)];
      accuracy.value = String(Math.round(coords.accuracy));
      where.textContent = where.dataset.have.replace("{metres}", String(Math.round(coords.accuracy)));
      lon.dispatchEvent(new CustomEvent("yw:place"));
    } catch {
      if (!lon.value) where.textContent = where.dataset.refused;
    }
  };
  if (!navigator.geolocation) return;
  button.hidden = false;
  button.addEventListener("click", () => { isByHand = false; locate(true); });
  form.addEventListener("yw:kept", () => { isByHand = false; locate(false); });
  if (!lon.value) locate(false);
}

function startGuessing(form) {
  const text = form.elements.text;
  const box = form.querySelector("[data-guesses]"), chips = form.querySelector("[data-chips]");
  const emergency = form.querySelector("[data-emergency]");
  let timer = 0, asked = "";
  const chip = (guess, isChosen) => {
    const label = document.createElement("label");
    label.className = "chip";
    const radio = document.createElement("input");
    [radio.type, radio.name, radio.value, radio.checked] = ["radio", "category", guess.code, isChosen];
    const words = document.createElement("span");
    words.textContent = guess.name;
    label.append(radio, words);
    return label;
  };
  const ask = async () => {
    const words = text.value.trim();
    if (words === asked) return;
    asked = words;
    let told = { guesses: [], is_emergency: false };
    if (words.length >= 2 && navigator.onLine !== false) {
      try {
        const body = new FormData();
        body.append("text", words);
        const token = document.querySelector("meta[name=csrf-token]").content;
        const answer = await fetch(form.dataset.guess, { method: "POST", body, headers: { "X-CSRFToken": token }, credentials: "same-origin" });
        if (answer.ok) told = await answer.json();
      } catch { /* no line: the system decides when it arrives */ }
    }
    if (words !== asked) return;
    const chosen = form.querySelector("input[name=category]:checked")?.value ?? "";
    chips.replaceChildren(...told.guesses.map((guess) => chip(guess, guess.code === chosen)));
    if (!form.querySelector("input[name=category]:checked")) form.querySelector(".chip-quiet input").checked = true;
    box.hidden = !told.guesses.length;
    emergency.hidden = !told.is_emergency;
  };
  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, GUESS_AFTER_MS);
  });
  form.addEventListener("yw:kept", () => { box.hidden = emergency.hidden = true; chips.replaceChildren(); asked = ""; });
  if (text.value) ask();
}

/* --- what a form needs ------------------------------------------------------------------------- */

/** What the server will ask for is asked for here too: without a line it could not say so for hours. */
function startNeeds(form) {
  const look = () => {
    const isNotFixed = form.elements.fixed?.value === "no", isDone = form.elements.done?.value === "yes";
    if (form.dataset.check !== undefined) form.elements.text.required = isNotFixed;
    if (form.dataset.report === undefined) return;
    form.elements.did.required = isDone;
    if (form.elements.after) form.elements.after.required = isDone && !form.elements.kept_after;
    form.elements.address.required = !form.elements.lat.value;
  };
  form.addEventListener("change", look);
  form.addEventListener("yw:kept", look);
  form.addEventListener("yw:place", look, true);
  look();
}

function start(root) {
  const list = root.querySelector("[data-stops]");
  if (list) startRound(list);
  const form = root.querySelector("form[data-report]");
  if (form) { startPlace(form); startGuessing(form); }
  for (const one of root.querySelectorAll("form[data-report], form[data-check]")) startNeeds(one);
}

start(document);
// A refused form comes back in place of the page.
document.addEventListener("htmx:load", (event) => event.target.matches?.("main") && start(event.target));
