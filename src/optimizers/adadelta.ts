import { defineOptimizer } from "./define-optimizer.js";

/**
 * AdaDelta: steps as large as the recent steps, over the size of the recent gradients.
 *
 *     a = rho * a + (1 - rho) * g²
 *     change = sqrt(d + epsilon) / sqrt(a + epsilon) * g      (a has this g in it already)
 *     d = rho * d + (1 - rho) * change²
 *     theta -= learningRate * change
 *
 * PyTorch has the same rule with other defaults, and the paper a learning rate of 1.
 *
 * Options: learningRate (>= 0, default .001; torch 1), rho ([0, 1], default .95; torch .9), epsilon (>= 1e-30,
 * default 1e-7; torch 1e-6), and the common ones.
 *
 * Source: Zeiler 2012, arXiv:1212.5701, algorithm 1
 */
export const adadelta = defineOptimizer({
  name: "adadelta",
  defaults: { learningRate: 1e-3, rho: 0.95, epsilon: 1e-7 },
  torch: { learningRate: 1, rho: 0.9, epsilon: 1e-6 },
  slots: () => ["a", "d"],
  step(k, n, theta, g, { scale, limit, coupled, decay }, s, { learningRate, rho, epsilon }) {
    k.adadeltaStep(n, theta, g, s.a, s.d, scale, limit, coupled, decay, learningRate, rho, 1 - rho, epsilon);
  },
});
