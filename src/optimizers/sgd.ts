import { rangeError } from "../check.js";
import { defineOptimizer } from "./define-optimizer.js";

/**
 * Stochastic gradient descent.
 *
 *     theta -= learningRate * g
 *     momentum:  m = momentum * m - learningRate * g;  theta += m
 *     nesterov:  m = momentum * m - learningRate * g;  theta += momentum * m - learningRate * g
 *
 * With `compat: "torch"` the learning rate stands outside: m = momentum * m + (1 - dampening) * g (first m = g),
 * theta -= learningRate * m; nesterov: theta -= learningRate * (g + momentum * m). The two are equal while the learning
 * rate is constant. Both Nesterov forms take the gradient at theta, not ahead of it.
 *
 * Options: learningRate (>= 0, default .01; torch .001), momentum ([0, 1], default 0), nesterov (default false); with
 * `compat: "torch"` dampening ([0, 1], default 0).
 *
 * Source: Robbins & Monro 1951; momentum: Polyak 1964; Nesterov's: Sutskever et al. 2013
 */
export const sgd = defineOptimizer({
  name: "sgd",
  defaults: { learningRate: 0.01, momentum: 0, nesterov: false },
  torch: { learningRate: 1e-3 },
  torchOnly: { dampening: 0 },
  check(where, { compat, nesterov, momentum, dampening }) {
    if (compat === "keras" || nesterov !== true) return;
    if (momentum === 0) throw rangeError(where, "nesterov needs momentum > 0", "momentum", momentum);
    if (dampening !== 0) throw rangeError(where, "nesterov needs dampening = 0", "dampening", dampening);
  },
  slots: (h) => (h.momentum === 0 ? [] : ["m"]),
  decays: { m: "momentum" },
  step(k, n, theta, g, { scale, limit, coupled, decay }, s, h, p) {
    if (s.m === undefined) return k.sgdStep(n, theta, g, scale, limit, coupled, decay, h.learningRate);
    const step = h.nesterov ? k.nesterovStep : k.momentumStep;
    const first = p.updates === 1; // PyTorch starts the buffer with the gradient, undamped
    const gain = h.compat === "keras" ? h.learningRate : first ? 1 : 1 - h.dampening;
    const rate = h.compat === "keras" ? 1 : h.learningRate;
    step(n, theta, g, s.m, scale, limit, coupled, decay, rate, h.momentum, gain);
  },
});
