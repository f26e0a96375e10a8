/* A place that a tap, the arrow keys or the device sets. */
import * as L from "leaflet";
import { contains, drawBase, nameOf, number, tint, watchSize } from "./base.js";
import { place } from "./pins.js";

const METRES_PER_DEGREE = 111320;
const NUDGE_METRES = { plain: 5, shift: 50 };

export async function pickMap(element, map, base) {
  const { lonInput, latInput, placeOutput, outside, locate, locating, refused } = element.dataset;
  const [lonField, latField] = [document.querySelector(lonInput), document.querySelector(latInput)];
  const output = placeOutput ? document.querySelector(placeOutput) : null;
  const drawn = await drawBase(map, base);
  const area = element.dataset.area ? await tint(map, base, element.dataset.area, drawn) : null;
  let marker = null;

  const describe = (lon, lat) => {
    if (!output) return;
    const community = drawn.communities.find((feature) => contains(feature, lon, lat));
    const street = community && drawn.streets.find((feature) => feature.id === community.properties.parent);
    output.textContent = street ? `${nameOf(street)} · ${nameOf(community)}` : outside || "";
    output.classList.toggle("is-outside", !street);
  };
  const show = (lon, lat, { move }) => {
    if (!marker) {
      marker = place("own", lat, lon, element.dataset.title).addTo(map);
      L.DomEvent.on(marker.getElement(), "keydown", nudge);
    }
    marker.setLatLng([lat, lon]);
    // Outside there is nothing but grey: the district is shown, and the line below says it.
    const isInside = drawn.communities.some((feature) => contains(feature, lon, lat));
    if (!isInside) map.fitBounds(area || drawn.bounds, { animate: false, padding: [8, 8] });
    else if (move) map.setView([lat, lon], Math.max(map.getZoom(), 15));
    else map.panInside([lat, lon], { padding: [32, 48] });
    describe(lon, lat);
  };
  const pick = (lon, lat, options = { move: false }) => {
    lonField.value = lon.toFixed(6);
    latField.value = lat.toFixed(6);
    show(lon, lat, options);
    lonField.dispatchEvent(new Event("change", { bubbles: true }));
  };
  function nudge(event) {
    const direction = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
    if (!direction) return;
    L.DomEvent.stop(event);
    const metres = event.shiftKey ? NUDGE_METRES.shift : NUDGE_METRES.plain;
    const { lng, lat } = marker.getLatLng();
    const degree = metres / METRES_PER_DEGREE;
    pick(lng + (direction[0] * degree) / Math.cos((lat * Math.PI) / 180), lat + direction[1] * degree);
  }
  const fromFields = (options) => {
    const [lon, lat] = [number(lonField.value), number(latField.value)];
    if (lon !== null && lat !== null) show(lon, lat, options);
  };

  map.on("click", (event) => pick(event.latlng.lng, event.latlng.lat));
  // From the keyboard the pin is put into the middle of the map, and then nudged.
  L.DomEvent.on(element, "keydown", (event) => {
    if (event.key !== "Enter" || event.target !== element) return;
    L.DomEvent.stop(event);
    const { lng, lat } = map.getCenter();
    pick(lng, lat);
    marker.getElement().focus();
  });
  for (const field of [lonField, latField]) {
    field.addEventListener("change", (event) => {
      if (event.isTrusted) fromFields({ move: true });
    });
  }
  // A page that asks the device by itself says so when it has written the fields.
  lonField.addEventListener("yw:place", () => fromFields({ move: true }));
  const button = locate ? document.querySelector(locate) : null;
  if (button && navigator.geolocation) {
    button.hidden = false;
    const words = button.querySelector("[data-words]") || button;
    const usual = words.textContent;
    button.addEventListener("click", () => {
      words.textContent = locating || usual;
      button.disabled = true;
      const done = (text) => {
        words.textContent = text;
        button.disabled = false;
      };
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          done(usual);
          pick(coords.longitude, coords.latitude, { move: true });
        },
        () => done(refused || usual),
        { enableHighAccuracy: true, timeout: 10000, maximumAge: 60000 },
      );
    });
  }
  watchSize(map, element, () => {
    map.fitBounds(area || drawn.bounds, { animate: false, padding: [8, 8] });
    fromFields({ move: true });
  });
}
