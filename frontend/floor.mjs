/* Whether what is served keeps to the oldest browser that the pages are made for: `npm run floor`.

   What each browser can is known from MDN's compatibility data. Read are the styles and scripts in static/dist, as
   they are served, and the templates. Something newer is no fault where
   - it stands under an @supports (or a test in the script) that names it,
   - a declaration of the same property, or a rule with the same declarations, stands before it,
   - or WITHOUT says why the page is right without it. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import data from "@mdn/browser-compat-data" with { type: "json" };
import * as acorn from "acorn";
import { ancestor } from "acorn-walk";
import { generate, parse, walk } from "css-tree";
import { FLOOR } from "./oldest.mjs";

/** What nobody misses: `kind name` to the reason. */
export const WITHOUT = {
  "property accent-color": "radio buttons and boxes have the browser's colour",
  "property field-sizing": "a text box keeps its rows, and can be dragged",
  "property hanging-punctuation": "looks",
  "property color-adjust": "Tabler's, beside -webkit-print-color-adjust",
  "property paint-order": "in SVG, where it stands, it is there since 35",
  "property scrollbar-color": "the browser's own bars",
  "property scrollbar-width": "the browser's own bars",
  "property text-spacing-trim": "looks",
  "property text-wrap": "headings break where they are full",
  "value mix-blend-mode: plus-lighter": "Leaflet's tiles flicker while they fade in",
  "member dispose": "ECharts' own",
  "member getSize": "Leaflet's and ECharts' own",
  "member install": "ECharts' own",
  "member isValid": "Leaflet's own",
  "member pad": "Leaflet's own",
  "member selectRange": "ECharts' own",
  "member union": "ECharts' own",
  "member when": "ECharts' own",
  "attribute input capture": "the phone asks whether camera or album",
};

/** Is it newer than the floor? `undefined` where nothing is known of it. */
function isNewer(node) {
  const told = node?.__compat?.support?.chrome;
  if (told === undefined) return undefined;
  // Under another name, or behind a switch, it is not there.
  const there = [told].flat().filter((one) => !one.flags && !one.prefix && !one.alternative_name);
  return !there.some((one) => version(one.version_added) <= FLOOR && !(version(one.version_removed) <= FLOOR));
}

const version = (told) => Number.parseInt(String(told).replace("≤", ""), 10);

const { "at-rules": atRules, properties, selectors, types } = data.css;

/** Functions of values by name: new where every place that has one is. */
const functions = new Map();
(function gather(node) {
  for (const [name, inside] of Object.entries(node)) {
    if (name === "__compat" || typeof inside !== "object") continue;
    const newer = isNewer(inside);
    if (newer !== undefined) functions.set(name, newer && (functions.get(name) ?? true));
    gather(inside);
  }
})(types);

const { length } = types;
const units = new Map();
for (const [size, feature] of [["d", "dynamic"], ["s", "small"], ["l", "large"]])
  for (const side of ["vh", "vw", "vi", "vb", "vmin", "vmax"])
    units.set(size + side, isNewer(length[`viewport_percentage_units_${feature}`]));
for (const unit of ["cqw", "cqh", "cqi", "cqb", "cqmin", "cqmax"]) units.set(unit, isNewer(length.container_query_length_units));
for (const unit of ["cap", "ch", "ic", "lh", "rcap", "rch", "rex", "ric", "rlh", "vi", "vb"]) units.set(unit, isNewer(length[unit]));

