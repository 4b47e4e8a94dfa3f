/**
 * Projections of weights after an update. A norm constraint scales the vectors of a weight so that their norms fall within
 * limits, as Keras does: with norm = sqrt(sum(w^2)), w = w (rate clip(norm, min, max) + (1 - rate) norm) / (1e-7 + norm).
 * Max-norm is min = 0, rate = 1; unit norm min = max = 1. A zero vector stays zero, and a NaN spreads over its vector.
 *
 * Each weight is read twice and written once while its vectors are in cache. Sums run in one fixed order.
 */
import { sdot, sscal } from "./blas1";
import { columnsInPanels, NR } from "./gemm/panels";
import { bytes, Four, FourAt4, One, sweep1 } from "./lanes";
import { madd, sumLanes } from "./simd";
import { None } from "./strips";

const ZERO = f32x4.splat(0);

/** What the vectors with these sums of squares are multiplied with. */
@inline
function factorOf(squares: v128, minValue: f32, maxValue: f32, rate: f32): v128 {
  const norm = f32x4.sqrt(squares);
  const clipped = f32x4.pmin(f32x4.pmax(norm, f32x4.splat(minValue)), f32x4.splat(maxValue));
  const wanted = madd(f32x4.splat(rate), clipped, f32x4.mul(f32x4.splat(<f32>1 - rate), norm));
  return f32x4.div(wanted, f32x4.add(f32x4.splat(1e-7), norm));
}

/** The two vectors of columns at w, over all rows; four rows at a time, since each sum waits for the last. */
@inline
function constrainStrip<A, B>(rows: i32, stride: usize, w: usize, minValue: f32, maxValue: f32, rate: f32): void {
  const a = changetype<A>(0), b = changetype<B>(0);
  let a0 = ZERO, a1 = ZERO, a2 = ZERO, a3 = ZERO;
  let b0 = ZERO, b1 = ZERO, b2 = ZERO, b3 = ZERO;
  const body = w + <usize>(rows & ~3) * stride, end = w + <usize>rows * stride;
  let p = w;
  for (; p < body; p += 4 * stride) {
    const q = p + stride, r = q + stride, s = r + stride;
    a0 = madd(a.load(p), a.load(p), a0);
    b0 = madd(b.load(p), b.load(p), b0);
    a1 = madd(a.load(q), a.load(q), a1);
    b1 = madd(b.load(q), b.load(q), b1);
    a2 = madd(a.load(r), a.load(r), a2);
    b2 = madd(b.load(r), b.load(r), b2);
    a3 = madd(a.load(s), a.load(s), a3);
    b3 = madd(b.load(s), b.load(s), b3);
  }
  for (; p < end; p += stride) {
    a0 = madd(a.load(p), a.load(p), a0);
    b0 = madd(b.load(p), b.load(p), b0);
  }
  const factorA = factorOf(f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, a3)), minValue, maxValue, rate);
  const factorB = factorOf(f32x4.add(f32x4.add(b0, b1), f32x4.add(b2, b3)), minValue, maxValue, rate);
  for (p = w; p < end; p += stride) {
    a.store(p, f32x4.mul(a.load(p), factorA));
    b.store(p, f32x4.mul(b.load(p), factorB));
  }
}

/**
 * Constrains the norm over the middle axis of w [outer, middle, inner], in place, for every outer and inner index.
 */
export function normConstraint(
  outer: i32, middle: i32, inner: i32, w: usize, minValue: f32, maxValue: f32, rate: f32,
): void {
  const size = bytes(middle * inner);
  for (let i = 0; i < outer; i++, w += size) {
    if (inner == 1) {
      const squares = f32x4.splat(sdot(middle, w, w));
      sscal(middle, f32x4.extract_lane(factorOf(squares, minValue, maxValue, rate), 0), w);
      continue;
    }
    const stride = bytes(inner);
    let j: usize = 0;
    for (; j < bytes(inner & ~7); j += 32) constrainStrip<Four, FourAt4>(middle, stride, w + j, minValue, maxValue, rate);
    for (; j < bytes(inner & ~3); j += 16) constrainStrip<Four, None>(middle, stride, w + j, minValue, maxValue, rate);
    for (; j < stride; j += 4) constrainStrip<One, None>(middle, stride, w + j, minValue, maxValue, rate);
  }
}

/** Constrains the norm of each column of a [k, n] kernel stored in panels: one unit's incoming weights. Pads stay zero. */
export function panelColumnNormConstraint(k: i32, n: i32, w: usize, minValue: f32, maxValue: f32, rate: f32): void {
  const inPanels = columnsInPanels(n);
  const panels = (inPanels + NR - 1) / NR;
  normConstraint(panels, k, NR, w, minValue, maxValue, rate);
  normConstraint(n - inPanels, k, 1, w + bytes(panels * k * NR), minValue, maxValue, rate);
}

/** Constrains the norm of each row of a [k, n] kernel stored in panels: one input's outgoing weights. Pads stay zero. */
export function panelRowNormConstraint(k: i32, n: i32, w: usize, minValue: f32, maxValue: f32, rate: f32): void {
  const inPanels = columnsInPanels(n);
  const panels = (inPanels + NR - 1) / NR, narrow = n - inPanels;
  const panel = bytes(k * NR), column = bytes(k);
  for (let i = 0; i < k; i++) {
    const inPanel = w + bytes(i * NR), inColumn = w + <usize>panels * panel + bytes(i);
    let sum0 = ZERO, sum1 = ZERO;
    let p = inPanel;
    for (let j = 0; j < panels; j++, p += panel) {
      sum0 = madd(v128.load(p), v128.load(p), sum0);
      sum1 = madd(v128.load(p, 16), v128.load(p, 16), sum1);
    }
    p = inColumn;
    for (let j = 0; j < narrow; j++, p += column) sum0 = madd(v128.load32_zero(p), v128.load32_zero(p), sum0);
    const sum = f32x4.add(sum0, sum1);
    const factor = factorOf(f32x4.splat(sumLanes(sum)), minValue, maxValue, rate);
    p = inPanel;
    for (let j = 0; j < panels; j++, p += panel) {
      v128.store(p, f32x4.mul(v128.load(p), factor));
      v128.store(p, f32x4.mul(v128.load(p, 16), factor), 16);
    }
    p = inColumn;
    for (let j = 0; j < narrow; j++, p += column) v128.store32_lane(p, f32x4.mul(v128.load32_zero(p), factor), 0);
  }
}

@unmanaged
@final
class NonNegative {
  @inline lanes<W>(p: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(p, f32x4.pmax(w.load(p), ZERO));
  }
}

/** w = max(w, 0), NaN kept. w: n floats, in place. */
export function nonNegativeConstraint(n: i32, w: usize): void {
  sweep1<NonNegative>(n, w, ZERO, ZERO, ZERO);
}
