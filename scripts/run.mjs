// Runs a TypeScript program: `node scripts/run.mjs bench/main.ts [arguments]`, or an example by its name: `node
// scripts/run.mjs mnist`. The program is bundled without its packages, so that "lanewise" is the built package, exactly
// what a user of it has.
import { build } from "esbuild";
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";

const root = fileURLToPath(new URL("..", import.meta.url));
const [name = "", ...rest] = process.argv.slice(2);
const program = name.endsWith(".ts") ? name : `examples/${name}.ts`;
if (!existsSync(join(root, program))) {
  const names = readdirSync(join(root, "examples")).filter((file) => file.endsWith(".ts"));
  console.error(`run: no program ${program}. Examples: ${names.map((file) => file.slice(0, -3)).join(", ")}.`);
  process.exit(2);
}
// Node 20 has relaxed SIMD behind a flag, which later versions no longer know.
if (Number(process.versions.node.split(".")[0]) < 22) setFlagsFromString("--experimental-wasm-relaxed-simd");

const outfile = join(root, "dist", "programs", program.replace(/\.ts$/, ".mjs"));
await build({
  entryPoints: [resolve(root, program)],
  outfile,
  bundle: true,
  packages: "external",
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: "inline",
  logLevel: "warning",
});
process.argv = [process.argv[0], outfile, ...rest];
await import(pathToFileURL(outfile).href);
