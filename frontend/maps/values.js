/* Areas coloured by a number. */
import * as L from "leaflet";
import { labelsOf, nameOf, outline, polygons, watchSize } from "./base.js";

const STEPS = 5;

/** 0-4 by rank, so that one far value does not wash out the others; equal values share a step. */
export function stepsByRank(values) {
  const sorted = [...new Set(values)].sort((a, b) => a - b);
  return (value) => Math.min(STEPS - 1, Math.floor((sorted.indexOf(value) * STEPS) / Math.max(1, sorted.length)));
}

export function drawLegend(map, words, empty) {
  const control = L.control({ position: "topleft" });
  control.onAdd = () => {
    const list = L.DomUtil.create("ul", "map-legend");
    const rows = words.map((text, step) => [`map-key map-step-${step}`, text]).reverse();
    if (empty) rows.push(["map-key map-step-none", empty]);
    for (const [className, text] of rows) {
      const row = L.DomUtil.create("li", "", list);
      L.DomUtil.create("span", className, row);
      row.append(document.createTextNode(text));
    }
    return list;
  };
  control.addTo(map);
}

export async function valuesMap(element, map, base) {
  const kind = element.dataset.kind || "communities";
  const [areas, streets, answer] = await Promise.all([
    outline(base, `${kind}.json`),
    outline(base, "streets.json"),
    fetch(element.dataset.valuesUrl, { credentials: "same-origin" }).then((response) => {
      if (!response.ok) throw new Error(`${element.dataset.valuesUrl}: ${response.status}`);
      return response.json();
    }),
  ]);
  const values = answer.values || {};
  const stepOf = stepsByRank(Object.values(values).map((item) => item.value));
  const empty = element.dataset.empty || "";
  const layer = L.geoJSON(areas, {
    style: (feature) => {
      const item = values[feature.id];
      const step = item ? item.step ?? stepOf(item.value) : "none";
      const more = `${item && item.href ? " map-link" : ""}${item && item.outline ? " map-outlined" : ""}`;
      return { className: `map-area map-step-${step}${more}`, weight: 1 };
    },
    onEachFeature: (feature, shape) => {
      const item = values[feature.id];
      const words = `${nameOf(feature)} · ${item ? item.label : empty}`;
      shape.bindTooltip(() => document.createTextNode(words), { sticky: true, className: "map-tip" });
      if (item && item.href) shape.on("click", () => window.location.assign(item.href));
      shape.on("add", () => {
        const path = shape.getElement();
        if (!path) return;
        // A shape that leads nowhere is a picture; its number stands in the table or list beside the map.
        if (!(item && item.href)) return;
        path.setAttribute("aria-label", words);
        path.setAttribute("tabindex", "0");
        path.setAttribute("role", "link");
        path.addEventListener("keydown", (event) => {
          if (event.key === "Enter") window.location.assign(item.href);
        });
      });
    },
  });
  // With an area given, its own communities fill the picture.
  const inside = element.dataset.area ? areas.features.filter((feature) => feature.properties.parent === element.dataset.area) : [];
  const bounds = inside.length ? L.geoJSON(inside).getBounds() : layer.getBounds();
  map.fitBounds(bounds, { animate: false });
  map.setMaxBounds(layer.getBounds().pad(0.5));
  layer.addTo(map);
  // What is outlined lies over its neighbours' edges.
  layer.eachLayer((shape) => values[shape.feature.id]?.outline && shape.bringToFront());
  polygons(streets.features, "map-street").addTo(map);
  labelsOf(map, streets.features, "map-label map-label-street").addTo(map);
  if (answer.legend && answer.legend.length) drawLegend(map, answer.legend, empty);
  watchSize(map, element, () => map.fitBounds(bounds, { animate: false, padding: [8, 8] }));
}
