/* Builds static/dist from frontend/: `npm run build`. Names are stable; Django's manifest hashes them. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { join } from "node:path";
import hasPseudo from "css-has-pseudo";
import * as esbuild from "esbuild";
import postcss from "postcss";
import { FLOOR } from "./oldest.mjs";
import { subset } from "./subset.mjs";
import { sprite } from "./sprite.mjs";

const root = new URL("..", import.meta.url).pathname;
const out = join(root, "static/dist");
mkdirSync(out, { recursive: true });

// Everything is compiled down to it; floor.mjs looks at what comes out.
const target = [`chrome${FLOOR}`, "firefox88", "safari14"];
const shared = { bundle: true, minify: true, target, legalComments: "none", logLevel: "warning", absWorkingDir: root };

// Tabler's stylesheet carries hundreds of components; keep the rules whose classes our pages say.
const tabler = {
  name: "tabler-subset",
  setup(build) {
    build.onLoad({ filter: /@tabler[/\\]core[/\\].*\.css$/ }, (file) => ({
      contents: subset(readFileSync(file.path, "utf8"), root),
      loader: "css",
    }));
  },
};

const scripts = { app: "app.js", public: "public.js", proof: "proof.js", "proof-worker": "proof-worker.js", theme: "theme.js", has: "has.js", board: "board.js", map: "map-entry.js", patrol: "patrol.js", screen: "screen.js", sw: "sw.js" };
const styles = { app: "css/app.css", public: "css/public.css", map: "css/map.css", screen: "css/screen.css" };

await esbuild.build({
  ...shared,
  entryPoints: Object.entries(scripts).map(([name, file]) => ({ in: `frontend/${file}`, out: name })),
  format: "iife",
  outdir: out,
});
await esbuild.build({
  ...shared,
  entryPoints: Object.entries(styles).map(([name, file]) => ({ in: `frontend/${file}`, out: name })),
  outdir: out,
  plugins: [tabler],
  loader: { ".png": "dataurl", ".svg": "dataurl", ".gif": "dataurl" },
});
// Chromium 90 drops rules with :has(): before each it gets one that has.js fulfils.
for (const name of Object.keys(styles)) {
  const file = join(out, `${name}.css`);
  const { css } = await postcss([hasPseudo()]).process(readFileSync(file, "utf8"), { from: undefined });
  writeFileSync(file, css);
}
writeFileSync(join(out, "icons.svg"), sprite(root));

const names = [
  ...Object.keys(scripts).map((name) => `${name}.js`),
  ...Object.keys(styles).map((name) => `${name}.css`),
  "icons.svg",
];
for (const name of names.filter((file) => existsSync(join(out, file)))) {
  const kilobytes = gzipSync(readFileSync(join(out, name)), { level: 9 }).length / 1000;
  console.log(`${name.padEnd(12)} ${kilobytes.toFixed(1).padStart(7)} kB gzip`);
}
