import { execFileSync } from "node:child_process";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import type { Result } from "./case.js";

const REPEATS = 15;

/** Milliseconds of a new Node process that runs a script. */
function processMs(root: string, script: string): number {
  const started = performance.now();
  const flags = [...relaxedFlag(), "--input-type=module"];
  execFileSync(process.execPath, [...flags, "--eval", script], { cwd: root, stdio: "ignore" });
  return performance.now() - started;
}

const relaxedFlag = (): string[] =>
  Number(process.versions.node.split(".")[0]) < 22 ? ["--experimental-wasm-relaxed-simd"] : [];

const net = `
  const model = sequential([
    layers.dense({ units: 300, activation: "relu" }),
    layers.dense({ units: 100, activation: "relu" }),
    layers.dense({ units: 10, activation: "softmax" }),
  ], { inputShape: [784], seed: 1 });
  model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy" });`;

/** The first training step after a process starts, above a process that does nothing; and what a page downloads. */
export async function startUp(root: string, builds: readonly string[]): Promise<Result[]> {
  const results: Result[] = [];
  for (const name of builds) {
    const script = `
      import { init, layers, sequential } from "lanewise";
      await init({ build: ${JSON.stringify(name)} });
      ${net}
      model.trainOnBatch(new Float32Array(32 * 784), new Int32Array(32));`;
    const above = Array.from({ length: REPEATS }, () => {
      const bare = processMs(root, "");
      return processMs(root, script) - bare;
    }).sort((a, b) => a - b);
    const at = (q: number): number => above[Math.floor(q * REPEATS)]!;
    const figures = { fastest: at(0.1), median: at(0.5), slowest: at(0.9), samples: REPEATS };
    results.push({ group: "start-up", name: "first training step above bare Node", build: name, ...figures });
  }
  for (const [name, contents] of Object.entries(downloads)) {
    const bytes = await bundle(root, contents);
    const rate = gzipSync(bytes, { level: 9 }).length / 1000;
    const download = { fastest: 0, median: 0, slowest: 0, samples: 1, rate, unit: "kB gzip" };
    results.push({ group: "start-up", name: `download, ${name}`, build: "all", ...download });
  }
  return results;
}

/** What a page may import. */
const downloads = {
  "everything in one file": 'export * from "lanewise";',
  "a net of dense layers": `
    import { layers, sequential } from "lanewise";
    ${net}
    export { model };`,
  "lanewise/kernels": 'export * from "lanewise/kernels";',
};

/** A program and the modules that it needs, in one file. */
async function bundle(root: string, contents: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    write: false,
  });
  return outputFiles[0]!.contents;
}
