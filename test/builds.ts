/** Runs a suite on every build of the kernels that this engine validates; the others are visible skips. */
import { readFileSync } from "node:fs";
import { describe } from "vitest";
import { Engine } from "../src/runtime/engine.js";
import { compile, type Build } from "../src/runtime/wasm.js";

const builds: Build[] = ["baseline", "relaxed", "debug"];

/** An engine of one build, with a memory of its own. */
export function engineOf(build: Build, maximumPages = 16384): Engine {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: maximumPages });
  return new Engine(compile(bytesOf(build)), memory, { build, sha256: undefined, refused: {} });
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
