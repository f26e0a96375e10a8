/* Areas from data-points-url, drawn over the district's own: what a file would change, or what lies in one. */
import * as L from "leaflet";
import { drawBase, nameOf, watchSize } from "./base.js";

const WORDS = { added: "added", changed: "changed", retired: "gone" };

export async function outlinesMap(element, map, base) {
  const [drawn, answer] = await Promise.all([
    drawBase(map, base),
    fetch(element.dataset.pointsUrl, { credentials: "same-origin" }).then((response) => {
      if (!response.ok) throw new Error(`${element.dataset.pointsUrl}: ${response.status}`);
      return response.json();
    }),
  ]);
  const layer = L.geoJSON(answer, {
    style: (feature) => ({ className: `map-outline is-${WORDS[feature.properties.what] || "own"}`, weight: 1.5 }),
    onEachFeature: (feature, shape) => {
      shape.bindTooltip(() => document.createTextNode(nameOf(feature)), { sticky: true, className: "map-tip" });
    },
  }).addTo(map);
  const shown = answer.features.length ? layer.getBounds() : drawn.bounds;
  // A map of another place lies beyond the one that there is.
  map.setMaxBounds(L.latLngBounds(shown.getSouthWest(), shown.getNorthEast()).extend(drawn.bounds).pad(0.5));
  watchSize(map, element, () => map.fitBounds(shown, { animate: false, padding: [16, 16] }));
}
