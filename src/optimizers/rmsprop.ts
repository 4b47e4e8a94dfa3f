import { defineOptimizer } from "./define-optimizer.js";

/**
 * RMSProp: the gradient over the root of a running mean of its square.
 *
 *     v = rho * v + (1 - rho) * g²
 *     theta -= learningRate * g / sqrt(v + epsilon)
 *     momentum:  m = momentum * m + learningRate * g / sqrt(v + epsilon);  theta -= m
 *     centered:  mean = rho * mean + (1 - rho) * g, and v - mean² (at least 0) in place of v under the root
 *
 * With `compat: "torch"` epsilon stands outside the root, and m holds no learning rate: theta -= learningRate * m.
 *
 * Options: learningRate (>= 0, default .001; torch .01), rho ([0, 1], default .9; torch .99, its alpha), momentum
 * ([0, 1], default 0), epsilon (>= 1e-30, default 1e-7; torch 1e-8), centered (default false), and the common ones.
 *
 * Source: Hinton 2012, Coursera lecture 6e; centered: Graves 2013, arXiv:1308.0850
 */
export const rmsprop = defineOptimizer({
  name: "rmsprop",
  defaults: { learningRate: 1e-3, rho: 0.9, momentum: 0, epsilon: 1e-7, centered: false },
  torch: { learningRate: 1e-2, rho: 0.99, epsilon: 1e-8 },
  slots: (h) => ["v", ...(h.momentum === 0 ? [] : (["m"] as const)), ...(h.centered ? (["mean"] as const) : [])],
  decays: { m: "momentum", mean: "rho" },
  step(k, n, theta, g, { scale, limit, coupled, decay }, { v, m, mean }, h) {
    const { learningRate, rho, momentum } = h;
    const keras = h.compat === "keras";
    const [inside, outside] = keras ? [h.epsilon, 0] : [0, h.epsilon];
    const rest = 1 - rho;
    // prettier-ignore
    if (m === undefined) {
      if (h.centered) k.rmspropCenteredStep(n, theta, g, v, mean, scale, limit, coupled, decay, learningRate, rho, rest, inside, outside);
      else k.rmspropStep(n, theta, g, v, scale, limit, coupled, decay, learningRate, rho, rest, inside, outside);
    } else {
      const [gain, rate] = keras ? [learningRate, 1] : [1, learningRate];
      if (h.centered) k.rmspropCenteredMomentumStep(n, theta, g, v, m, mean, scale, limit, coupled, decay, rate, rho, rest, inside, outside, momentum, gain);
      else k.rmspropMomentumStep(n, theta, g, v, m, scale, limit, coupled, decay, rate, rho, rest, inside, outside, momentum, gain);
    }
  },
});
