import { checkNumber, rangeError, typeError } from "../check.js";
import { Layer, type LayerOptions } from "../graph/layer.js";
import type { Lowered, Lowering } from "../graph/lowering.js";
import { showShape, sizeOf, type Shape } from "../graph/shape.js";
import { checkLayerOptions, withEssential } from "./options.js";

/** The same numbers under another shape, or just under another name: no kernel runs. */
export function renamed(lower: Lowering, shape: Shape = lower.inputs[0]!.shape): Lowered {
  const x = lower.inputs[0]!;
  const output = lower.reshape(x, shape);
  return {
    output,
    backward: (back) => {
      const dy = back.gradientOf(output);
      if (dy !== undefined) back.pass(x, dy);
    },
  };
}

/** `[batch, …]` to `[batch, size]`, in row-major order. */
export class Flatten extends Layer {
  readonly kind = "flatten";

  constructor(options: LayerOptions = {}) {
    checkLayerOptions("flatten", options, []);
    super(options);
  }

  outputShape([shape]: readonly Shape[]): Shape {
    return [sizeOf(shape!)];
  }

  override forward(lower: Lowering): Lowered {
    return renamed(lower, this.outputShape([lower.inputs[0]!.shape]));
  }
}

/** Options of `layers.reshape`. */
export interface ReshapeOptions extends LayerOptions {
  /** Without the batch axis; one extent may be -1, to be inferred. */
  targetShape: readonly number[];
}

/** `[batch, …]` to `[batch, ...targetShape]`, in row-major order. */
export class Reshape extends Layer<ReshapeOptions> {
  readonly kind = "reshape";

  constructor(options: ReshapeOptions | readonly number[]) {
    const given = withEssential<"targetShape", ReshapeOptions>("targetShape", options);
    checkLayerOptions("reshape", given, ["targetShape"]);
    const { targetShape } = given;
    if (!Array.isArray(targetShape))
      throw typeError("reshape", "targetShape must be an array", "targetShape", targetShape);
    targetShape.forEach((extent, axis) =>
      checkNumber("reshape", `targetShape[${axis}]`, extent, { min: -1, integer: true }),
    );
    if (targetShape.includes(0) || targetShape.filter((extent) => extent === -1).length > 1) {
      throw rangeError("reshape", "extents must be positive, but for one -1", "targetShape", targetShape);
    }
    super({ ...given, targetShape: [...targetShape] });
  }

  outputShape([shape]: readonly Shape[]): Shape {
    const { targetShape } = this.options;
    const known = sizeOf(targetShape.filter((extent) => extent !== -1));
    const result = targetShape.map((extent) => (extent === -1 ? sizeOf(shape!) / known : extent));
    if (sizeOf(result) !== sizeOf(shape!) || !result.every(Number.isInteger)) {
      throw rangeError(
        this.where,
        `targetShape must have the ${sizeOf(shape!)} values of ${showShape(shape!)}`,
        "targetShape",
        targetShape,
      );
    }
    return result;
  }

  override forward(lower: Lowering): Lowered {
    return renamed(lower, this.outputShape([lower.inputs[0]!.shape]));
  }
}
