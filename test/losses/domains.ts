/** For each loss: data it is meant for, and how close f32 must come to float64 on it. */
import type { LossName } from "../../src/losses/index.js";
import { outputs } from "../reference/losses.js";

type Draw = () => number;

export interface Domain {
  /** A prediction row (probabilities; logits are drawn by the test) and its target row, or one label. */
  prediction(random: Draw, width: number): number[];
  target(random: Draw, width: number): number[];
  /** Bound of |loss - reference|: relative to it, and absolute. Multiples of u = 2^-24, the unit roundoff. */
  loss: { relative: number; absolute: number };
  gradient: { relative: number; absolute: number };
}

const U = 2 ** -24;
const between = (low: number, high: number) => (random: Draw, width: number) =>
  Array.from({ length: width }, () => low + (high - low) * random());
const oneOf = (values: number[]) => (random: Draw, width: number) =>
  Array.from({ length: width }, () => values[Math.floor(random() * values.length)]!);
const distribution = (random: Draw, width: number) => outputs.softmax(between(-4, 4)(random, width));
const label = (random: Draw, width: number) => [Math.floor(random() * width)];

/** Sums of terms of one sign, each a few roundings: every error is relative. */
const termwise = {
  loss: { relative: 24 * U, absolute: 0 },
  gradient: { relative: 8 * U, absolute: 0 },
};
/** log q carries the rounding of q and of the sum it is divided by: an absolute error near q = 1. */
const logarithmic = {
  loss: { relative: 24 * U, absolute: 12 * U },
  gradient: { relative: 24 * U, absolute: 24 * U },
};

export const domains: Record<LossName, Domain> = {
  meanSquaredError: { prediction: between(-3, 3), target: between(-3, 3), ...termwise },
  meanAbsoluteError: { prediction: between(-3, 3), target: between(-3, 3), ...termwise },
  huber: { prediction: between(-3, 3), target: between(-3, 3), ...termwise },
  logCosh: { prediction: between(-3, 3), target: between(-3, 3), ...termwise },
  hinge: {
    prediction: between(-2, 2),
    target: oneOf([-1, 1, 0]),
    loss: { relative: 24 * U, absolute: U }, // 1 - t y cancels
    gradient: termwise.gradient,
  },
  squaredHinge: {
    prediction: between(-2, 2),
    target: oneOf([-1, 1, 0]),
    loss: { relative: 24 * U, absolute: 4 * U },
    gradient: { relative: 8 * U, absolute: 2 * U },
  },
  poisson: {
    prediction: between(0.01, 6),
    target: oneOf([0, 1, 2, 5]),
    loss: { relative: 24 * U, absolute: 64 * U }, // y and t log y cancel
    gradient: { relative: 8 * U, absolute: 2 * U },
  },
  klDivergence: {
    prediction: between(0.01, 0.99),
    target: distribution,
    loss: { relative: 24 * U, absolute: 24 * U }, // terms of both signs
    gradient: termwise.gradient,
  },
  cosineSimilarity: {
    prediction: between(-3, 3),
    target: between(-3, 3),
    loss: { relative: U, absolute: 0 }, // float64 inside
    gradient: { relative: 8 * U, absolute: 8 * U },
  },
  binaryCrossentropy: { prediction: between(0, 1), target: oneOf([0, 1]), ...logarithmic },
  categoricalCrossentropy: { prediction: distribution, target: distribution, ...logarithmic },
  sparseCategoricalCrossentropy: { prediction: distribution, target: label, ...logarithmic },
};
