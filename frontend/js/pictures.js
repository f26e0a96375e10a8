/* An SVG of a page as a file of its own: its finding above it, what is drawn below, colours as they are seen. */
const NS = "http://www.w3.org/2000/svg";
const PAINT = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "opacity", "font-size", "font-weight", "font-family", "text-anchor", "display"];

/** Hand a file to whoever reads the page. */
export function saveFile(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/* What style sheets say of each shape must stand in the file itself. */
function painted(svg) {
  const copy = svg.cloneNode(true);
  if (svg.ownerDocument === document) {
    const from = [svg, ...svg.querySelectorAll("*")], to = [copy, ...copy.querySelectorAll("*")];
    from.forEach((element, index) => {
      const style = getComputedStyle(element);
      for (const name of PAINT) if (style.getPropertyValue(name)) to[index].setAttribute(name, style.getPropertyValue(name));
      to[index].removeAttribute("style");
      to[index].removeAttribute("class");
    });
  }
  return copy;
}

function sizeOf(svg) {
  const box = svg.viewBox?.baseVal;
  if (box?.width) return [box.width, box.height];
  return [Number.parseFloat(svg.getAttribute("width")), Number.parseFloat(svg.getAttribute("height"))];
}

function words(text, y, size, weight, look) {
  const element = document.createElementNS(NS, "text");
  const attributes = { x: 16, y, "font-size": size, "font-weight": weight, "font-family": look.sans, fill: weight > 400 ? look.ink : look.muted };
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}

/** Save `svg` under its title; kind "svg" or "png". */
export function savePicture(svg, { name, title, notes, kind, look }) {
  const copy = painted(svg);
  const [drawnWidth, drawnHeight] = sizeOf(svg);
  const width = Math.max(640, drawnWidth + 32), top = 36, height = top + drawnHeight + 16 + notes.length * 18 + 8;
  const whole = document.createElementNS(NS, "svg");
  whole.setAttribute("xmlns", NS);
  whole.setAttribute("width", width);
  whole.setAttribute("height", height);
  whole.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const ground = document.createElementNS(NS, "rect");
  ground.setAttribute("width", width);
  ground.setAttribute("height", height);
  ground.setAttribute("fill", look.surface);
  copy.setAttribute("x", 16);
  copy.setAttribute("y", top);
  copy.setAttribute("width", drawnWidth);
  copy.setAttribute("height", drawnHeight);
  whole.append(ground, words(title, 24, 16, 600, look), copy, ...notes.map((note, index) => words(note, top + drawnHeight + 22 + index * 18, 12, 400, look)));
  const file = new Blob([new XMLSerializer().serializeToString(whole)], { type: "image/svg+xml" });
  if (kind === "svg") return saveFile(file, `${name}.svg`);
  const url = URL.createObjectURL(file);
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement("canvas");
    canvas.width = width * 2;
    canvas.height = height * 2;
    const brush = canvas.getContext("2d");
    brush.scale(2, 2);
    brush.drawImage(image, 0, 0);
    URL.revokeObjectURL(url);
    canvas.toBlob((blob) => saveFile(blob, `${name}.png`), "image/png");
  };
  image.src = url;
}
