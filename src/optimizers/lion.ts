import { defineOptimizer } from "./define-optimizer.js";

/**
 * Lion: the sign of an interpolated momentum, so that all weights move equally far.
 *
 *     theta -= learningRate * sign(beta1 * m + (1 - beta1) * g)
 *     m = beta2 * m + (1 - beta2) * g
 *
 * PyTorch has none. The authors advise a learning rate 3 to 10 times smaller than Adam's and as much more decay.
 *
 * Options: learningRate (>= 0, default .001), beta1 ([0, 1), default .9), beta2 ([0, 1), default .99), and the common
 * ones.
 *
 * Source: Chen et al. 2023, arXiv:2302.06675, algorithm 2
 */
export const lion = defineOptimizer({
  name: "lion",
  defaults: { learningRate: 1e-3, beta1: 0.9, beta2: 0.99 },
  slots: () => ["m"],
  decays: { m: "beta2" },
  step(k, n, theta, g, { scale, limit, coupled, decay }, { m }, { learningRate, beta1, beta2 }) {
    const rest1 = 1 - beta1;
    k.lionStep(n, theta, g, m, scale, limit, coupled, decay, learningRate, beta1, rest1, beta2, 1 - beta2);
  },
});
