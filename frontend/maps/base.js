/* What every map has: the district's outlines and names, a size that is true, and a source of tiles. */
import * as L from "leaflet";
import { say } from "../js/phrases.js";
import { addTiles, projectionFor, tileSource } from "./tiles.js";

export const CELL_ZOOM = 15;
const COMMUNITY_LABEL_ZOOM = 13;
const GAP = 4;  // pixels between two names

const outlines = new Map();

/** One fetch for each file, whatever asks for it; a failed one may be asked again. */
export function outline(base, path) {
  const url = `${base}/${path}`;
  if (!outlines.has(url)) {
    const answer = fetch(url, { credentials: "same-origin" }).then((response) => {
      if (!response.ok) throw new Error(`${url}: ${response.status}`);
      return response.json();
    });
    answer.catch(() => outlines.delete(url));
    outlines.set(url, answer);
  }
  return outlines.get(url);
}

export function nameOf(feature) {
  const english = document.documentElement.lang.toLowerCase().startsWith("en");
  return english ? feature.properties.name_en : feature.properties.name_zh;
}

/** 坂田 for 坂田街道: a label on the map says the kind by its size. */
function labelOf(feature) {
  return nameOf(feature).replace(/(街道|社区| Subdistrict| Community)$/, "");
}

export function number(text) {
  const value = text === undefined || text === "" ? NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

export function textBox(position, className, text) {
  const control = L.control({ position });
  control.onAdd = () => {
    const box = L.DomUtil.create("div", className);
    box.textContent = text;
    return box;
  };
  return control;
}

/** Is a point in the outer ring and in no hole? */
export function contains(feature, lon, lat) {
  return feature.geometry.coordinates.reduce((inside, ring) => {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
      const [x1, y1] = ring[i];
      const [x2, y2] = ring[j];
      if (y1 > lat !== y2 > lat && lon < x1 + ((lat - y1) * (x2 - x1)) / (y2 - y1)) inside = !inside;
    }
    return inside;
  }, false);
}

export function polygons(features, className, options = {}) {
  return L.geoJSON(features, { interactive: false, style: () => ({ className, weight: 1 }), ...options });
}

/** Their names, each in the middle of its own; put on the map by the caller. */
export function labelsOf(map, features, className) {
  const labels = L.layerGroup();
  for (const feature of features) {
    const [lon, lat] = feature.properties.center;
    L.tooltip({ permanent: true, direction: "center", className, interactive: false, opacity: 1, pane: "names" })
      .setLatLng([lat, lon])
      .setContent(document.createTextNode(labelOf(feature)))
      .addTo(labels);
  }
  labels.on("add", () => spread(labels));
  map.on("zoomend", () => map.hasLayer(labels) && spread(labels));
  return labels;
}

/** Names that would run into each other stand one below the other; what finds no room is left out. */
function spread(labels) {
  const elements = labels.getLayers().map((label) => label.getElement()).filter(Boolean);
  for (const element of elements) element.style.marginTop = element.style.visibility = "";
  const boxes = elements.map((element) => element.getBoundingClientRect());
  const taken = [];
  boxes.forEach(({ left, right, top, bottom, height }, n) => {
    const isFree = (down) => taken.every((box) =>
      right + GAP <= box.left || box.right + GAP <= left || bottom + down <= box.top || box.bottom <= top + down);
    const down = [0, height, -height].find(isFree);
    if (down === undefined) {
      elements[n].style.visibility = "hidden";
      return;
    }
    if (down) elements[n].style.marginTop = `${down}px`;
    taken.push({ left, right, top: top + down, bottom: bottom + down });
  });
}

