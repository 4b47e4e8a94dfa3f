import { pow } from "../runtime/math.js";
import { defineOptimizer } from "./define-optimizer.js";

/**
 * Nadam: Adam with Nesterov momentum, whose coefficient mu warms up.
 *
 *     mu_t = beta1 * (1 - .5 * .96^(t * momentumDecay))
 *     m = beta1 * m + (1 - beta1) * g;  v = beta2 * v + (1 - beta2) * g²
 *     mHat = mu_(t+1) * m / (1 - mu_1 ... mu_(t+1)) + (1 - mu_t) * g / (1 - mu_1 ... mu_t)
 *     theta -= learningRate * mHat / (sqrt(v / (1 - beta2^t)) + epsilon)
 *
 * momentumDecay is 1 in Keras 3; PyTorch (and Keras 2) has .004: mu at t = 100 is .892 or .457.
 *
 * Options: learningRate (>= 0, default .001; torch .002), beta1 ([0, 1), default .9), beta2 ([0, 1), default .999),
 * epsilon (>= 1e-30, default 1e-7; torch 1e-8), and the common ones; with `compat: "torch"` momentumDecay (>= 0,
 * default .004).
 *
 * Source: Dozat 2016, Incorporating Nesterov momentum into Adam
 */
export const nadam = defineOptimizer({
  name: "nadam",
  defaults: { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  torch: { learningRate: 2e-3, epsilon: 1e-8, momentumDecay: 4e-3 },
  torchOnly: { momentumDecay: 1 },
  slots: () => ["m", "v"],
  decays: { m: "beta1" },
  products: {
    beta2: (h) => h.beta2,
    fading: (h) => pow(0.96, h.momentumDecay),
    mu: (h, p) => h.beta1 * (1 - 0.5 * p.fading),
  },
  step(k, n, theta, g, { scale, limit, coupled, decay }, { m, v }, h, p) {
    const { beta1, beta2 } = h;
    const mu = beta1 * (1 - 0.5 * p.fading);
    const nextMu = beta1 * (1 - 0.5 * p.fading * pow(0.96, h.momentumDecay));
    const correction = Math.sqrt(1 - p.beta2);
    const fromM = nextMu / (1 - p.mu * nextMu);
    const fromG = (1 - mu) / (1 - p.mu); // > 0: mu < 1
    const rate = h.learningRate * correction * fromG;
    const e = h.epsilon * correction;
    const rest1 = 1 - beta1;
    const rest2 = 1 - beta2;
    // prettier-ignore
    k.nadamStep(n, theta, g, m, v, scale, limit, coupled, decay, rate, fromM / fromG, beta1, rest1, beta2, rest2, e);
  },
});
