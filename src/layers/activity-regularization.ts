import { Layer, type LayerOptions } from "../graph/layer.js";
import type { Lowered, Lowering } from "../graph/lowering.js";
import type { Shape } from "../graph/shape.js";
import { resolveRegularizer, type Regularizer, type RegularizerSpec } from "../regularizers.js";
import { checkLayerOptions } from "./options.js";
import { renamed } from "./reshape.js";
import { regularizers } from "../regularizers.js";

/** Options of `layers.activityRegularization`: either factors, or a regularizer. */
export interface ActivityRegularizationOptions extends LayerOptions {
  /** Factor of Σ|x|. Default 0. */
  l1?: number;
  /** Factor of Σx². Default 0. */
  l2?: number;
  regularizer?: RegularizerSpec;
}

/** y = x; adds a penalty on x, divided by the rows of the batch, to the loss. No weights. */
export class ActivityRegularization extends Layer<LayerOptions & { readonly regularizer: Regularizer | undefined }> {
  readonly kind = "activityRegularization";

  constructor(options: ActivityRegularizationOptions) {
    checkLayerOptions("activityRegularization", options, ["l1", "l2", "regularizer"]);
    const { l1 = 0, l2 = 0, regularizer = regularizers.l1l2({ l1, l2 }), ...common } = options;
    super({ ...common, regularizer: resolveRegularizer("activityRegularization", "regularizer", regularizer) });
  }

  outputShape([shape]: readonly Shape[]): Shape {
    return shape!;
  }

  override forward(lower: Lowering): Lowered {
    const lowered = renamed(lower);
    lower.penalize(lowered.output, this.options.regularizer);
    return lowered;
  }
}
