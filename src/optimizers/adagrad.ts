import { defineOptimizer } from "./define-optimizer.js";

/**
 * AdaGrad: each weight's rate falls with the sum of its squared gradients.
 *
 *     a += g²;  theta -= learningRate * g / sqrt(a + epsilon)
 *
 * With `compat: "torch"`: theta -= learningRate / (1 + (t - 1) * learningRateDecay) * g / (sqrt(a) + epsilon).
 *
 * Options: learningRate (>= 0, default .001; torch .01), initialAccumulatorValue (a at first, >= 0, default .1;
 * torch 0), epsilon (>= 1e-30, default 1e-7; torch 1e-10), and the common ones; with `compat: "torch"`
 * learningRateDecay (>= 0, default 0).
 *
 * Source: Duchi, Hazan & Singer 2011, JMLR 12
 */
export const adagrad = defineOptimizer({
  name: "adagrad",
  defaults: { learningRate: 1e-3, initialAccumulatorValue: 0.1, epsilon: 1e-7 },
  torch: { learningRate: 1e-2, initialAccumulatorValue: 0, epsilon: 1e-10 },
  torchOnly: { learningRateDecay: 0 },
  slots: () => ["a"],
  initial: (_, h) => h["initialAccumulatorValue"] as number,
  step(k, n, theta, g, { scale, limit, coupled, decay }, s, h, p) {
    const rate = h.learningRate / (1 + (p.updates - 1) * h.learningRateDecay);
    const [inside, outside] = h.compat === "keras" ? [h.epsilon, 0] : [0, h.epsilon];
    k.adagradStep(n, theta, g, s.a, scale, limit, coupled, decay, rate, inside, outside);
  },
});
