/** Runs a suite on every build of the kernels that this engine validates; the others are visible skips. */
import { readFileSync } from "node:fs";
import { describe } from "vitest";
import { Engine } from "../src/runtime/engine.js";
import { compile, sharedForm, type Build } from "../src/runtime/wasm.js";

const builds: Build[] = ["baseline", "relaxed", "debug"];

/** Threads that the engines of all tests have: `npm run test:slow` runs everything with several. */
export const THREADS = Number(process.env["LANEWISE_THREADS"] ?? 1);

/** An engine of one build, with a memory of its own. With threads, every kernel that can be split is, however small. */
export function engineOf(build: Build, maximumPages = 16384, threads = THREADS): Engine {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: maximumPages, shared: threads > 1 });
  const bytes = bytesOf(build);
  return new Engine({ build, module: compile(threads > 1 ? sharedForm(bytes) : bytes), memory, threads, splitFrom: 0 });
}

export function eachBuild(name: string, suite: (engine: Engine, build: Build) => void): void {
  for (const build of builds) {
    if (!WebAssembly.validate(bytesOf(build))) {
      describe.skip(`${name} (${build}: refused by this engine, Node 20 needs --experimental-wasm-relaxed-simd)`, () => {});
    } else {
      describe(`${name} (${build})`, () => suite(engineOf(build), build));
    }
  }
}

function bytesOf(build: Build): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(`../build/${build}.wasm`, import.meta.url)));
}
