/**
 * Batch and layer normalization in float64, written from their definitions: the oracle of the kernels. Their gradients
 * are checked against central differences in test/reference/normalization.test.ts.
 */

export interface Normalized {
  y: Float64Array;
  /** Per column (batch) or per row (layer). */
  mean: Float64Array;
  variance: Float64Array;
  inverseStd: Float64Array;
}

export interface NormalizationGradients {
  dx: Float64Array;
  dgamma: Float64Array;
  dbeta: Float64Array;
}

export interface Given {
  rows: number;
  n: number;
  x: ArrayLike<number>;
  gamma?: ArrayLike<number> | undefined;
  beta?: ArrayLike<number> | undefined;
  epsilon: number;
}

/** Which elements are normalized together: those with one column, or those with one row. */
type Axis = "batch" | "layer";

const groupOf = (axis: Axis, n: number) => (i: number) => (axis === "batch" ? i % n : Math.floor(i / n));

/** Means over groups of f(i). */
function means(axis: Axis, rows: number, n: number, f: (i: number) => number): Float64Array {
  const [groups, size] = axis === "batch" ? [n, rows] : [rows, n];
  const group = groupOf(axis, n);
  const sums = new Float64Array(groups);
  for (let i = 0; i < rows * n; i++) sums[group(i)]! += f(i);
  return sums.map((sum) => sum / size);
}

export function normalize(axis: Axis, { rows, n, x, gamma, beta, epsilon }: Given): Normalized {
  const group = groupOf(axis, n);
  const mean = means(axis, rows, n, (i) => x[i]!);
  const variance = means(axis, rows, n, (i) => (x[i]! - mean[group(i)]!) ** 2);
  const inverseStd = variance.map((v) => 1 / Math.sqrt(v + epsilon));
  const y = Float64Array.from({ length: rows * n }, (_, i) => {
    const xhat = (x[i]! - mean[group(i)]!) * inverseStd[group(i)]!;
    return xhat * (gamma?.[i % n] ?? 1) + (beta?.[i % n] ?? 0);
  });
  return { y, mean, variance, inverseStd };
}

/** Gradients for the given statistics; constants (inference) if `moving`. */
export function normalizeBackward(
  axis: Axis,
  { rows, n, x, gamma }: Given,
  { mean, inverseStd }: { mean: ArrayLike<number>; inverseStd: ArrayLike<number> },
  dy: ArrayLike<number>,
  moving = false,
): NormalizationGradients {
  const group = groupOf(axis, n);
  const xhat = (i: number): number => (x[i]! - mean[group(i)]!) * inverseStd[group(i)]!;
  const g = (i: number): number => dy[i]! * (gamma?.[i % n] ?? 1);
  const meanG = means(axis, rows, n, g);
  const meanGx = means(axis, rows, n, (i) => g(i) * xhat(i));
  const dx = Float64Array.from({ length: rows * n }, (_, i) => {
    const through = moving ? 0 : meanG[group(i)]! + xhat(i) * meanGx[group(i)]!;
    return inverseStd[group(i)]! * (g(i) - through);
  });
  const sumColumns = (f: (i: number) => number) => means("batch", rows, n, f).map((value) => value * rows);
  return { dx, dgamma: sumColumns((i) => dy[i]! * xhat(i)), dbeta: sumColumns((i) => dy[i]!) };
}