/** What a stylesheet has that the floor does not know, a line each. */
export function checkStyles(css, where = "css") {
  const found = new Set();
  const guards = [];
  const add = (kind, name) => {
    if (!(`${kind} ${name}` in WITHOUT) && !guards.some((guard) => guard.includes(name))) found.add(`${where}: ${kind} ${name}`);
  };
  const tree = parse(css, { parseCustomProperty: true }); // what it cannot read, browsers drop as well
  let before = null; // the rule before, where it is one that the floor takes
  walk(tree, {
    enter(node) {
      if (node.type === "Atrule") {
        before = null;
        if (node.name === "supports") {
          const condition = generate(node.prelude);
          guards.push(/^\s*not\b/.test(condition) ? "" : condition);
        } else if (!node.name.startsWith("-") && isNewer(atRules[node.name]) !== false) add("at-rule", `@${node.name}`);
      } else if (node.type === "FeatureRange") add("media query", "range");
      else if (node.type === "Feature" && node.kind === "media" && isNewer(atRules.media[node.name.replace(/^(min|max)-/, "")])) {
        add("media query", node.name);
      } else if (node.type === "Rule") {
        const names = newSelectors(node.prelude);
        const block = generate(node.block);
        if (names.length && before !== block) for (const name of names) add("selector", name);
        before = names.length ? before : block;
        checkBlock(node.block, add);
      } else if (node.type === "NestingSelector") add("selector", "&");
    },
    leave(node) {
      if (node.type === "Atrule" && node.name === "supports") guards.pop();
      if (node.type === "Atrule") before = null;
    },
  });
  return [...found].sort();
}

/** A selector that is not known drops its whole rule. */
function newSelectors(prelude) {
  const found = [];
  const several = prelude.children?.size > 1;
  walk(prelude, (node) => {
    if (node.type !== "PseudoClassSelector" && node.type !== "PseudoElementSelector") return;
    if (node.name.startsWith("-")) {
      if (several && !node.name.startsWith("-webkit-")) found.push(`:${node.name}`);
    } else if (isNewer(selectors[node.name]) !== false) found.push(`:${node.name}`);
  });
  return found;
}

function checkBlock(block, add) {
  const all = (block?.children?.toArray() ?? []).filter((node) => node.type === "Declaration");
  const said = new Set(all.filter((node) => node.property.startsWith("-webkit-")).map((node) => node.property.slice(8)));
  // In a grid `start` and `end` are as old as grids; in a flex box they are of Chromium 93.
  const inGrid = all.some(({ property, value }) => /^grid-/.test(property) || (property === "display" && /grid/.test(generate(value))));
  for (const node of all) {
    const { property } = node;
    const own = property.startsWith("--");
    const isNew = !own && !property.startsWith("-") && isNewer(properties[property]);
    if (isNew && !said.has(property)) add("property", property);
    const fresh = isNew ? [] : newValues(node, own).filter((name) => !(/: (start|end)$/.test(name) && (inGrid || /^justify-self/.test(name))));
    // The last one that is understood counts; what is newer may follow. A custom property takes anything.
    if (own || !said.has(property)) for (const name of fresh) add("value", name);
    if (!fresh.length) said.add(property);
  }
}

function newValues(declaration, own) {
  const found = [];
  const known = properties[declaration.property];
  walk(declaration.value, (node) => {
    if (node.type === "Function" && functions.get(node.name)) found.push(`${node.name}()`);
    else if (node.type === "Dimension" && units.get(node.unit.toLowerCase())) found.push(node.unit);
    else if (!own && node.type === "Identifier" && known && isNewer(known[node.name.replaceAll("-", "_")] ?? known[node.name])) {
      found.push(`${declaration.property}: ${node.name}`);
    }
  });
  return found;
}

// --- scripts ---------------------------------------------------------------------------------------

const { builtins } = data.javascript;
const OBJECTS = { crypto: "Crypto", document: "Document", navigator: "Navigator", screen: "Screen", window: "Window", self: "Window", globalThis: "Window", CSS: "CSS", URL: "URL" };
const GLOBALS = new Set(
  [...Object.entries(data.api), ...Object.entries(builtins)].filter(([, node]) => isNewer(node)).map(([name]) => name),
);
for (const [name, node] of Object.entries(data.api.Window)) if (name !== "__compat" && isNewer(node) && name.length > 2) GLOBALS.add(name);

