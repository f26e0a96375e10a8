/* Density as a glow: soft discs added up on a canvas, then coloured by a ramp of five tokens. */
import * as L from "leaflet";

const RADIUS = 26;
// The ramp's lower end: a single case is to be seen, and is no fire.
const FAINT = 0.12;

function ramp(element) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [256, 1];
  const context = canvas.getContext("2d");
  const gradient = context.createLinearGradient(0, 0, 256, 0);
  const style = getComputedStyle(element);
  [0.05, 0.3, 0.55, 0.8, 1].forEach((stop, step) => {
    gradient.addColorStop(stop, style.getPropertyValue(`--map-heat-${step}`).trim() || "#d0483f");
  });
  context.fillStyle = gradient;
  context.fillRect(0, 0, 256, 1);
  return context.getImageData(0, 0, 256, 1).data;
}

/** A layer that draws [[lon, lat, weight], …]; `set(points)` draws others. */
export const HeatLayer = L.Layer.extend({
  initialize() {
    this.points = [];
  },

  onAdd(map) {
    this.canvas = L.DomUtil.create("canvas", "map-heat leaflet-layer");
    this.canvas.setAttribute("aria-hidden", "true");
    map.getPanes().overlayPane.appendChild(this.canvas);
    map.on("moveend resize zoomend", this.draw, this);
    map.on("zoomstart", this.hide, this);
    this.look = () => this.draw();
    document.addEventListener("yw:look", this.look);
    this.draw();
  },

  onRemove(map) {
    map.off("moveend resize zoomend", this.draw, this);
    map.off("zoomstart", this.hide, this);
    document.removeEventListener("yw:look", this.look);
    this.canvas.remove();
  },

  set(points) {
    this.points = points;
    this.draw();
  },

  hide() {
    this.canvas.style.visibility = "hidden";
  },

  draw() {
    const map = this._map;
    if (!map) return;
    const { canvas } = this;
    const size = map.getSize();
    if (!size.x || !size.y) return;
    L.DomUtil.setPosition(canvas, map.containerPointToLayerPoint([0, 0]));
    [canvas.width, canvas.height] = [size.x, size.y];
    canvas.style.visibility = "";
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const placed = this.points.map(([lon, lat, weight]) => ({ ...map.latLngToContainerPoint([lat, lon]), weight }));
    const inside = placed.filter(({ x, y }) => x > -RADIUS && y > -RADIUS && x < size.x + RADIUS && y < size.y + RADIUS);
    if (!inside.length) return;
    // The third-heaviest spot is full heat: one far spot must not wash out the others.
    const weights = inside.map((point) => point.weight).sort((a, b) => b - a);
    const full = Math.max(3, weights[Math.min(2, weights.length - 1)]);
    for (const { x, y, weight } of inside) {
      const glow = context.createRadialGradient(x, y, 0, x, y, RADIUS);
      const strength = Math.min(1, FAINT + (weight / full) * 0.6);
      glow.addColorStop(0, `rgba(0,0,0,${strength})`);
      glow.addColorStop(1, "rgba(0,0,0,0)");
      context.fillStyle = glow;
      context.fillRect(x - RADIUS, y - RADIUS, 2 * RADIUS, 2 * RADIUS);
    }
    const colours = ramp(map.getContainer());
    const picture = context.getImageData(0, 0, size.x, size.y);
    const { data } = picture;
    for (let i = 0; i < data.length; i += 4) {
      const heat = data[i + 3];
      if (!heat) continue;
      data[i] = colours[heat * 4];
      data[i + 1] = colours[heat * 4 + 1];
      data[i + 2] = colours[heat * 4 + 2];
      data[i + 3] = Math.min(225, heat * 1.6);
    }
    context.putImageData(picture, 0, 0);
  },
});