/** The district's outlines and names; cells appear close up, for the street in the middle only. */
export async function drawBase(map, base) {
  const [streets, communities] = await Promise.all([
    outline(base, "streets.json"),
    outline(base, "communities.json"),
  ]);
  const fine = polygons(communities.features, "map-community");
  const bounds = fine.getBounds();
  map.fitBounds(bounds, { animate: false });
  map.setMaxBounds(bounds.pad(0.5));
  fine.addTo(map);
  polygons(streets.features, "map-street").addTo(map);
  const streetLabels = labelsOf(map, streets.features, "map-label map-label-street").addTo(map);
  const communityLabels = labelsOf(map, communities.features, "map-label map-label-community");
  const cells = L.layerGroup().addTo(map);
  let drawn = "";
  const refresh = async () => {
    const close = map.getZoom() >= COMMUNITY_LABEL_ZOOM;
    for (const [layer, shown] of [[streetLabels, !close], [communityLabels, close]]) {
      if (shown !== map.hasLayer(layer)) map[shown ? "addLayer" : "removeLayer"](layer);
    }
    const { lng, lat } = map.getCenter();
    const street = streets.features.find((feature) => contains(feature, lng, lat));
    const wanted = street && map.getZoom() >= CELL_ZOOM ? street.id : "";
    if (wanted === drawn) return;
    drawn = wanted;
    cells.clearLayers();
    if (!wanted) return;
    const collection = await outline(base, `cells.json?street=${wanted}`);
    if (drawn === wanted) cells.addLayer(polygons(collection.features, "map-cell"));
  };
  const quietly = () => refresh().catch(() => { drawn = ""; });
  map.on("moveend zoomend", quietly);
  quietly();
  return { streets: streets.features, communities: communities.features, bounds };
}

/** A button that shows where the device is: how far is it from here? */
function addHere(map) {
  const control = L.control({ position: "topright" });
  let spot = null;
  control.onAdd = () => {
    const button = L.DomUtil.create("button", "map-button");
    button.type = "button";
    button.textContent = say("whereAmI");
    L.DomEvent.disableClickPropagation(button);
    button.addEventListener("click", () => {
      button.disabled = true;
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          button.disabled = false;
          const at = [coords.latitude, coords.longitude];
          spot?.remove();
          spot = L.circleMarker(at, { radius: 9, className: "map-self", interactive: false }).addTo(map);
          map.setView(at, Math.max(map.getZoom(), 15));
        },
        () => {
          button.disabled = false;
          button.textContent = say("placeRefused");
        },
        { enableHighAccuracy: true, timeout: 10000, maximumAge: 60000 },
      );
    });
    return button;
  };
  control.addTo(map);
}

export function newMap(element) {
  const source = tileSource();
  const map = L.map(element, {
    crs: projectionFor(source),
    attributionControl: false,
    zoomControl: false,
    // Outlines are sharp at any scale, pictures at their own.
    zoomSnap: source ? 1 : 0.25,
    maxZoom: 18,
    scrollWheelZoom: false,
    keyboard: true,
  });
  L.control
    .zoom({
      position: element.dataset.map === "pick" ? "topright" : "bottomright",
      zoomInTitle: say("zoomIn"),
      zoomOutTitle: say("zoomOut"),
    })
    .addTo(map);
  // Names lie over the outlines and under whatever stands there.
  map.createPane("names").style.zIndex = 450;
  const credits = [element.dataset.credit, source?.credit].filter(Boolean).join(" · ");
  if (credits) textBox("bottomleft", "map-credit", credits).addTo(map);
  addTiles(map, element, source);
  if (element.dataset.here !== undefined && navigator.geolocation) addHere(map);
  if (element.dataset.title) {
    element.setAttribute("role", "region");
    element.setAttribute("aria-label", element.dataset.title);
  }
  // A wheel over the page scrolls the page; once the map is in use it zooms.
  map.on("focus click", () => map.scrollWheelZoom.enable());
  map.on("blur", () => map.scrollWheelZoom.disable());
  return map;
}

/** Keep the map's idea of its size true; a map that left the page takes its listeners along. */
export function watchSize(map, element, onFirstSize) {
  let sized = false;
  const watcher = new ResizeObserver(() => {
    if (!element.isConnected) {
      watcher.disconnect();
      map.remove();
      return;
    }
    if (!element.clientWidth || !element.clientHeight) return;
    map.invalidateSize({ pan: false });
    if (!sized) {
      sized = true;
      onFirstSize();
    }
  });
  watcher.observe(element);
}

/** Tint the area with that code and return its bounds. */
export async function tint(map, base, code, drawn) {
  let feature = [...drawn.communities, ...drawn.streets].find((item) => item.id === code);
  if (!feature && code.length === 15) {
    const collection = await outline(base, `cells.json?street=${code.slice(0, 9)}000`);
    // A block has no outline here: its community's.
    feature =
      collection.features.find((item) => item.id === code) ||
      drawn.communities.find((item) => item.id === code.slice(0, 12));
  }
  return feature ? polygons([feature], "map-here").addTo(map).getBounds() : null;
}
