/**
 * Every kernel that is cut for threads, found in the table and in the compiler's declarations, so that a new entry is
 * tested without a word here: the same memory, bit for bit, with 1, 2, 3 and 4 threads that cut everything.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Engine } from "../../src/runtime/engine.js";
import { CUT_KERNELS, wordsOf } from "../../src/runtime/split.js";
import { engineOf } from "../builds.js";

interface Argument {
  readonly name: string;
  readonly type: "i32" | "usize" | "f32" | "f64";
}

/** Arguments of every export, from the declarations that the compiler wrote. */
const declared = new Map<string, readonly Argument[]>();
const declarations = readFileSync(new URL("../../build/relaxed.d.ts", import.meta.url), "utf8");
for (const [, comment, name] of declarations.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\s*export function (\w+)/g)) {
  const found = [...comment!.matchAll(/@param (\w+) `(\w+)`/g)];
  declared.set(
    name!,
    found.map((match) => ({ name: match[1]!, type: match[2] as Argument["type"] })),
  );
}

describe("the table of cuts", () => {
  test.each(CUT_KERNELS.flatMap((name) => wordsOf(name).map((word) => [name, word] as const)))(
    "%s as %s",
    (name, word) => {
      const list = declared.get(name)!;
      const types = [...word].map((letter) => (".".includes(letter) ? "" : "nwko".includes(letter) ? "i32" : "usize"));
      expect(types.map((type, i) => type === "" || type === list[i]!.type)).not.toContain(false);
      // What does not move is read as a whole: an output among it would be written by every piece, if the number of the
      // first unit does not move instead.
      if (word.includes("o")) return;
      const still = list.filter((argument, i) => argument.type === "usize" && (word[i] ?? ".") === ".");
      expect(
        still.filter(({ name: argument }) => /^(y|dx|dy|dz|dw|db|theta|out)$/.test(argument) && argument !== "dy"),
      ).toEqual([]);
    },
  );
});

/**
 * Sizes of a case by name of the argument; what is not named gets a number of its type. `floats`: of every array, as many as
 * the case touches.
 */
const SIZES = [
  { n: 1021, rows: 37, width: 10, m: 37, k: 61, columns: 77, floats: 1 << 15 },
  { n: 64, rows: 5, width: 3, m: 70, k: 33, columns: 131, floats: 1 << 15 },
  { n: 3000, rows: 130, width: 21, m: 130, k: 8, columns: 12, floats: 1 << 15 },
];
/** More pieces than threads also where every piece packs an operand. */
const MANY = { n: 128, rows: 8, width: 12, m: 275, k: 100, columns: 300, floats: 1 << 17 };

/** Runs a kernel once on arrays of fixed contents; returns everything that it may have written. */
function outputs(engine: Engine, name: string, size: typeof MANY): Float32Array {
  const { floats } = size;
  const list = declared.get(name)!;
  const byColumns = list.some(({ name: argument }) => argument === "m");
  const all: number[] = [];
  const compared: number[] = [];
  const values = list.map(({ name: argument, type }, i): number => {
    if (type === "usize") {
      const address = engine.arena.allocate(floats * 4);
      all.push(address);
      if (argument !== "scratch") compared.push(address);
      engine.floats(address, floats).fill(0);
      if (argument === "labels")
        engine.i32.set(
          Int32Array.from({ length: floats }, (_, j) => j % size.width),
          address >>> 2,
        );
      // Between 0.1 and 0.9: inside the domain of every kernel, be it a variance, a probability or a slope.
      else engine.kernels.uniformFill(floats, 0, address, 7, i, 0.1, 0.9);
      return address;
    }
    if (type === "f32") return argument === "epsilon" || argument === "floor" ? 1e-6 : 0.4;
    if (type === "f64") return 0.4;
    if (argument === "n") return byColumns ? size.columns : list[0]!.name === "n" ? size.n : size.width * 5;
    if (argument === "first") return 3;
    if (argument === "count") return size.k - 3;
    if (/^ld/.test(argument)) return Math.max(size.columns, size.k, size.m, size.width * 5) + 3;
    return argument === "rows" || argument === "m" || argument === "k" || argument === "width"
      ? size[argument]
      : 12 + i;
  });
  (engine.kernels as unknown as Record<string, (...given: number[]) => void>)[name]!(...values);
  const found = new Float32Array(floats * compared.length);
  compared.forEach((address, i) => found.set(engine.floats(address, floats), i * floats));
  for (const address of all) engine.arena.free(address);
  return found;
}

describe.each(["baseline", "relaxed"] as const)("with %s, any number of threads gives the bits of one", (build) => {
  const [one, ...several] = [1, 2, 3, 4].map((threads) => engineOf(build, 2048, threads));
  test.each(CUT_KERNELS)("%s", async (name) => {
    for (const engine of several) await engine.ready();
    const packs = wordsOf(name).some((word) => word.includes("s"));
    for (const size of packs ? [...SIZES, MANY] : SIZES) {
      const expected = new Uint32Array(outputs(one!, name, size).buffer);
      for (const engine of several) {
        const found = new Uint32Array(outputs(engine, name, size).buffer);
        expect(
          found.findIndex((word, i) => word !== expected[i]),
          `${engine.info.threads} threads`,
        ).toBe(-1);
      }
    }
  });
});
