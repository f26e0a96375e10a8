/* Many cases on one map: single ones, clusters, a glow of density or tinted areas, as the answer has them. */
import * as L from "leaflet";
import { say } from "../js/phrases.js";
import { nameOf, outline, drawBase, contains, CELL_ZOOM, watchSize } from "./base.js";
import { grouped, worstOf } from "./clusters.js";
import { HeatLayer } from "./heat.js";
import { caseIcon, clusterIcon } from "./pins.js";
import { stepsByRank } from "./values.js";

const REACH = 44;
const LISTED = 12;
const SETTLED_MS = 160;

function linkTo({ url, title, sub }) {
  const row = document.createElement("li");
  const link = document.createElement("a");
  link.href = url;
  link.textContent = title;
  row.append(link);
  if (sub) {
    const small = document.createElement("small");
    small.textContent = sub;
    row.append(small);
  }
  return row;
}

/** What is here, as links: the first dozen of them. */
function openList(map, place, cases) {
  const list = document.createElement("ul");
  list.className = "map-found";
  list.append(...cases.slice(0, LISTED).map(linkTo));
  if (cases.length > LISTED) {
    const more = document.createElement("li");
    more.textContent = say("mapMore", { count: cases.length - LISTED });
    list.append(more);
  }
  const popup = L.popup({ minWidth: 220, maxWidth: 320, maxHeight: 280, className: "map-popup" })
    .setLatLng(place)
    .setContent(list)
    .openOn(map);
  const close = popup.getElement()?.querySelector(".leaflet-popup-close-button");
  close?.setAttribute("aria-label", say("close"));
}

/** The frame of the picture as the server takes it: west,south,east,north. */
function frameOf(map) {
  const bounds = map.getBounds();
  return [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()].map((at) => at.toFixed(5)).join(",");
}

function readView(text) {
  const [lat, lon, zoom] = (text ?? "").split(",").map(Number);
  return [lat, lon, zoom].every(Number.isFinite) && text ? { lat, lon, zoom: Math.min(18, Math.max(8, zoom)) } : null;
}

/** Keep where one looks in the address, and in whatever leads on from here: the filters' form, the tabs. */
function keepView(map) {
  const { lat, lng } = map.getCenter();
  const view = `${lat.toFixed(5)},${lng.toFixed(5)},${Number(map.getZoom().toFixed(2))}`;
  const address = new URL(window.location.href);
  address.searchParams.set("view", view);
  window.history.replaceState(window.history.state, "", address);
  for (const input of document.querySelectorAll("input[data-map-view]")) {
    input.value = view;
    input.disabled = false;
  }
  for (const link of document.querySelectorAll("a[data-map-view]")) {
    const target = new URL(link.href);
    target.searchParams.set("view", view);
    link.href = target.href;
  }
}

