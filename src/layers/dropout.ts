import type { LayerOptions } from "../graph/layer.js";
import type { Lowering } from "../graph/lowering.js";
import { RandomLayer, type RandomKernel } from "./random-layer.js";

/** Options of `layers.dropout`. */
export interface DropoutOptions extends LayerOptions {
  /** Share of the values to drop, in [0, 1]. */
  rate: number;
}

/**
 * Inverted dropout: in training each value is kept with probability 1 - rate and divided by it, else zero; otherwise
 * y = x. A mask is a function of (seed, layer, step, element), new at each step. Srivastava et al. 2014, JMLR 15.
 */
export class Dropout extends RandomLayer<"rate"> {
  readonly kind = "dropout";

  constructor(options: DropoutOptions | number) {
    super("dropout", "rate", options, { min: 0, max: 1 });
  }

  protected lowered({ kernels: k }: Lowering, rate: number): { apply: RandomKernel; saves: "factor" | "none" } {
    const apply: RandomKernel = (n, offset, x, y, mask, key0, key1) =>
      k.dropoutForward(n, offset, x, y, mask, key0, key1, rate);
    return { apply, saves: "factor" };
  }
}
