/**
 * Matrix products in plain loops, two ways: `chain` and `dot` round every operation to f32 in the order of the
 * baseline kernels, so that those must equal them bit by bit; `bounded` sums in float64 and says how far any correct
 * kernel may be off.
 */
const { fround } = Math;

/** Terms of one element of a product: the factors with index p of the sum. */
export type Factor = (index: number, p: number) => number;

/** start + sum of a[p] * b[p], one chain in order. */
function chain(k: number, start: number, a: (p: number) => number, b: (p: number) => number): number {
  let sum = start;
  for (let p = 0; p < k; p++) sum = fround(sum + fround(a(p) * b(p)));
  return sum;
}

/** Sum of a[p] * b[p] in four lanes, lane p mod 4, then (l0 + l2) + (l1 + l3). */
function dot(k: number, a: (p: number) => number, b: (p: number) => number): number {
  const lanes = [0, 0, 0, 0];
  const rounded = Math.ceil(k / 4) * 4;
  // Lanes beyond the end of a piece of four add 0 * 0, which turns -0 into 0 as in the kernel.
  for (let p = 0; p < rounded; p++) {
    lanes[p % 4] = fround(lanes[p % 4]! + (p < k ? fround(a(p) * b(p)) : 0));
  }
  return fround(fround(lanes[0]! + lanes[2]!) + fround(lanes[1]! + lanes[3]!));
}

/** Samples from which on an input gradient is one chain: w is transposed then. */
const TRANSPOSED_FROM = 16;

/** Columns of a [k, n] kernel that are stored in panels of 8; the others are narrow. */
export function columnsInPanels(n: number): number {
  return n % 8 > 4 ? n : n - (n % 8);
}

/** x [m, k], w [k, n], bias [n] or none, all row-major. */
export function denseForward(
  m: number,
  n: number,
  k: number,
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  bias?: ArrayLike<number>,
): Float32Array {
  const y = new Float32Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const start = bias ? bias[j]! : 0;
      const row = (p: number): number => x[i * k + p]!;
      const column = (p: number): number => w[p * n + j]!;
      y[i * n + j] = j < columnsInPanels(n) ? chain(k, start, row, column) : fround(dot(k, row, column) + start);
    }
  }
  return y;
}

/** x [m, k], dy [m, n] -> dw [k, n], row-major. */
export function denseBackwardWeights(
  m: number,
  n: number,
  k: number,
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
): Float32Array {
  const dw = new Float32Array(k * n);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < n; j++)
      dw[i * n + j] = chain(
        m,
        0,
        (p) => x[p * k + i]!,
        (p) => dy[p * n + j]!,
      );
  }
  return dw;
}

/** dy [m, n], w [k, n] row-major -> dx [m, k]. */
export function denseBackwardInput(
  m: number,
  n: number,
  k: number,
  dy: ArrayLike<number>,
  w: ArrayLike<number>,
): Float32Array {
  const dx = new Float32Array(m * k);
  const inPanels = m >= TRANSPOSED_FROM ? 0 : columnsInPanels(n);
  for (let i = 0; i < m; i++) {
    const dyOf = (p: number): number => dy[i * n + p]!;
    for (let j = 0; j < k; j++) {
      const wOf = (p: number): number => w[j * n + p]!;
      const panels = dot(inPanels, dyOf, wOf);
      dx[i * k + j] = chain(
        n - inPanels,
        panels,
        (p) => dyOf(inPanels + p),
        (p) => wOf(inPanels + p),
      );
    }
  }
  return dx;
}

/** Column sums of dy [m, n]. */
export function biasBackward(m: number, n: number, dy: ArrayLike<number>): Float32Array {
  const db = new Float32Array(n);
  for (let j = 0; j < n; j++) {
    let sum = 0;
    for (let i = 0; i < m; i++) sum = fround(sum + dy[i * n + j]!);
    db[j] = sum;
  }
  return db;
}

/** alpha A B + beta C, the factors given by function so that transposes need no cases here. */
export function sgemm(
  m: number,
  n: number,
  k: number,
  alpha: number,
  a: Factor,
  b: (p: number, j: number) => number,
  beta: number,
  c: ArrayLike<number>,
): Float32Array {
  const result = new Float32Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const start = beta === 0 ? 0 : fround(fround(beta) * c[i * n + j]!);
      result[i * n + j] = chain(
        k,
        start,
        (p) => a(i, p),
        (p) => fround(fround(alpha) * b(p, j)),
      );
    }
  }
  return result;
}

/** Unit roundoff of f32. */
export const UNIT = 2 ** -24;

/**
 * The largest error of `got` against float64, in units of u * G, where G = |alpha| sum |a||b| + |beta c| is the
 * magnitude of what was added; throws above Higham's bound gamma_(k+2) * G, which holds for any order of summation,
 * fused or not: a violation is a bug, not noise.
 */
export function errorRatio(
  got: ArrayLike<number>,
  m: number,
  n: number,
  k: number,
  a: Factor,
  b: (p: number, j: number) => number,
  { alpha = 1, start = () => 0 }: { alpha?: number; start?: (i: number, j: number) => number } = {},
): number {
  const gamma = ((k + 2) * UNIT) / (1 - (k + 2) * UNIT);
  let worst = 0;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = start(i, j);
      let magnitude = Math.abs(sum);
      for (let p = 0; p < k; p++) {
        const term = alpha * a(i, p) * b(p, j);
        sum += term;
        magnitude += Math.abs(term);
      }
      const error = Math.abs(got[i * n + j]! - sum);
      if (!(error <= gamma * magnitude)) {
        throw new Error(
          `[${i}][${j}] of ${m}x${n}x${k}: got ${got[i * n + j]}, expected ${sum} within ${gamma * magnitude}`,
        );
      }
      if (magnitude > 0) worst = Math.max(worst, error / (UNIT * magnitude));
    }
  }
  return worst;
}
