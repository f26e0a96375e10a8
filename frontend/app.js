/* Everything a staff page does beyond its links and forms. Without it, links and forms still work. */
import htmx from "htmx.org";
import { startDesk } from "./desk.js";
import { startAlarms } from "./js/alarms.js";
import { startClocks, tickAll } from "./js/clocks.js";
import { startForms } from "./js/forms.js";
import { startHandler } from "./js/handler.js";
import { startItems } from "./js/items.js";
import { startKeys } from "./js/keys.js";
import { startOffline } from "./js/offline.js";
import { startKnown } from "./js/known.js";
import { startPicks } from "./js/picks.js";
import { startPlaces } from "./js/places.js";
import { startPolling } from "./js/poll.js";
import { startShell } from "./js/shell.js";
import { startToasts } from "./js/toasts.js";
import { startWorker } from "./js/worker.js";
import { startWrong } from "./js/wrong.js";
import { startUnits } from "./js/units.js";

// The page's security policy forbids inline style and eval: htmx is told not to try.
Object.assign(htmx.config, {
  includeIndicatorStyles: false,
  allowEval: false,
  allowScriptTags: false,
  selfRequestsOnly: true,
  historyCacheSize: 0,
  scrollIntoViewOnBoost: false,
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    // A refusal comes with its words: show them where the answer would have stood.
    { code: "4(00|09|13|22)", swap: true, error: false },
    { code: "[45]..", swap: false, error: true },
  ],
});
window.htmx = htmx;
document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector("meta[name=csrf-token]")?.content;
  if (token) event.detail.headers["X-CSRFToken"] = token;
});
document.addEventListener("htmx:load", tickAll);
// A request that a later one replaces is given up on purpose: that is nothing for the console.
document.addEventListener("htmx:beforeSend", ({ detail }) => {
  const release = detail.xhr.onabort;
  detail.xhr.onabort = function givenUp(event) {
    detail.error = ""; // what htmx would write there as an error
    release?.call(this, event);
  };
});

startShell();
startPlaces();
startAlarms();
startClocks();
startOffline();
startForms();
startToasts();
startKeys();
startPolling();
startPicks();
startKnown();
startDesk();
startItems();
startUnits();
startHandler();
startWrong();
startWorker();
// From here on keys are heard; before it, the page is links and forms.
document.documentElement.dataset.scripts = "ready";
