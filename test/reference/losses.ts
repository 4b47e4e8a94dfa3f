/**
 * Losses in float64, one row at a time, written from their definitions: the oracle of the kernels. Their gradients are
 * checked against central differences in test/reference/losses.test.ts.
 *
 * Predictions are probabilities where a loss wants them; `fromLogits` and the fused forms take logits.
 */

/** The bounds of a probability as f32 arithmetic has them. */
const LOW = Math.fround(1e-7);
const HIGH = Math.fround(1 - 1e-7);
const clip = (p: number, low = LOW, high = HIGH): number => Math.max(low, Math.min(high, p));

/** Targets: floats, or a class index. */
export type Row = readonly number[];

export interface LossReference {
  loss(y: Row, t: Row): number;
  gradient(y: Row, t: Row): number[];
}

const sum = (x: Row): number => x.reduce((total, value) => total + value, 0);
const mean = (x: Row): number => sum(x) / x.length;
const dot = (a: Row, b: Row): number => sum(a.map((value, i) => value * b[i]!));
const oneHot = (label: number, width: number): number[] => Array.from({ length: width }, (_, j) => Number(j === label));

/** The mean over a row of a value per element. */
function elementwise(
  loss: (y: number, t: number) => number,
  slope: (y: number, t: number) => number,
  reduce = mean,
): LossReference {
  const share = (n: number) => (reduce === mean ? 1 / n : 1);
  return {
    loss: (y, t) => reduce(y.map((value, j) => loss(value, t[j]!))),
    gradient: (y, t) => y.map((value, j) => slope(value, t[j]!) * share(y.length)),
  };
}

const signed = (t: number): number => (t === 0 ? -1 : t);

function softmax(z: Row): number[] {
  const largest = Math.max(...z);
  const e = z.map((value) => Math.exp(value - largest));
  return e.map((value) => value / sum(e));
}

function logSoftmax(z: Row): number[] {
  const largest = Math.max(...z);
  const logSum = Math.log(sum(z.map((value) => Math.exp(value - largest))));
  return z.map((value) => value - largest - logSum);
}

function crossentropyOfProbabilities(y: Row, t: Row): number {
  const divisor = sum(y) || 1;
  return -dot(
    t,
    y.map((value) => Math.log(clip(value / divisor))),
  );
}

function slopeOfProbabilities(y: Row, t: Row): number[] {
  const divisor = sum(y) || 1;
  const q = y.map((value) => value / divisor);
  const inside = q.map((value) => value >= LOW && value <= HIGH);
  const total = sum(t.filter((_, j) => inside[j]));
  return q.map((value, j) => (total - (inside[j] ? t[j]! / value : 0)) / divisor);
}

function crossentropyOfLogits(z: Row, t: Row): number {
  const logY = logSoftmax(z);
  return -sum(t.map((value, j) => (value === 0 ? 0 : value * logY[j]!)));
}

function slopeOfLogits(z: Row, t: Row): number[] {
  const total = sum(t);
  return softmax(z).map((value, j) => value * total - t[j]!);
}

/** The reference of a loss with its options, by the loss's name. */
export const references: Record<
  string,
  (options: { fromLogits?: boolean; labelSmoothing?: number; delta?: number }) => LossReference
> = {
  meanSquaredError: () =>
    elementwise(
      (y, t) => (y - t) ** 2,
      (y, t) => 2 * (y - t),
    ),
  meanAbsoluteError: () =>
    elementwise(
      (y, t) => Math.abs(y - t),
      (y, t) => Math.sign(y - t),
    ),
  huber: ({ delta = 1 }) =>
    elementwise(
      (y, t) => (Math.abs(y - t) <= delta ? (y - t) ** 2 / 2 : delta * (Math.abs(y - t) - delta / 2)),
      (y, t) => Math.max(-delta, Math.min(delta, y - t)),
    ),
  logCosh: () =>
    elementwise(
      (y, t) => {
        const e = Math.abs(y - t);
        return e < 1e-4 ? (e * e) / 2 : e - Math.LN2 + Math.log1p(Math.exp(-2 * e));
      },
      (y, t) => Math.tanh(y - t),
    ),
  hinge: () =>
    elementwise(
      (y, t) => Math.max(1 - signed(t) * y, 0),
      (y, t) => (signed(t) * y < 1 ? -signed(t) : 0),
    ),
  squaredHinge: () =>
    elementwise(
      (y, t) => Math.max(1 - signed(t) * y, 0) ** 2,
      (y, t) => -2 * signed(t) * Math.max(1 - signed(t) * y, 0),
    ),
  poisson: () =>
    elementwise(
      (y, t) => y - t * Math.log(y + LOW),
      (y, t) => 1 - t / (y + LOW),
    ),
  klDivergence: () =>
    elementwise(
      (y, t) => clip(t, LOW, 1) * Math.log(clip(t, LOW, 1) / clip(y, LOW, 1)),
      (y, t) => (y >= LOW && y <= 1 ? -clip(t, LOW, 1) / y : 0),
      sum,
    ),
  cosineSimilarity: () => {
    const norm = (x: Row) => Math.max(Math.sqrt(dot(x, x)), 1e-7);
    return {
      loss: (y, t) => -dot(y, t) / (norm(y) * norm(t)),
      gradient(y, t) {
        if (Math.sqrt(dot(y, y)) <= 1e-7) return y.map(() => 0);
        const cosine = dot(y, t) / (norm(y) * norm(t));
        return y.map((value, j) => ((cosine * value) / norm(y) - t[j]! / norm(t)) / norm(y));
      },
    };
  },
  binaryCrossentropy({ fromLogits = false, labelSmoothing = 0 }) {
    const smooth = (t: number) => t * (1 - labelSmoothing) + labelSmoothing / 2;
    return fromLogits
      ? elementwise(
          (z, t) => Math.max(z, 0) - z * smooth(t) + Math.log1p(Math.exp(-Math.abs(z))),
          (z, t) => 1 / (1 + Math.exp(-z)) - smooth(t),
        )
      : elementwise(
          (y, t) => -smooth(t) * Math.log(clip(y)) - (1 - smooth(t)) * Math.log(1 - clip(y)),
          (y, t) => (y >= LOW && y <= HIGH ? (1 - smooth(t)) / (1 - y) - smooth(t) / y : 0),
        );
  },
  categoricalCrossentropy({ fromLogits = false, labelSmoothing = 0 }) {
    const smooth = (t: Row) => t.map((value) => value * (1 - labelSmoothing) + labelSmoothing / t.length);
    return {
      loss: (y, t) => (fromLogits ? crossentropyOfLogits : crossentropyOfProbabilities)(y, smooth(t)),
      gradient: (y, t) => (fromLogits ? slopeOfLogits : slopeOfProbabilities)(y, smooth(t)),
    };
  },
  sparseCategoricalCrossentropy({ fromLogits = false }) {
    const rowOf = (y: Row, t: Row) => oneHot(t[0]!, y.length);
    return {
      loss: (y, t) => (fromLogits ? crossentropyOfLogits : crossentropyOfProbabilities)(y, rowOf(y, t)),
      gradient: (y, t) => (fromLogits ? slopeOfLogits : slopeOfProbabilities)(y, rowOf(y, t)),
    };
  },
};

/** The output that a fused loss follows. */
export const outputs = { softmax, sigmoid: (z: Row) => z.map((value) => 1 / (1 + Math.exp(-value))) };
