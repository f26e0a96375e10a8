/* The bar's places: whole names, or none. What does not fit goes into the menu at the end, the last first;
   the place where one is stays. On phones the bar stands below, and the person's menu has the rest. */
export function startPlaces() {
  const bar = document.querySelector(".topnav"), more = document.querySelector("[data-more-places]");
  if (!bar || !more) return;
  const sheet = more.querySelector("ul"), nav = bar.parentElement;
  const places = [...bar.children];
  const wide = matchMedia("(min-width: 768px)");
  let late = false;
  const fit = () => {
    // Nothing is moved under a hand: a place that is taken out of the page, even for an instant, loses the
    // focus, and with it the way on by Tab. What is open or has the focus stays until it is left.
    late = more.open || nav.contains(document.activeElement);
    if (late) return;
    bar.append(...places);
    more.hidden = true;
    if (wide.matches && bar.scrollWidth > nav.clientWidth) {
      more.hidden = false;
      for (const place of [...places].reverse()) {
        if (bar.scrollWidth + more.offsetWidth <= nav.clientWidth) break;
        if (!place.querySelector("[aria-current]")) sheet.prepend(place);
      }
    }
    more.classList.toggle("has-waiting", Boolean(sheet.querySelector(".count")));
  };
  const watch = new ResizeObserver(fit);
  watch.observe(nav); // the search, the clock and the person's name take their room from it
  nav.addEventListener("focusout", (event) => {
    if (late && !nav.contains(event.relatedTarget)) setTimeout(fit);
  });
  more.addEventListener("toggle", fit);
  document.fonts?.ready.then(fit);
  fit();
}