export async function pointsMap(element, map, base) {
  const drawn = await drawBase(map, base);
  const markers = L.layerGroup().addTo(map);
  const tinted = L.layerGroup().addTo(map);
  const heat = new HeatLayer();
  const byNumber = new Map();
  const list = element.dataset.list ? document.querySelector(element.dataset.list) : null;
  const isFramed = element.dataset.framed !== undefined;
  let features = [];
  let asked = null;

  const single = ({ properties, place }) => {
    const marker = L.marker(place, { icon: caseIcon(properties.state), keyboard: false, title: properties.title });
    marker.on("click", () => openList(map, place, [properties]));
    byNumber.set(properties.number, marker);
    return marker;
  };
  const several = (group) => {
    const count = group.reduce((sum, one) => sum + (one.properties.count ?? 1), 0);
    const state = worstOf(group.map((one) => one.properties.state));
    const bounds = L.latLngBounds(group.map((one) => one.place));
    const marker = L.marker(group[0].place, { icon: clusterIcon(count, state), keyboard: false, title: String(count) });
    const cases = group.map((one) => one.properties).filter((one) => one.url);
    for (const one of cases) byNumber.set(one.number, marker);
    marker.on("click", () => {
      const closer = Math.max(map.getZoom() + 2, Math.min(map.getBoundsZoom(bounds.pad(0.2)), map.getMaxZoom()));
      // What lies on one spot, or is as close as one can get, is told as a list.
      const isApart = cases.length < group.length || bounds.getNorthEast().distanceTo(bounds.getSouthWest()) > 3;
      if (isApart && map.getZoom() < map.getMaxZoom()) map.flyTo(bounds.getCenter(), Math.min(closer, map.getMaxZoom()), { duration: 0.35 });
      else openList(map, group[0].place, cases);
    });
    return marker;
  };
  const draw = () => {
    markers.clearLayers();
    byNumber.clear();
    const points = features.map((feature) => ({ ...feature, ...map.project(feature.place) }));
    for (const group of grouped(points, REACH)) {
      markers.addLayer(group.length === 1 && !group[0].properties.count ? single(group[0]) : several(group));
    }
  };

  const tint = async (areas) => {
    const isClose = map.getZoom() >= CELL_ZOOM;
    const { lng, lat } = map.getCenter();
    const street = drawn.streets.find((feature) => contains(feature, lng, lat));
    const shapes = isClose && street ? (await outline(base, `cells.json?street=${street.id}`)).features : drawn.communities;
    const stepOf = stepsByRank(shapes.filter((one) => areas[one.id]).map((one) => areas[one.id].count));
    tinted.clearLayers();
    for (const shape of shapes) {
      const found = areas[shape.id];
      const layer = L.geoJSON(shape, { style: () => ({ className: `map-area map-step-${found ? stepOf(found.count) : "zero"} map-link`, weight: 1 }) });
      layer.bindTooltip(() => document.createTextNode(`${nameOf(shape)} · ${found ? found.label : element.dataset.empty || "0"}`), { sticky: true, className: "map-tip" });
      layer.on("click", () => map.fitBounds(layer.getBounds(), { padding: [16, 16] }));
      tinted.addLayer(layer);
    }
  };

  const show = async (answer) => {
    features = (answer.features ?? []).map(({ geometry, properties }) => ({
      properties,
      place: L.latLng(geometry.coordinates[1], geometry.coordinates[0]),
    }));
    draw();
    if (answer.heat) heat.addTo(map).set(answer.heat);
    if (answer.areas) await tint(answer.areas);
    if (list && answer.html !== undefined) {
      list.innerHTML = answer.html;
      list.scrollTop = 0;
      window.htmx?.process(list);
      list.dispatchEvent(new CustomEvent("yw:swapped", { bubbles: true }));
    }
  };

  // What a clock asks for is not somebody at work: the sign-in's idle time runs on.
  const ask = async ({ byClock = false } = {}) => {
    asked?.abort();
    const abort = new AbortController();
    asked = abort;
    const url = new URL(element.dataset.pointsUrl, window.location.href);
    if (isFramed) {
      url.searchParams.set("frame", frameOf(map));
      url.searchParams.set("zoom", String(Math.round(map.getZoom())));
    }
    element.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(url, {
        credentials: "same-origin",
        headers: byClock ? { "X-Requested-With": "poll" } : {},
        signal: abort.signal,
      });
      if (response.status === 204) { window.location.reload(); return; }
      if (response.redirected) { window.location.reload(); return; }
      if (!response.ok) throw new Error(String(response.status));
      const answer = await response.json();
      if (abort.signal.aborted) return;
      element.classList.remove("is-stale");
      await show(answer);
      element.classList.add("has-points");
    } catch {
      if (!abort.signal.aborted) element.classList.add("is-stale");
    } finally {
      if (asked === abort) element.removeAttribute("aria-busy");
    }
  };

  // The list beside the map and its discs point at each other.
  const mark = (event) => {
    const number = event.target.closest?.("[data-row]")?.dataset.row;
    for (const marker of new Set(byNumber.values())) marker.getElement()?.classList.remove("is-hot");
    if (number) byNumber.get(number)?.getElement()?.classList.add("is-hot");
  };
  for (const kind of ["pointerover", "focusin"]) list?.addEventListener(kind, mark);
  list?.addEventListener("pointerleave", mark);

  let waiting = 0;
  const settle = () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(() => {
      if (!element.isConnected) return;
      if (element.dataset.keepView !== undefined) keepView(map);
      if (isFramed) ask();
      else draw();
    }, SETTLED_MS);
  };
  const stale = document.createElement("p");
  stale.className = "map-stale";
  stale.setAttribute("role", "status");
  stale.textContent = say("mapStale");
  element.append(stale);

  watchSize(map, element, async () => {
    const view = element.dataset.keepView === undefined ? null : readView(new URL(window.location.href).searchParams.get("view"));
    const street = drawn.streets.find((feature) => feature.id === element.dataset.area);
    if (view) map.setView([view.lat, view.lon], view.zoom, { animate: false });
    else map.fitBounds(street ? L.geoJSON(street).getBounds() : drawn.bounds, { animate: false, padding: [8, 8] });
    await ask();
    if (!isFramed && !view && features.length && element.dataset.fit !== undefined) {
      map.fitBounds(L.latLngBounds(features.map((one) => one.place)), { animate: false, padding: [40, 40], maxZoom: 16 });
    }
    map.on("moveend zoomend", settle);
    const every = Number(element.dataset.every ?? 0);
    if (!every) return;
    const again = window.setInterval(() => {
      if (!element.isConnected) window.clearInterval(again);
      else if (!document.hidden && !element.querySelector(".leaflet-popup")) ask({ byClock: true });
    }, every);
  });
}
