import type { Kernels } from "../runtime/wasm.js";
import { defineOptimizer, type Around, type Values } from "./define-optimizer.js";

const defaults = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, amsgrad: false };

/** Slots, products and step of Adam, which AdamW has too: the two differ in how weights decay. */
export const adamRule = {
  defaults,
  slots: (h: { readonly amsgrad: unknown }): ("m" | "v" | "vMax")[] => (h.amsgrad ? ["m", "v", "vMax"] : ["m", "v"]),
  decays: { m: "beta1" } as const,
  products: {
    beta1: (h: Values<typeof defaults>) => h.beta1,
    beta2: (h: Values<typeof defaults>) => h.beta2,
  },
  step(
    k: Kernels,
    n: number,
    theta: number,
    g: number,
    { scale, limit, coupled, decay }: Readonly<Around>,
    { m, v, vMax }: Readonly<Record<"m" | "v" | "vMax", number>>,
    { learningRate, beta1, beta2, epsilon, amsgrad, compat }: Values<typeof defaults>,
    p: Readonly<Record<"beta1" | "beta2", number>>,
  ): void {
    const correction = Math.sqrt(1 - p.beta2);
    const rate = (learningRate * correction) / (1 - p.beta1);
    const e = compat === "torch" ? epsilon * correction : epsilon;
    const rest1 = 1 - beta1;
    const rest2 = 1 - beta2;
    // prettier-ignore
    if (amsgrad) {
      k.amsgradStep(n, theta, g, m, v, vMax, scale, limit, coupled, decay, rate, beta1, rest1, beta2, rest2, e);
    } else {
      k.adamStep(n, theta, g, m, v, scale, limit, coupled, decay, rate, beta1, rest1, beta2, rest2, e);
    }
  },
};

/**
 * Adam: a momentum of the gradient over the root of a running mean of its square, both corrected for their start at 0.
 *
 *     m = beta1 * m + (1 - beta1) * g
 *     v = beta2 * v + (1 - beta2) * g²
 *     theta -= learningRate * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + epsilon)
 *
 * epsilon is Keras's and the paper's "epsilon hat", added before v is corrected. With `compat: "torch"` it is added
 * after: theta -= learningRate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon). With amsgrad, v under the
 * root is its largest value so far.
 *
 * Options: learningRate (>= 0, default .001), beta1 ([0, 1), default .9), beta2 ([0, 1), default .999), epsilon
 * (>= 1e-30, default 1e-7; torch 1e-8), amsgrad (default false), and the common ones.
 *
 * Source: Kingma & Ba 2015, arXiv:1412.6980, end of section 2 (epsilon hat); AMSGrad: Reddi et al. 2018
 */
export const adam = defineOptimizer({
  ...adamRule,
  name: "adam",
  torch: { epsilon: 1e-8 },
});
