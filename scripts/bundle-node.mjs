// Bundles the entries of dist/src for Node into dist/node: opening 150 files takes Node longer than all of a first
// training step. What the entries share is in chunks, so that there is one engine whichever is imported. Bundlers get
// the separate modules, of which they leave out what is not used.
import { rmSync } from "node:fs";
import { build } from "esbuild";

rmSync("dist/node", { recursive: true, force: true });
await build({
  entryPoints: ["index", "kernels", "node"].map((name) => `dist/src/${name}.js`),
  outdir: "dist/node",
  chunkNames: "shared-[hash]",
  bundle: true,
  splitting: true,
  banner: { js: "/* Contains @assemblyscript/loader, Copyright The AssemblyScript Authors, Apache-2.0. */" },
  format: "esm",
  platform: "node",
  target: "node20",
  // Names stay, for stack traces; Node prints the line in which an error was thrown, so that lines are short.
  lineLimit: 120,
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: "warning",
});
