import { defineOptimizer } from "./define-optimizer.js";

/**
 * AdaMax: Adam with the largest recent gradient in place of the root of the mean square.
 *
 *     m = beta1 * m + (1 - beta1) * g
 *     u = max(beta2 * u, |g|)
 *     theta -= learningRate / (1 - beta1^t) * m / (u + epsilon)
 *
 * With `compat: "torch"` epsilon stands in the maximum: u = max(beta2 * u, |g| + epsilon).
 *
 * Options: learningRate (>= 0, default .001; torch .002), beta1 ([0, 1), default .9), beta2 ([0, 1), default .999),
 * epsilon (>= 1e-30, default 1e-7; torch 1e-8), and the common ones.
 *
 * Source: Kingma & Ba 2015, arXiv:1412.6980, algorithm 2
 */
export const adamax = defineOptimizer({
  name: "adamax",
  defaults: { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  torch: { learningRate: 2e-3, epsilon: 1e-8 },
  slots: () => ["m", "u"],
  decays: { m: "beta1" },
  products: { beta1: (h) => h.beta1 },
  step(k, n, theta, g, { scale, limit, coupled, decay }, { m, u }, h, p) {
    const { beta1, beta2 } = h;
    const rate = h.learningRate / (1 - p.beta1);
    const [inside, outside] = h.compat === "keras" ? [0, h.epsilon] : [h.epsilon, 0];
    const rest1 = 1 - beta1;
    k.adamaxStep(n, theta, g, m, u, scale, limit, coupled, decay, rate, beta1, rest1, beta2, inside, outside);
  },
});
