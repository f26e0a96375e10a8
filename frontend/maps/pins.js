/* Pins, drawn node by node: no markup in strings. */
import * as L from "leaflet";

const SVG = "http://www.w3.org/2000/svg";

function drawn(name, given) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(given)) node.setAttribute(key, value);
  return node;
}

/** A drop with a dot, or with a letter or number in place of the dot. */
function pinIcon(kind, letter = "") {
  const svg = drawn("svg", { viewBox: "0 0 32 42", "aria-hidden": "true" });
  svg.append(drawn("path", { d: "M16 1C7.7 1 1 7.6 1 15.8 1 26.3 16 41 16 41s15-14.7 15-25.2C31 7.6 24.3 1 16 1z" }));
  if (letter) {
    const text = drawn("text", { x: 16, y: 21, "text-anchor": "middle" });
    text.textContent = letter;
    svg.append(text);
  } else {
    svg.append(drawn("circle", { cx: 16, cy: 15.5, r: 5.5 }));
  }
  return L.divIcon({ html: svg, className: `map-pin map-pin-${kind}`, iconSize: [32, 42], iconAnchor: [16, 41] });
}

export function place(kind, lat, lon, title, href, letter, keyboard = kind !== "near" || Boolean(href)) {
  const marker = L.marker([lat, lon], {
    icon: pinIcon(kind, letter),
    alt: title || "",
    title: title || "",
    keyboard,
    zIndexOffset: kind === "near" ? 0 : 1000,
  });
  // What takes the focus says its name.
  marker.on("add", () => {
    const node = marker.getElement();
    if (node.getAttribute("role") === "button") node.setAttribute("aria-label", [letter, title].filter(Boolean).join(" "));
  });
  if (href) marker.on("click", () => window.location.assign(href));
  return marker;
}

const SIGNS = { emergency: "!", overdue: "!", paused: "Ⅱ", closed: "✓" };

/** A case: a disc in the colour of its state, with a sign for those who see no colours. */
export function caseIcon(state) {
  const disc = document.createElement("span");
  disc.textContent = SIGNS[state] ?? "";
  return L.divIcon({ html: disc, className: `map-case is-${state || "on"}`, iconSize: [28, 28], iconAnchor: [14, 14] });
}

/** Several cases: their number, larger for more, edged in the colour of the worst of them. */
export function clusterIcon(count, state) {
  const size = Math.round(34 + Math.min(22, 6 * Math.log10(count)));
  const disc = document.createElement("span");
  disc.textContent = count > 9999 ? `${Math.floor(count / 1000)}k` : String(count);
  return L.divIcon({ html: disc, className: `map-cluster is-${state || "on"}`, iconSize: [size, size], iconAnchor: [size / 2, size / 2] });
}
