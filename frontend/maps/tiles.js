/* Pictures of streets below our outlines, where the installation names a source of them.

   <meta name="map-tiles" content='{"urls": [...], "datum": "GCJ-02", "credit": "…", "subdomains": [...],
   "max_zoom": 18}'> stands in the page's head then; without it maps are drawn from outlines alone. */
import * as L from "leaflet";
import { fromGcj, toGcj } from "./datum.js";

// So many tiles that failed with none that came mean that the source is out of reach.
const PATIENCE = 6;

/** What the page says about tiles, or null. */
export function tileSource() {
  try {
    return JSON.parse(document.querySelector("meta[name=map-tiles]")?.content ?? "null");
  } catch {
    return null;
  }
}

const mercator = L.Projection.SphericalMercator;
// Everything on the map stays in WGS-84: only where a degree lies on the picture is shifted, both ways.
const shifted = L.extend({}, L.CRS.EPSG3857, {
  code: "GCJ-02",
  projection: {
    R: mercator.R,
    bounds: mercator.bounds,
    project(place) {
      const [lon, lat] = toGcj(place.lng, place.lat);
      return mercator.project(L.latLng(lat, lon));
    },
    unproject(point) {
      const place = mercator.unproject(point);
      const [lon, lat] = fromGcj(place.lng, place.lat);
      return L.latLng(lat, lon);
    },
  },
});

export function projectionFor(source) {
  return source?.datum === "GCJ-02" ? shifted : L.CRS.EPSG3857;
}

/** Lay the tiles under the outlines; where none can be had the outlines show as if there were none. */
export function addTiles(map, element, source) {
  if (!source) return;
  element.classList.add("has-tiles");
  let [came, failed] = [0, 0];
  const layers = source.urls.map((url) =>
    L.tileLayer(url, {
      subdomains: source.subdomains,
      maxNativeZoom: source.max_zoom,
      maxZoom: map.options.maxZoom,
      // The source learns which site asks, for its keys are bound to sites; never which page.
      referrerPolicy: "origin",
    }),
  );
  for (const layer of layers) {
    layer.on("tileload", () => { came += 1; });
    layer.on("tileerror", () => {
      failed += 1;
      if (came || failed < PATIENCE) return;
      element.classList.remove("has-tiles");
      for (const one of layers) one.remove();
    });
    layer.addTo(map);
  }
}
