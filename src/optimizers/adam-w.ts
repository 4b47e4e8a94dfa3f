import { adamRule } from "./adam.js";
import { defineOptimizer } from "./define-optimizer.js";

/**
 * Adam with decoupled weight decay: theta -= weightDecay * learningRate * theta, then Adam's update, in both presets.
 *
 * Options: those of adam, with weightDecay (>= 0, default .004; torch .01).
 *
 * Source: Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2
 */
export const adamW = defineOptimizer({
  ...adamRule,
  name: "adamW",
  weightDecay: 0.004,
  torch: { epsilon: 1e-8, weightDecay: 0.01 },
  decoupled: true,
});
