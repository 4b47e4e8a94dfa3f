// Bundles the entries of dist/src for Node into dist/node: opening 150 files takes Node longer than all of a first
// training step. The engine is in a chunk that `index` and `kernels` share, so that there is one whichever is imported;
// `node` imports `index`. Bundlers get the separate modules, of which they leave out what is not used.
import { rmSync } from "node:fs";
import { build } from "esbuild";

const options = {
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
};
rmSync("dist/node", { recursive: true, force: true });
await build({ ...options, entryPoints: ["dist/src/index.js", "dist/src/kernels.js"] });
await build({ ...options, entryPoints: ["dist/src/node.js"], external: ["./index.js"] });
