/* Schematic maps of the district: outlines from /geo, no tiles, nothing from elsewhere.

   mountMaps(root) brings every [data-map] in root to life, once:
     data-map="view"    one place: data-lon, data-lat, data-title; or data-area, the code of an area to tint
                        data-nearby='[{"lon","lat","title","href"}]' marks others around it
     data-map="pick"    a tap, the arrow keys or the device's position set the two fields named by
                        data-lon-input and data-lat-input (selectors); typing into them moves the pin
                        data-place-output: where the street and community of the pin are written
                        data-outside: what is written there for a point outside the district
                        data-area: the code of an area that is known already, tinted and zoomed to
                        data-locate: selector of the button that asks the device; data-locating,
                        data-refused: what the button says meanwhile, and when the answer is no
     data-map="values"  communities (or data-kind="streets") coloured by data-values-url:
                        {"values": {code: {"value": 3.2, "label": "3.2 %", "href": "/cases/?…"}},
                         "legend": ["below 2 %", …]}; a step comes as "step" 0-4, or by rank of value
                        data-empty: what an area without a value is called
                        data-area: the code of the street that fills the picture
   All: data-credit (the words in the corner), data-title (what the map is called when read aloud),
   data-geo (where the outlines are, "/geo"). Names follow <html lang>. Colours are CSS classes. */
import * as L from "leaflet";

const SVG = "http://www.w3.org/2000/svg";
const METRES_PER_DEGREE = 111320;
const NUDGE_METRES = { plain: 5, shift: 50 };
const STEPS = 5;
const CELL_ZOOM = 15;
const COMMUNITY_LABEL_ZOOM = 13;

const outlines = new Map();

/** One fetch for each file, whatever asks for it; a failed one may be asked again. */
function outline(base, path) {
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

function nameOf(feature) {
  const english = document.documentElement.lang.toLowerCase().startsWith("en");
  return english ? feature.properties.name_en : feature.properties.name_zh;
}

/** 坂田 for 坂田街道: a label on the map says the kind by its size. */
function labelOf(feature) {
  return nameOf(feature).replace(/(街道|社区| Subdistrict| Community)$/, "");
}

function number(text) {
  const value = text === undefined || text === "" ? NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

/** A drop with a dot, drawn node by node: no markup in strings. */
function pinIcon(kind) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 32 42");
  svg.setAttribute("aria-hidden", "true");
  const drop = document.createElementNS(SVG, "path");
  drop.setAttribute("d", "M16 1C7.7 1 1 7.6 1 15.8 1 26.3 16 41 16 41s15-14.7 15-25.2C31 7.6 24.3 1 16 1z");
  const dot = document.createElementNS(SVG, "circle");
  for (const [key, value] of [["cx", 16], ["cy", 15.5], ["r", 5.5]]) dot.setAttribute(key, value);
  svg.append(drop, dot);
  return L.divIcon({ html: svg, className: `map-pin map-pin-${kind}`, iconSize: [32, 42], iconAnchor: [16, 41] });
}

function textBox(position, className, text) {
  const control = L.control({ position });
  control.onAdd = () => {
    const box = L.DomUtil.create("div", className);
    box.textContent = text;
    return box;
  };
  return control;
}

/** Is a point in the outer ring and in no hole? */
function contains(feature, lon, lat) {
  return feature.geometry.coordinates.reduce((inside, ring) => {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
      const [x1, y1] = ring[i];
      const [x2, y2] = ring[j];
      if (y1 > lat !== y2 > lat && lon < x1 + ((lat - y1) * (x2 - x1)) / (y2 - y1)) inside = !inside;
    }
    return inside;
  }, false);
}

function polygons(features, className, options = {}) {
  return L.geoJSON(features, { interactive: false, style: () => ({ className, weight: 1 }), ...options });
}

function addLabels(features, className) {
  const labels = L.layerGroup();
  for (const feature of features) {
    const [lon, lat] = feature.properties.center;
    L.tooltip({ permanent: true, direction: "center", className, interactive: false, opacity: 1 })
      .setLatLng([lat, lon])
      .setContent(document.createTextNode(labelOf(feature)))
      .addTo(labels);
  }
  return labels;
}

