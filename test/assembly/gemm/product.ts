/** One case of sgemm: run, compare, check what lies around. */
import type { Engine } from "../../../src/runtime/engine.js";
import type { Build } from "../../../src/runtime/wasm.js";
import { firstDifference } from "../../closeness.js";
import { Guarded, seeded } from "../../guarded.js";
import * as reference from "../../reference/gemm.js";
import { draw, isExact } from "./dense.js";
import { Matrix } from "./matrix.js";

export const TRANSPOSES = ["NN", "NT", "TN", "TT"] as const;

export interface Product {
  transposes: (typeof TRANSPOSES)[number];
  m: number;
  n: number;
  k: number;
  alpha?: number;
  beta?: number;
  apart?: number;
  misalignment?: number;
  low?: number;
}

/** Gives the largest error in units of u * G. */
export function checkProduct(engine: Engine, build: Build, product: Product): number {
  const { transposes, m, n, k, alpha = 1, beta = 0, apart = 0, misalignment = 0, low = -1 } = product;
  const random = seeded(m * 10007 + n * 101 + k + 1);
  const a = draw(random, m * k, low);
  const b = draw(random, k * n, low);
  const c = draw(random, m * n, low);
  const place = { apart, misalignment };
  const [tall, wide] = [transposes[0] === "T", transposes[1] === "T"];
  const A = tall ? Matrix.of(engine, k, m, a, place) : Matrix.of(engine, m, k, a, place);
  const B = wide ? Matrix.of(engine, n, k, b, place) : Matrix.of(engine, k, n, b, place);
  const C = new Matrix(engine, m, n, place);
  const scratch = new Guarded(engine, engine.kernels.sgemmScratch(m, n, k));
  const run = (suffix: "" | "Short"): Float32Array => {
    for (let i = 0; beta !== 0 && i < m; i++) C.row(i).set(c.subarray(i * n, (i + 1) * n));
    const kernel = engine.kernels[`sgemm${transposes}${suffix}`];
    kernel(m, n, k, alpha, A.address, A.ld, B.address, B.ld, beta, C.address, C.ld, scratch.address);
    return C.read();
  };
  const got = run("");
  if (firstDifference(run("Short"), got) >= 0) throw new Error(`${JSON.stringify(product)}: short tiles differ`);
  for (const array of [A, B, C, scratch]) array.free();

  const factorA = tall ? (i: number, p: number) => a[p * m + i]! : (i: number, p: number) => a[i * k + p]!;
  const factorB = wide ? (p: number, j: number) => b[j * k + p]! : (p: number, j: number) => b[p * n + j]!;
  if (isExact(build)) {
    const want = reference.sgemm(m, n, k, alpha, factorA, factorB, beta, c);
    const at = firstDifference(got, want);
    if (at >= 0) throw new Error(`${JSON.stringify(product)} [${at}]: got ${got[at]}, expected ${want[at]}`);
  }
  return reference.errorRatio(got, m, n, k, factorA, factorB, {
    alpha: Math.fround(alpha),
    start: (i, j) => Math.fround(beta) * c[i * n + j]!,
  });
}
