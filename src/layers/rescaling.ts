import { Layer, type LayerOptions } from "../graph/layer.js";
import type { Lowered, Lowering } from "../graph/lowering.js";
import type { Shape } from "../graph/shape.js";
import { number } from "../options.js";
import { readLayerOptions, withEssential } from "./options.js";

/** Options of `layers.rescaling`. */
export interface RescalingOptions extends LayerOptions {
  scale: number;
  /** Default 0. */
  offset?: number;
}

/** y = scale * x + offset: bytes to [0, 1] with scale 1/255. No weights. */
export class Rescaling extends Layer<Required<Pick<RescalingOptions, "scale" | "offset">> & LayerOptions> {
  readonly kind = "rescaling";

  constructor(options: RescalingOptions | number) {
    const given = withEssential<"scale", RescalingOptions>("scale", options);
    super(readLayerOptions("rescaling", given, { scale: number(), offset: number({}, 0) }));
  }

  outputShape([shape]: readonly Shape[]): Shape {
    return shape!;
  }

  override forward(lower: Lowering): Lowered {
    const { kernels: k } = lower;
    const { scale, offset } = this.options;
    const x = lower.inputs[0]!;
    const y = lower.value(x.shape);
    lower.call([x], [y], (rows) => k.affineForward(rows * x.width, x.address, y.address, scale, offset));
    return {
      output: y,
      backward: (back) => {
        const dy = back.gradientOf(y);
        const dx = dy && back.into(x);
        if (dy === undefined || dx === undefined) return;
        back.call([dy], [dx], (rows) => k.affineForward(rows * x.width, dy.address, dx.address, scale, 0));
      },
    };
  }
}
