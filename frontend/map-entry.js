import { mountMaps } from "./map.js";

mountMaps(document);
// A fragment that a poll or a form brought in may carry a map of its own.
document.addEventListener("htmx:load", (event) => mountMaps(event.target));
document.addEventListener("yw:swapped", (event) => mountMaps(event.target));
