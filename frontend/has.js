/* What `:has()` says, said by attributes, where a browser does not know it; theme.js loads this only there. */
import standIn from "css-has-pseudo/browser";

standIn(document, { forcePolyfill: true });
