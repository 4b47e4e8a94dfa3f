/** One case of the three products of a dense layer: run, compare, check what lies around. */
import type { Engine } from "../../../src/runtime/engine.js";
import type { Build } from "../../../src/runtime/wasm.js";
import { firstDifference } from "../../closeness.js";
import { Guarded, seeded } from "../../guarded.js";
import * as reference from "../../reference/gemm.js";
import { Matrix, panelsOf, rowsOf } from "./matrix.js";

export interface DenseCase {
  m: number;
  n: number;
  k: number;
  useBias?: boolean;
  /** Floats between rows beyond their width. */
  apart?: number;
  misalignment?: number;
  /** Lowest value drawn; the highest is 1. */
  low?: number;
}

/** Draws n floats from [low, 1). */
export function draw(random: () => number, n: number, low = -1): Float32Array {
  return Float32Array.from({ length: n }, () => low + random() * (1 - low));
}

/** Whether a build rounds products before adding them, as the reference does. */
export function isExact(build: Build): boolean {
  return build !== "relaxed";
}

function mustEqual(got: Float32Array, want: Float32Array, label: string): void {
  const at = firstDifference(got, want);
  if (at >= 0) throw new Error(`${label} [${at}]: got ${got[at]}, expected ${want[at]}`);
}

/** Runs forward, weight gradient, input gradient and bias gradient; gives the largest error in units of u * G. */
export function checkDense(engine: Engine, build: Build, dense: DenseCase): number {
  const { m, n, k, useBias = false, apart = 0, misalignment = 0, low = -1 } = dense;
  const { kernels } = engine;
  const label = `${build} ${m}x${n}x${k} +${apart} @${misalignment}`;
  const random = seeded(m * 10007 + n * 101 + k + 1);
  const x = draw(random, m * k, low);
  const w = draw(random, k * n, low);
  const dy = draw(random, m * n, low);
  const bias = draw(random, n, low);
  const place = { apart, misalignment };
  const X = Matrix.of(engine, m, k, x, place);
  const Y = new Matrix(engine, m, n, place);
  const DY = Matrix.of(engine, m, n, dy, place);
  const DX = new Matrix(engine, m, k, place);
  const W = panelsOf(engine, k, n, w, misalignment);
  const B = Guarded.of(engine, bias, misalignment);
  const DB = new Guarded(engine, n, misalignment);
  const DW = new Guarded(engine, kernels.panelFloats(k, n), misalignment);
  DW.values.fill(NaN);
  const scratch = new Guarded(engine, kernels.denseBackwardInputScratch(1, n, k));

  kernels.denseForward(m, n, k, X.address, X.ld, W.address, useBias ? B.address : 0, Y.address, Y.ld);
  const y = Y.read();
  kernels.denseForwardShort(m, n, k, X.address, X.ld, W.address, useBias ? B.address : 0, Y.address, Y.ld);
  mustEqual(Y.read(), y, `${label} forward, short tiles`);

  kernels.denseBackwardWeights(m, n, k, X.address, X.ld, DY.address, DY.ld, DW.address);
  const stored = DW.read();
  const dw = rowsOf(engine, k, n, DW);
  kernels.denseBackwardWeightsShort(m, n, k, X.address, X.ld, DY.address, DY.ld, DW.address);
  mustEqual(DW.read(), stored, `${label} dW, short tiles`);
  const packed = panelsOf(engine, k, n, dw);
  mustEqual(stored, packed.read(), `${label} pads of dW`);
  packed.free();

  kernels.denseBackwardInput(m, n, k, 0, k, DY.address, DY.ld, W.address, DX.address, DX.ld, scratch.address);
  const dx = DX.read();
  kernels.denseBackwardInputShort(m, n, k, 0, k, DY.address, DY.ld, W.address, DX.address, DX.ld, scratch.address);
  mustEqual(DX.read(), dx, `${label} dX, short tiles`);
  kernels.biasBackward(m, n, DY.address, DY.ld, DB.address);
  const db = DB.read();
  for (const array of [X, Y, DY, DX, W, B, DB, DW, scratch]) array.free();

  if (isExact(build)) {
    mustEqual(y, reference.denseForward(m, n, k, x, w, useBias ? bias : undefined), `${label} forward`);
    mustEqual(dw, reference.denseBackwardWeights(m, n, k, x, dy), `${label} dW`);
    mustEqual(dx, reference.denseBackwardInput(m, n, k, dy, w), `${label} dX`);
  }
  mustEqual(db, reference.biasBackward(m, n, dy), `${label} db`);

  return Math.max(
    reference.errorRatio(
      y,
      m,
      n,
      k,
      (i, p) => x[i * k + p]!,
      (p, j) => w[p * n + j]!,
      { start: (_, j) => (useBias ? bias[j]! : 0) },
    ),
    reference.errorRatio(
      dw,
      k,
      n,
      m,
      (i, p) => x[p * k + i]!,
      (p, j) => dy[p * n + j]!,
    ),
    reference.errorRatio(
      dx,
      m,
      k,
      n,
      (i, p) => dy[i * n + p]!,
      (p, j) => w[j * n + p]!,
    ),
  );
}
