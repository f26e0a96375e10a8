/* One place, and what is around it. */
import * as L from "leaflet";
import { drawBase, number, tint, watchSize } from "./base.js";
import { place } from "./pins.js";

function nearby(element) {
  try {
    return JSON.parse(element.dataset.nearby || "[]");
  } catch {
    return [];
  }
}

export async function viewMap(element, map, base) {
  const [lon, lat] = [number(element.dataset.lon), number(element.dataset.lat)];
  const known = lon !== null && lat !== null;
  const drawn = await drawBase(map, base);
  // Several areas: the picture holds them all.
  let area = null;
  for (const code of (element.dataset.area || "").split(" ").filter(Boolean)) {
    const bounds = await tint(map, base, code, drawn);
    if (bounds) area = area ? area.extend(bounds) : bounds;
  }
  const others = nearby(element);
  const isRoute = element.dataset.route !== undefined;
  // The stops of a route lie over each other, and stand in a list beside the map: that is what the keyboard takes.
  const focusable = isRoute ? false : undefined;
  for (const item of others) {
    place(item.kind || "near", item.lat, item.lon, item.title, item.href, item.letter, focusable).addTo(map);
  }
  if (isRoute) {
    const stops = [...(known ? [[lat, lon]] : []), ...others.map((item) => [item.lat, item.lon])];
    L.polyline(stops, { className: "map-route", interactive: false }).addTo(map);
  }
  if (known) place("own", lat, lon, element.dataset.title).addTo(map);
  watchSize(map, element, () => {
    const all = [...(known ? [[lat, lon]] : []), ...others.map((item) => [item.lat, item.lon])];
    if (element.dataset.fit !== undefined && all.length) map.fitBounds(L.latLngBounds(all), { animate: false, padding: [40, 48], maxZoom: 16 });
    else if (known) map.setView([lat, lon], 15, { animate: false });
    else map.fitBounds(area || drawn.bounds, { animate: false, padding: [12, 12] });
  });
}
