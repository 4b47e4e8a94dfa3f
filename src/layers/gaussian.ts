import { checkNumber } from "../check.js";
import { Layer, type LayerOptions } from "../graph/layer.js";
import type { Lowered, Lowering } from "../graph/lowering.js";
import type { Shape } from "../graph/shape.js";
import { randomMap } from "./dropout.js";
import { checkLayerOptions, withEssential } from "./options.js";

/** Options of `layers.gaussianDropout`. */
export interface GaussianDropoutOptions extends LayerOptions {
  /** As dropout's, in [0, 1): the noise has standard deviation sqrt(rate / (1 - rate)). */
  rate: number;
}

/** In training y = x * m with m normal of mean 1; else y = x. Srivastava et al. 2014, section 10. */
export class GaussianDropout extends Layer<GaussianDropoutOptions> {
  readonly kind = "gaussianDropout";

  constructor(options: GaussianDropoutOptions | number) {
    const given = withEssential<"rate", GaussianDropoutOptions>("rate", options);
    checkLayerOptions("gaussianDropout", given, ["rate"]);
    super({ ...given, rate: checkNumber("gaussianDropout", "rate", given.rate, { min: 0, below: 1 }) });
  }

  override get stochastic(): boolean {
    return this.options.rate > 0;
  }

  outputShape([shape]: readonly Shape[]): Shape {
    return shape!;
  }

  override forward(lower: Lowering): Lowered {
    const { rate } = this.options;
    const deviation = Math.sqrt(rate / (1 - rate));
    return randomMap(lower, this.stochastic, "factor", (n, offset, x, y, mask, key0, key1) =>
      lower.kernels.gaussianDropoutForward(n, offset, x, y, mask, key0, key1, deviation),
    );
  }
}

/** Options of `layers.gaussianNoise`. */
export interface GaussianNoiseOptions extends LayerOptions {
  /** Standard deviation of the noise, at least 0. */
  stddev: number;
}

/** In training y = x + normal noise of mean 0; else y = x. */
export class GaussianNoise extends Layer<GaussianNoiseOptions> {
  readonly kind = "gaussianNoise";

  constructor(options: GaussianNoiseOptions | number) {
    const given = withEssential<"stddev", GaussianNoiseOptions>("stddev", options);
    checkLayerOptions("gaussianNoise", given, ["stddev"]);
    super({ ...given, stddev: checkNumber("gaussianNoise", "stddev", given.stddev, { min: 0 }) });
  }

  override get stochastic(): boolean {
    return this.options.stddev > 0;
  }

  outputShape([shape]: readonly Shape[]): Shape {
    return shape!;
  }

  override forward(lower: Lowering): Lowered {
    return randomMap(lower, this.stochastic, "none", (n, offset, x, y, _mask, key0, key1) =>
      lower.kernels.gaussianNoiseForward(n, offset, x, y, key0, key1, this.options.stddev),
    );
  }
}
