import { checkNumber } from "../check.js";
import { Layer, type LayerOptions } from "../graph/layer.js";
import type { Lowered, Lowering } from "../graph/lowering.js";
import type { Shape } from "../graph/shape.js";
import { randomMap } from "./dropout.js";
import { checkLayerOptions, withEssential } from "./options.js";

/** Options of `layers.alphaDropout`. */
export interface AlphaDropoutOptions extends LayerOptions {
  /** Share of the values to drop, in [0, 1). */
  rate: number;
}

/**
 * Dropout that keeps mean and variance of a self-normalizing net: dropped values become SELU's lower limit, and an
 * affine map restores the moments. Klambauer et al. 2017, arXiv:1706.02515, section 3.
 */
export class AlphaDropout extends Layer<AlphaDropoutOptions> {
  readonly kind = "alphaDropout";

  constructor(options: AlphaDropoutOptions | number) {
    const given = withEssential<"rate", AlphaDropoutOptions>("rate", options);
    checkLayerOptions("alphaDropout", given, ["rate"]);
    super({ ...given, rate: checkNumber("alphaDropout", "rate", given.rate, { min: 0, below: 1 }) });
  }

  override get stochastic(): boolean {
    return this.options.rate > 0;
  }

  outputShape([shape]: readonly Shape[]): Shape {
    return shape!;
  }

  override forward(lower: Lowering): Lowered {
    const { kernels: k } = lower;
    const { rate } = this.options;
    return randomMap(lower, this.stochastic, "factor", (n, offset, x, y, mask, key0, key1) =>
      k.alphaDropoutForward(n, offset, x, y, mask, key0, key1, rate),
    );
  }
}