/** Members by name: new where every object that has one is too young, and one of those is of the common kind. */
const COMMON = /^(Abort.*|Blob|CanvasRenderingContext2D|Clipboard|Crypto|CSS.*|Document|DOM.*|Element|Event.*|File.*|FormData|HTML.*|IntersectionObserver.*|Navigator|Node.*|Request|Response|Selection|ServiceWorker.*|ShadowRoot|Storage.*|URL.*|Window|XMLHttpRequest)$/;
const members = new Map();
const common = new Set();
for (const [owner, node, isCommon] of [
  ...Object.entries(builtins).map(([name, one]) => [name, one, true]),
  ...Object.entries(builtins.Intl).map(([name, one]) => [name, one, true]),
  ...Object.entries(data.api).map(([name, one]) => [name, one, COMMON.test(name)]),
])
  for (const [name, member] of Object.entries(node)) {
    const newer = name === "__compat" ? undefined : isNewer(member);
    if (newer === undefined) continue;
    members.set(name, newer && (members.get(name) ?? true));
    if (isCommon && owner !== "__compat") common.add(name);
  }

/** What a script uses that the floor does not have, a line each. */
export function checkScript(code, where = "js") {
  const tree = acorn.parse(code, { ecmaVersion: "latest", sourceType: "script" });
  const uses = new Map(); // name → kind
  const tested = new Set();
  const test = (node) => {
    if (node.type === "MemberExpression" && !node.computed) tested.add(node.property.name);
    else if (node.type === "UnaryExpression") test(node.argument);
    else if (node.type === "LogicalExpression") [node.left, node.right].forEach(test);
  };
  ancestor(tree, {
    Identifier(node, _state, parents) {
      const parent = parents.at(-2);
      if (parent?.type === "UnaryExpression" && parent.operator === "typeof") tested.add(node.name);
      else if (GLOBALS.has(node.name) && !isBound(node.name, parents)) uses.set(node.name, "global");
    },
    MemberExpression(node, _state, parents) {
      const parent = parents.at(-2);
      const name = node.computed ? (node.property.type === "Literal" ? node.property.value : null) : node.property.name;
      if (typeof name !== "string") return;
      if (parent?.type === "UnaryExpression" && parent.operator === "typeof") return void tested.add(name);
      if (node.optional || (parent?.type === "CallExpression" && parent.callee === node && parent.optional)) return;
      if (parent?.type === "AssignmentExpression" && parent.left === node) return; // a property of one's own, or one that does nothing
      const { object } = node;
      const owner = object.type === "Identifier" ? (OBJECTS[object.name] ?? object.name) : null;
      const isStatic = owner && !isBound(object.name, parents) && (builtins[owner]?.[name] ?? data.api[owner]?.[name] ?? data.api[owner]?.[`${name}_static`]);
      if (isStatic ? isNewer(isStatic) : members.get(name) && common.has(name) && isCalled(node, parent)) uses.set(name, isStatic ? `${owner}.` : "member");
    },
    BinaryExpression(node) {
      if (node.operator === "in" && node.left.type === "Literal") tested.add(node.left.value);
      if (node.operator === "in" && node.left.type === "PrivateIdentifier") uses.set("#private in", "syntax");
    },
    LogicalExpression: (node) => void test(node.left),
    IfStatement: (node) => void test(node.test),
    ConditionalExpression: (node) => void test(node.test),
    StaticBlock: () => void uses.set("static {}", "syntax"),
    Literal: (node) => void (node.regex?.flags.includes("v") && uses.set("/v", "syntax")),
    ImportExpression: (node) => void (node.options && uses.set("import with", "syntax")),
  });
  return [...uses]
    .filter(([name, kind]) => !tested.has(name) && !(`${kind} ${name}` in WITHOUT))
    .map(([name, kind]) => `${where}: ${kind}${kind.endsWith(".") ? "" : " "}${name}`)
    .sort();
}

/** A newer method is called; a property of that name may be anybody's. */
const isCalled = (node, parent) => parent?.type === "CallExpression" && parent.callee === node;