/** The district's outlines and names; cells appear close up, for the street in the middle only. */
async function drawBase(map, base) {
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
  const streetLabels = addLabels(streets.features, "map-label map-label-street").addTo(map);
  const communityLabels = addLabels(communities.features, "map-label map-label-community");
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

function newMap(element) {
  const map = L.map(element, {
    attributionControl: false,
    zoomControl: false,
    zoomSnap: 0.25,
    maxZoom: 18,
    scrollWheelZoom: false,
    keyboard: true,
  });
  const chinese = document.documentElement.lang.startsWith("zh");
  L.control
    .zoom({
      position: element.dataset.map === "pick" ? "topright" : "bottomright",
      zoomInTitle: chinese ? "放大" : "Zoom in",
      zoomOutTitle: chinese ? "缩小" : "Zoom out",
    })
    .addTo(map);
  textBox("bottomleft", "map-credit", element.dataset.credit || "").addTo(map);
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
function watchSize(map, element, onFirstSize) {
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

function place(kind, lat, lon, title, href) {
  const marker = L.marker([lat, lon], {
    icon: pinIcon(kind),
    alt: title || "",
    title: title || "",
    keyboard: kind !== "near" || Boolean(href),
    zIndexOffset: kind === "near" ? 0 : 1000,
  });
  if (href) marker.on("click", () => window.location.assign(href));
  return marker;
}

function nearby(element) {
  try {
    return JSON.parse(element.dataset.nearby || "[]");
  } catch {
    return [];
  }
}

/** Tint the area with that code and return its bounds. */
async function tint(map, base, code, drawn) {
  let feature = [...drawn.communities, ...drawn.streets].find((item) => item.id === code);
  if (!feature && code.length === 15) {
    const collection = await outline(base, `cells.json?street=${code.slice(0, 9)}000`);
    feature = collection.features.find((item) => item.id === code);
  }
  return feature ? polygons([feature], "map-here").addTo(map).getBounds() : null;
}

async function viewMap(element, map, base) {
  const [lon, lat] = [number(element.dataset.lon), number(element.dataset.lat)];
  const known = lon !== null && lat !== null;
  const drawn = await drawBase(map, base);
  const area = element.dataset.area ? await tint(map, base, element.dataset.area, drawn) : null;
  for (const item of nearby(element)) place("near", item.lat, item.lon, item.title, item.href).addTo(map);
  if (known) place("own", lat, lon, element.dataset.title).addTo(map);
  watchSize(map, element, () => {
    if (known) map.setView([lat, lon], 15, { animate: false });
    else map.fitBounds(area || drawn.bounds, { animate: false, padding: [12, 12] });
  });
}

async function pickMap(element, map, base) {
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
    if (move) map.setView([lat, lon], Math.max(map.getZoom(), 15));
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

/** 0-4 by rank, so that one far value does not wash out the others; equal values share a step. */
function stepsByRank(values) {
  const sorted = [...new Set(values)].sort((a, b) => a - b);
  return (value) => Math.min(STEPS - 1, Math.floor((sorted.indexOf(value) * STEPS) / Math.max(1, sorted.length)));
}

function drawLegend(map, words, empty) {
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

async function valuesMap(element, map, base) {
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
      return { className: `map-area map-step-${step}${item && item.href ? " map-link" : ""}`, weight: 1 };
    },
    onEachFeature: (feature, shape) => {
      const item = values[feature.id];
      const words = `${nameOf(feature)} · ${item ? item.label : empty}`;
      shape.bindTooltip(() => document.createTextNode(words), { sticky: true, className: "map-tip" });
      if (item && item.href) shape.on("click", () => window.location.assign(item.href));
      shape.on("add", () => {
        const path = shape.getElement();
        if (!path) return;
        path.setAttribute("aria-label", words);
        if (!(item && item.href)) return;
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
  polygons(streets.features, "map-street").addTo(map);
  addLabels(streets.features, "map-label map-label-street").addTo(map);
  if (answer.legend && answer.legend.length) drawLegend(map, answer.legend, empty);
  watchSize(map, element, () => map.fitBounds(bounds, { animate: false, padding: [8, 8] }));
}

const modes = { view: viewMap, pick: pickMap, values: valuesMap };

/** Draw every map in `root` that is not drawn yet. A map that cannot be drawn says so by a class. */
export function mountMaps(root = document) {
  const elements = [...root.querySelectorAll("[data-map]")];
  if (root instanceof Element && root.matches("[data-map]")) elements.unshift(root);
  for (const element of elements) {
    if (element.dataset.mounted) continue;
    element.dataset.mounted = "1";
    const mode = modes[element.dataset.map] || viewMap;
    const map = newMap(element);
    mode(element, map, element.dataset.geo || "/geo").then(
      () => element.classList.add("is-drawn"),
      () => element.classList.add("is-broken"),
    );
  }
}
