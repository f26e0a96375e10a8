/* The part of a large stylesheet that a set of pages uses. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const WORD = /[A-Za-z][\w-]*/g;
// Small helpers that stay whether a page says them or not: spacing, display, text, widths.
const HELPERS =
  /^(?:[mp][tbsexy]?-(?:[0-5]|auto)|gap-[0-5]|d-(?:none|inline|block|flex|grid|(?:sm|md|lg)-(?:none|block|flex))|flex-(?:fill|wrap|column|grow-1|shrink-0)|align-items-\w+|justify-content-\w+|text-(?:start|center|end|nowrap|wrap|truncate|primary|secondary|danger|break)|fw-\w+|[wh]-100|visually-hidden|table-responsive|overflow-\w+|position-\w+|sticky-top|list-unstyled|btn-(?:primary|danger|link|close)|is-invalid|invalid-feedback|input-group|input-group-text|form-(?:control|select|label|check|check-input|check-label)|row|col|col-(?:sm-|md-|lg-)?\d+|g-[0-5])$/;

/** Every word that a template, a tag or a script says: a class that is not among them is not used. */
function wordsOf(root) {
  const words = new Set();
  const read = (folder, endings) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true, recursive: false })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        read(path, endings);
      } else if (endings.some((ending) => entry.name.endsWith(ending))) {
        for (const [word] of readFileSync(join(root, path), "utf8").matchAll(WORD)) words.add(word);
      }
    }
  };
  read("templates", [".html"]);
  read("frontend", [".js"]);
  read("accounts/templatetags", [".py"]);
  return words;
}

/** Splits `css` into [prelude, body] pairs of one nesting level; strings and brackets are respected. */
function* blocks(css) {
  let start = 0, index = 0, depth = 0, quote = "", open = -1;
  for (; index < css.length; index++) {
    const char = css[index];
    if (quote) {
      if (char === "\\") index++;
      else if (char === quote) quote = "";
    } else if (char === '"' || char === "'") quote = char;
    else if (char === "{") {
      if (depth++ === 0) open = index;
    } else if (char === "}") {
      if (--depth === 0) {
        yield [css.slice(start, open).trim(), css.slice(open + 1, index)];
        start = index + 1;
      }
    } else if (char === ";" && depth === 0) start = index + 1; // @charset
  }
}

/** Splits at commas outside brackets and strings. */
function split(text, separator) {
  const parts = [];
  let start = 0, depth = 0, quote = "";
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (quote) {
      if (char === "\\") index++;
      else if (char === quote) quote = "";
    } else if (char === '"' || char === "'") quote = char;
    else if (char === "(" || char === "[") depth++;
    else if (char === ")" || char === "]") depth--;
    else if (char === separator && depth === 0) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** `css` without the rules of classes, and the variables, that nothing under `root` names. */
export function subset(css, root) {
  const words = wordsOf(root);
  const taken = takenBy(root);
  const isKept = (name) => !taken.has(name) && (words.has(name) || HELPERS.test(name));
  const isUsed = (selector) => {
    const asked = selector.replace(/:not\([^)]*\)/g, "").matchAll(/\.((?:\\.|[\w-])+)/g);
    return [...asked].every(([, name]) => isKept(name.replace(/\\/g, "")));
  };
  const keep = (text) => {
    let kept = "";
    for (const [prelude, body] of blocks(text)) {
      if (/^@(media|supports)/.test(prelude)) {
        const inner = keep(body);
        if (inner) kept += `${prelude}{${inner}}`;
      } else if (prelude.startsWith("@")) kept += `${prelude}{${body}}`;
      else {
        const selectors = split(prelude, ",").filter(isUsed);
        if (selectors.length) kept += `${selectors.join(",")}{${body}}`;
      }
    }
    return kept;
  };
  let kept = keep(css.replace(/\/\*[\s\S]*?\*\//g, ""));
  kept = withoutUnusedKeyframes(kept);
  const ours = readdirSync(join(root, "frontend/css"))
    .map((name) => readFileSync(join(root, "frontend/css", name), "utf8"))
    .join("");
  return withoutUnusedVariables(kept, ours);
}

/** Class names that our own sheets define from scratch: Tabler's rules of the same name would mix in. */
function takenBy(root) {
  const read = (name) => readFileSync(join(root, "frontend/css", name), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  const leading = (css) => [...css.matchAll(/(?:^|[},{])\s*\.([\w-]+)/g)].map(([, name]) => name);
  const refined = new Set([...leading(read("tabler-theme.css")), "table", "btn", "card"]);
  const own = ["shared.css", "shell.css", "components.css", "desk.css", "phone.css"].flatMap((name) => leading(read(name)));
  return new Set(own.filter((name) => !refined.has(name)));
}

function withoutUnusedKeyframes(css) {
  const names = (text) => new Set([...text.matchAll(/animation(?:-name)?:([^;}]*)/g)].flatMap(([, v]) => v.match(WORD) ?? []));
  const used = names(css);
  let kept = "";
  for (const [prelude, body] of blocks(css)) {
    const frames = prelude.match(/^@(?:-webkit-)?keyframes\s+([\w-]+)/);
    if (!frames || used.has(frames[1])) kept += `${prelude}{${body}}`;
  }
  return kept;
}

/** Drops `--name: value` declarations that no var() asks for, until nothing more falls away. */
function withoutUnusedVariables(css, ours) {
  for (;;) {
    const asked = new Set([...(css + ours).matchAll(/var\(\s*(--[\w-]+)/g)].map(([, name]) => name));
    let dropped = 0;
    const clean = (text) => {
      let kept = "";
      for (const [prelude, body] of blocks(text)) {
        if (/^@(media|supports)/.test(prelude)) {
          kept += `${prelude}{${clean(body)}}`;
          continue;
        }
        if (prelude.startsWith("@")) {
          kept += `${prelude}{${body}}`;
          continue;
        }
        const declarations = split(body, ";").filter((declaration) => {
          const name = declaration.match(/^\s*(--[\w-]+)\s*:/)?.[1];
          const isKept = !name || asked.has(name);
          if (!isKept) dropped++;
          return isKept;
        });
        if (declarations.some((declaration) => declaration.trim())) kept += `${prelude}{${declarations.join(";")}}`;
      }
      return kept;
    };
    css = clean(css);
    if (!dropped) return css;
  }
}
