/* Maps of the district: its outlines from /geo, on tiles where the installation names a source of them.

   mountMaps(root) brings every [data-map] in root to life, once. Templates write them by
   {% include "includes/map.html" with kind="view" … %}; what each kind understands:
     view    one place: data-lon, data-lat, data-title; or data-area, the codes of areas to tint
             data-nearby='[{"lon","lat","title","href","letter"}]' marks others around it, with a letter or number
             data-fit: the picture holds all of them; data-route: a line from stop to stop in their order
     pick    a tap, the arrow keys or the device's position set the two fields named by
             data-lon-input and data-lat-input (selectors); typing into them moves the pin
             data-place-output: where the street and community of the pin are written
             data-outside: what is written there for a point outside the district
             data-area: the code of an area that is known already, tinted and zoomed to
             data-locate: selector of the button that asks the device; data-locating,
             data-refused: what the button says meanwhile, and when the answer is no
     values  communities (or data-kind="streets") coloured by data-values-url:
             {"values": {code: {"value": 3.2, "label": "3.2 %", "href": "/cases/?…"}},
              "legend": ["below 2 %", …]}; a step comes as "step" 0-4, or by rank of value; "outline": drawn round
             data-empty: what an area without a value is called
             data-area: the code of the street that fills the picture
     outlines  areas from data-points-url, a GeoJSON FeatureCollection whose features have {"name_zh", "name_en"}
             and "what": added, changed or retired; the picture holds all of them
     points  many cases from data-points-url, a GeoJSON FeatureCollection whose features have
             {"number", "title", "sub", "state", "url"}, or {"count", "state"} for several at once
             data-framed: asked anew for each picture, with ?frame=west,south,east,north&zoom=13; the answer
             may hold "heat": [[lon, lat, weight]], "areas": {code: {"count", "label"}} and "html"
             data-list: selector of the list twin, whose inside "html" becomes and whose [data-row] are the numbers
             data-keep-view: where one looks stays in the address; data-every: milliseconds between fresh answers
             data-fit: the picture holds all points (where it is not framed)
   All: data-credit (the words in the corner), data-title (what the map is called when read aloud),
   data-here (a button that shows where the device is), data-geo (where the outlines are, "/geo").
   Names follow <html lang>. Colours are CSS classes; a map's size is its CSS's. */
import { say } from "./js/phrases.js";
import { newMap } from "./maps/base.js";
import { outlinesMap } from "./maps/outlines.js";
import { pickMap } from "./maps/pick.js";
import { pointsMap } from "./maps/points.js";
import { valuesMap } from "./maps/values.js";
import { viewMap } from "./maps/view.js";

const modes = { view: viewMap, pick: pickMap, values: valuesMap, points: pointsMap, outlines: outlinesMap };

/** Draw every map in `root` that is not drawn yet. A map that cannot be drawn says so. */
export function mountMaps(root = document) {
  const elements = [...root.querySelectorAll("[data-map]")];
  if (root instanceof Element && root.matches("[data-map]")) elements.unshift(root);
  for (const element of elements) {
    if (element.dataset.mounted) continue;
    element.dataset.mounted = "1";
    const mode = modes[element.dataset.map] || viewMap;
    element.replaceChildren(); // what stood there for those without scripts
    const map = newMap(element);
    mode(element, map, element.dataset.geo || "/geo").then(
      () => element.classList.add("is-drawn"),
      () => {
        element.classList.add("is-broken");
        const words = document.createElement("p");
        words.className = "map-broken";
        words.textContent = say("mapBroken");
        element.append(words);
      },
    );
  }
}