/** Is this name a variable of the script's own, by the functions around it? */
function isBound(name, parents) {
  return parents.some((node) => (scopes.get(node) ?? scopeOf(node)).has(name));
}

const scopes = new WeakMap();
const NONE = new Set();
function scopeOf(node) {
  if (!/^(Program|BlockStatement|ForStatement|ForOfStatement|ForInStatement|CatchClause|SwitchStatement|.*Function.*|Class.*)$/.test(node.type)) return NONE;
  const names = new Set();
  const pattern = (one) => {
    if (!one) return;
    if (one.type === "Identifier") names.add(one.name);
    else if (one.type === "ObjectPattern") for (const each of one.properties) pattern(each.value ?? each.argument);
    else if (one.type === "ArrayPattern") one.elements.forEach(pattern);
    else if (one.type === "AssignmentPattern") pattern(one.left);
    else if (one.type === "RestElement") pattern(one.argument);
  };
  const statement = (one) => {
    if (one?.type === "VariableDeclaration") for (const each of one.declarations) pattern(each.id);
    else if (/^(Function|Class)Declaration$/.test(one?.type)) pattern(one.id);
  };
  (node.params ?? []).forEach(pattern);
  pattern(node.id);
  pattern(node.param);
  for (const one of [node.init, node.left, ...(Array.isArray(node.body) ? node.body : []), ...(node.cases ?? []).flatMap((each) => each.consequent)]) statement(one);
  scopes.set(node, names);
  return names;
}

// --- templates -------------------------------------------------------------------------------------

const { elements, global_attributes: globalAttributes } = data.html;
const TAG = /<([a-z][\w-]*)((?:\s+[^\s=>/"']+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>"']+))?)*)\s*\/?>/g;
const ATTRIBUTE = /([^\s=>/"']+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+)))?/g;

/** What a page's markup has that the floor does not know, a line each. */
export function checkPage(html, where = "html") {
  const found = new Set();
  const add = (kind, name) => `${kind} ${name}` in WITHOUT || found.add(`${where}: ${kind} ${name}`);
  const plain = html
    .replaceAll(/{#.*?#}|{%\s*comment.*?endcomment\s*%}|<!--.*?-->/gs, "")
    .replaceAll(/{{.*?}}|{%\s*(?:widthratio|static|url|trans|translate)\b.*?%}/gs, "0")
    .replaceAll(/{%.*?%}/gs, " ");
  for (const [, tag, rest] of plain.matchAll(TAG)) {
    if (isNewer(elements[tag])) add("element", `<${tag}>`);
    for (const [, name, ...values] of rest.matchAll(ATTRIBUTE)) {
      if (isNewer(elements[tag]?.[name]) || isNewer(globalAttributes[name])) add("attribute", `${tag} ${name}`);
      const value = values.find((one) => one !== undefined);
      if (name === "style" && value) for (const line of checkStyles(`a{${value}}`, where)) found.add(line);
    }
  }
  return [...found].sort();
}

// --- everything that is served ---------------------------------------------------------------------

function* files(folder, ending) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path, ending);
    else if (entry.name.endsWith(ending)) yield path;
  }
}

export function checkAll(root) {
  const dist = join(root, "static/dist");
  if (!existsSync(join(dist, "app.css"))) throw new Error("static/dist is not built: npm run build");
  const read = (path) => [readFileSync(path, "utf8"), path.slice(root.length)];
  return [
    ...[...files(dist, ".css")].flatMap((path) => checkStyles(...read(path))),
    ...[...files(dist, ".js")].flatMap((path) => checkScript(...read(path))),
    ...[...files(join(root, "templates"), ".html")].flatMap((path) => checkPage(...read(path))),
  ];
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const root = new URL("..", import.meta.url).pathname;
  const found = checkAll(root);
  for (const line of found) console.log(line);
  console.log(found.length ? `${found.length} things that Chromium ${FLOOR} does not have` : `Chromium ${FLOOR} has everything that is served`);
  process.exitCode = found.length ? 1 : 0;
}
