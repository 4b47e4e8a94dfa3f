import type { Bounds } from "../check.js";

/**
 * The range of every numeric hyperparameter, by its name: the same in all optimizers, whether it is a number or comes
 * from a schedule. An epsilon of 0 would make 0 / 0 of a weight whose gradient is 0, such as the padding of stored
 * matrices.
 */
export const RANGES: Readonly<Record<string, Bounds>> = {
  learningRate: { min: 0 },
  momentum: { min: 0, max: 1 },
  dampening: { min: 0, max: 1 },
  rho: { min: 0, max: 1 },
  beta1: { min: 0, below: 1 },
  beta2: { min: 0, below: 1 },
  epsilon: { min: 1e-30 },
  initialAccumulatorValue: { min: 0 },
  learningRateDecay: { min: 0 },
  momentumDecay: { min: 0 },
  weightDecay: { min: 0 },
  clipValue: { above: 0 },
  clipNorm: { above: 0 },
  globalClipNorm: { above: 0 },
  emaMomentum: { min: 0, max: 1 },
};
