// Bundles src/ into fanloom/studio/static/, or the tests of the model into build/ for `node --test`.
import { build } from "esbuild";
import { readdirSync } from "node:fs";

const shared = {
  bundle: true,
  charset: "utf8",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  target: "es2022",
  logLevel: "warning",
};

if (process.argv.includes("--tests")) {
  const tests = readdirSync("tests").map((name) => `tests/${name}`);
  await build({ ...shared, entryPoints: tests, outdir: "build", format: "esm", platform: "node", outExtension: { ".js": ".mjs" } });
} else {
  // ASCII: the page shows the same in whatever encoding somebody saves it.
  const page = { ...shared, charset: "ascii", minify: true, format: "iife", outdir: process.argv[2] ?? "../fanloom/studio/static" };
  await build({ ...page, entryPoints: [{ in: "src/main.tsx", out: "studio" }, { in: "src/studio.css", out: "studio" }] });
}
