import type { LayerOptions } from "../graph/layer.js";
import type { Lowering } from "../graph/lowering.js";
import { RandomLayer, type RandomKernel } from "./random-layer.js";

/** Options of `layers.gaussianDropout`. */
export interface GaussianDropoutOptions extends LayerOptions {
  /** As dropout's, in [0, 1): the noise has standard deviation sqrt(rate / (1 - rate)). */
  rate: number;
}

/** In training y = x * m with m normal of mean 1; else y = x. Srivastava et al. 2014, section 10. */
export class GaussianDropout extends RandomLayer<"rate"> {
  readonly kind = "gaussianDropout";

  constructor(options: GaussianDropoutOptions | number) {
    super("gaussianDropout", "rate", options, { min: 0, below: 1 });
  }

  protected lowered({ kernels: k }: Lowering, rate: number): { apply: RandomKernel; saves: "factor" | "none" } {
    const deviation = Math.sqrt(rate / (1 - rate));
    const apply: RandomKernel = (n, offset, x, y, mask, key0, key1) =>
      k.gaussianDropoutForward(n, offset, x, y, mask, key0, key1, deviation);
    return { apply, saves: "factor" };
  }
}

/** Options of `layers.gaussianNoise`. */
export interface GaussianNoiseOptions extends LayerOptions {
  /** Standard deviation of the noise, at least 0. */
  stddev: number;
}

/** In training y = x + normal noise of mean 0; else y = x. */
export class GaussianNoise extends RandomLayer<"stddev"> {
  readonly kind = "gaussianNoise";

  constructor(options: GaussianNoiseOptions | number) {
    super("gaussianNoise", "stddev", options, { min: 0 });
  }

  protected lowered({ kernels: k }: Lowering, stddev: number): { apply: RandomKernel; saves: "factor" | "none" } {
    const apply: RandomKernel = (n, offset, x, y, _mask, key0, key1) =>
      k.gaussianNoiseForward(n, offset, x, y, key0, key1, stddev);
    return { apply, saves: "none" };
  }
}
