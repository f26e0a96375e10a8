/* One file of the icons that icons.json names, as symbols that <use href="…/icons.svg#name"> draws. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export function sprite(root) {
  const names = JSON.parse(readFileSync(join(root, "frontend/icons.json"), "utf8"));
  const symbols = Object.entries(names).map(([name, icon]) => {
    const file = join(root, "node_modules/@tabler/icons/icons", `${icon.includes("/") ? icon : `outline/${icon}`}.svg`);
    const source = readFileSync(file, "utf8");
    const inner = source.slice(source.indexOf(">", source.indexOf("<svg")) + 1, source.lastIndexOf("</svg>"));
    const shapes = inner.replace(/<path stroke="none"[^>]*\/>/g, "").replace(/\s*\n\s*/g, "");
    const paint = icon.startsWith("filled/")
      ? ' fill="currentColor" stroke="none"'
      : ""; // outlines take their paint from .icon, so that a page may fill them
    return `<symbol id="${name}" viewBox="0 0 24 24"${paint}>${shapes}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}
