import { rangeError } from "../check.js";
import { number } from "../options.js";
import { Layer, type LayerOptions } from "../graph/layer.js";
import type { Lowered, Lowering } from "../graph/lowering.js";
import { showShape, sizeOf, type Shape } from "../graph/shape.js";
import { readLayerOptions } from "./options.js";

/** Options of `layers.concatenate`. */
export interface ConcatenateOptions extends LayerOptions {
  /** Counted with the batch axis as 0, or from the end. Default -1. */
  axis?: number;
}

/** The axis of a sample's shape that an axis counted with the batch axis means. */
export function sampleAxis(where: string, axis: number, rank: number): number {
  const index = axis < 0 ? rank + axis : axis - 1;
  if (index < 0 || index >= rank) {
    throw rangeError(where, `axis must be in [1, ${rank}] or [-${rank}, -1]`, "axis", axis);
  }
  return index;
}

/** Joins inputs that differ in one axis only. No weights. */
export class Concatenate extends Layer<ConcatenateOptions> {
  readonly kind = "concatenate";

  constructor(options: ConcatenateOptions = {}) {
    super(readLayerOptions("concatenate", options, { axis: number({ integer: true }, -1) }));
  }

  protected override checkInputCount(count: number): void {
    if (count < 2) throw rangeError(this.where, "the layer takes two or more inputs", "inputs", count);
  }

  outputShape(shapes: readonly Shape[]): Shape {
    const first = shapes[0]!;
    const axis = sampleAxis(this.where, this.options.axis!, first.length);
    for (const shape of shapes) {
      const fits = shape.length === first.length && shape.every((extent, i) => i === axis || extent === first[i]);
      if (!fits) {
        const expected = `inputs may differ from ${showShape(first)} in axis ${this.options.axis} only`;
        throw rangeError(this.where, expected, "shape", showShape(shape));
      }
    }
    return first.map((extent, i) => (i === axis ? shapes.reduce((sum, shape) => sum + shape[axis]!, 0) : extent));
  }

  override forward(lower: Lowering): Lowered {
    const { kernels: k, inputs } = lower;
    const y = lower.value(this.outputShape(inputs.map((x) => x.shape)));
    const axis = sampleAxis(this.where, this.options.axis!, y.shape.length);
    const outer = sizeOf(y.shape.slice(0, axis));
    const stride = sizeOf(y.shape.slice(axis));
    const widths = inputs.map((x) => sizeOf(x.shape.slice(axis)));
    const offsets = widths.map((_, i) => widths.slice(0, i).reduce((a, b) => a + b, 0));
    lower.call(inputs, [y], (rows) =>
      inputs.forEach((x, i) =>
        k.copyRows(rows * outer, widths[i]!, x.address, widths[i]!, y.address + offsets[i]! * 4, stride),
      ),
    );
    return {
      output: y,
      backward: (back) => {
        const dy = back.gradientOf(y);
        if (dy === undefined) return;
        inputs.forEach((x, i) => {
          const dx = back.into(x);
          if (dx === undefined) return;
          back.call([dy], [dx], (rows) =>
            k.copyRows(rows * outer, widths[i]!, dy.address + offsets[i]! * 4, stride, dx.address, widths[i]!),
          );
        });
      },
    };
  }
}
