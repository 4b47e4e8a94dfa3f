import type { LayerOptions } from "../graph/layer.js";
import type { Lowering } from "../graph/lowering.js";
import { RandomLayer, type RandomKernel } from "./random-layer.js";

/** Options of `layers.alphaDropout`. */
export interface AlphaDropoutOptions extends LayerOptions {
  /** Share of the values to drop, in [0, 1). */
  rate: number;
}

/**
 * Dropout that keeps mean and variance of a self-normalizing net: dropped values become SELU's lower limit, and an
 * affine map restores the moments. Klambauer et al. 2017, arXiv:1706.02515, section 3.
 */
export class AlphaDropout extends RandomLayer<"rate"> {
  readonly kind = "alphaDropout";

  constructor(options: AlphaDropoutOptions | number) {
    super("alphaDropout", "rate", options, { min: 0, below: 1 });
  }

  protected lowered({ kernels: k }: Lowering, rate: number): { apply: RandomKernel; saves: "factor" | "none" } {
    const apply: RandomKernel = (n, offset, x, y, mask, key0, key1) =>
      k.alphaDropoutForward(n, offset, x, y, mask, key0, key1, rate);
    return { apply, saves: "factor" };
  }
}
