/** Every f32 argument of every function, against float64 computed in Wasm: 2^32 each, two to four minutes a function on an idle core. */
import { expect, it } from "vitest";
import asc from "assemblyscript/asc";
import { readFileSync } from "node:fs";
import { compile, instantiateKernels, type Build, type Kernels } from "../../src/runtime/wasm.js";
import { vectorFunctions } from "./vmath-functions.js";

const SOURCE = "assembly/vmath-reference.ts";
const ORACLE_BASE = 1 << 19;
const BLOCKS_BASE = 1 << 20;
const BLOCK = 1 << 16;
const MINUTES = 60_000;

function bytesOf(build: Build): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(`../../build/${build}.wasm`, import.meta.url)));
}

/** The builds of the package that this engine takes: Node 20 refuses the relaxed one without its flag. */
function releaseBuilds(): Build[] {
  return (["baseline", "relaxed"] as const).filter((build) => WebAssembly.validate(bytesOf(build)));
}

/** The exports of assembly/vmath-reference.ts. */
type Oracle = Record<string, (...args: number[]) => number>;

async function compileOracle(): Promise<WebAssembly.Module> {
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await asc.main(
    // Its tables start past those of the kernels, with whom it shares a memory.
    [SOURCE, "--outFile", "oracle.wasm", "-O3", "--importMemory", "--memoryBase", String(ORACLE_BASE), "--initialMemory", "16"],
    {
      readFile: (name, directory) => {
        try {
          return readFileSync(new URL(`${directory}/${name}`, new URL("../../", import.meta.url)), "utf8");
        } catch {
          return null;
        }
      },
      writeFile: (name, contents) => {
        if (name.endsWith(".wasm")) binary = contents as Uint8Array<ArrayBuffer>;
      },
      listFiles: () => [],
    },
  );
  if (error || binary === undefined) throw new Error(`${SOURCE}: ${stderr.toString()}`, { cause: error });
  return new WebAssembly.Module(binary);
}

interface Case {
  readonly bound: number;
  call(k: Kernels, n: number, x: number, y: number): void;
}

/** The functions of vmath within their bounds in ULP, and GELU beside max(10 eps, 5 eps |y|). */
const cases: Record<string, Case> = {
  ...vectorFunctions,
  gelu: { bound: 1, call: (k, n, x, y) => k.geluForward(n, x, y) },
};

let compiled: Promise<WebAssembly.Module> | undefined;

it.each(Object.entries(cases))(
  "%s of all 2^32 arguments",
  async (name, { bound, call }) => {
    const builds = releaseBuilds();
    const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536 });
    const kernels = builds.map((build) => instantiateKernels(compile(bytesOf(build)), memory));
    const oracle = new WebAssembly.Instance(await (compiled ??= compileOracle()), { env: { memory } })
      .exports as unknown as Oracle;
    const worst = oracle[name === "gelu" ? "worstMixed" : "worstUlp"]!;

    const [x, y, reference, at] = [1, 2, 3, 5].map((block) => BLOCKS_BASE + block * BLOCK * 4) as [number, number, number, number];
    const errors = builds.map(() => 0);
    const where = builds.map(() => 0);
    for (let first = 0; first < 2 ** 32; first += BLOCK) {
      oracle["bitPatterns"]!(BLOCK, first, x);
      oracle[name]!(BLOCK, x, reference);
      kernels.forEach((k, build) => {
        call(k, BLOCK, x, y);
        const error = worst(BLOCK, y, reference, errors[build]!, at);
        if (error === errors[build]) return;
        errors[build] = error;
        where[build] = new Float32Array(memory.buffer, x, BLOCK)[new Int32Array(memory.buffer, at, 1)[0]!]!;
      });
    }
    builds.forEach((build, i) => console.log(`${name}, ${build}: at most ${errors[i]!.toFixed(4)} at ${where[i]}`));
    for (const [i, error] of errors.entries()) expect(error, `${builds[i]} at ${where[i]}`).toBeLessThanOrEqual(bound);
  },
  60 * MINUTES,
);
