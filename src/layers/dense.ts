import { resolveActivation, type ActivationSpec } from "../activations.js";
import { rangeError } from "../check.js";
import { resolveConstraint, type ConstraintSpec } from "../constraints.js";
import { Layer, type LayerOptions } from "../graph/layer.js";
import type { Lowered, Lowering } from "../graph/lowering.js";
import type { ParameterDeclaration } from "../graph/parameter.js";
import { rowsOf, showShape, type Shape } from "../graph/shape.js";
import { initializer, type InitializerSpec } from "../initializers.js";
import { boolean, integer, number, type Values } from "../options.js";
import { resolveRegularizer, type RegularizerSpec } from "../regularizers.js";
import { readLayerOptions, withEssential } from "./options.js";

/** Options of `layers.dense`. */
export interface DenseOptions extends LayerOptions {
  /** Outputs per row. */
  units: number;
  /** Default linear. */
  activation?: ActivationSpec | undefined;
  /** Whether a bias is added. Default true; false in front of batch normalization, which has its own. */
  useBias?: boolean;
  /** Of the `[inputs, units]` kernel. Default glorotUniform. */
  kernelInitializer?: InitializerSpec;
  /** Default zeros. */
  biasInitializer?: InitializerSpec;
  kernelRegularizer?: RegularizerSpec | undefined;
  biasRegularizer?: RegularizerSpec | undefined;
  /** Of the output, divided by the rows of the batch. */
  activityRegularizer?: RegularizerSpec | undefined;
  kernelConstraint?: ConstraintSpec | undefined;
  biasConstraint?: ConstraintSpec | undefined;
  /** Factor on the learning rate of this layer's weights, at least 0. Default 1. */
  learningRateScale?: number;
}

const OPTIONS = {
  units: integer(1),
  activation: resolveActivation,
  useBias: boolean(true),
  kernelInitializer: initializer("glorotUniform"),
  biasInitializer: initializer("zeros"),
  kernelRegularizer: resolveRegularizer,
  biasRegularizer: resolveRegularizer,
  activityRegularizer: resolveRegularizer,
  kernelConstraint: resolveConstraint,
  biasConstraint: resolveConstraint,
  learningRateScale: number({ min: 0 }, 1),
};

/**
 * y = activation(x W + b), over the last axis: `[batch, …, inputs]` to `[batch, …, units]`. Learns `kernel`
 * `[inputs, units]` and `bias` `[units]`.
 */
export class Dense extends Layer<LayerOptions & Values<typeof OPTIONS>> {
  readonly kind = "dense";
  #inputWidth: number | undefined;

  constructor(given: DenseOptions | number) {
    const options = withEssential<"units", DenseOptions>("units", given);
    super(readLayerOptions("dense", options, OPTIONS));
  }

  /** Values per input row, once the layer has been applied. */
  get inputWidth(): number | undefined {
    return this.#inputWidth;
  }

  outputShape([shape]: readonly Shape[]): Shape {
    if (shape!.length === 0)
      throw rangeError(this.where, "the input must have at least one axis", "shape", showShape(shape!));
    this.#inputWidth = shape!.at(-1)!;
    return [...shape!.slice(0, -1), this.options.units];
  }

  override declare([shape]: readonly Shape[]): ParameterDeclaration[] {
    const { options } = this;
    const { units, learningRateScale } = options;
    const kernel: ParameterDeclaration = {
      key: "kernel",
      shape: [shape!.at(-1)!, units],
      layout: "panels",
      initializer: options.kernelInitializer,
      regularizer: options.kernelRegularizer,
      constraint: options.kernelConstraint,
      learningRateScale,
    };
    const bias: ParameterDeclaration = {
      key: "bias",
      shape: [units],
      initializer: options.biasInitializer,
      regularizer: options.biasRegularizer,
      constraint: options.biasConstraint,
      learningRateScale,
    };
    return options.useBias ? [kernel, bias] : [kernel];
  }

  override forward(lower: Lowering): Lowered {
    const { kernels: k } = lower;
    const { activation, useBias, activityRegularizer } = this.options;
    const x = lower.inputs[0]!;
    const z = lower.value(this.outputShape([x.shape]));
    const [positions, inputs] = rowsOf(x.shape);
    const units = this.options.units;
    const kernel = this.parameter("kernel");
    const bias = useBias ? this.parameter("bias") : undefined;
    lower.call([x], [z], (rows) =>
      k.denseForward(
        rows * positions,
        units,
        inputs,
        x.address,
        inputs,
        kernel.address,
        bias?.address ?? 0,
        z.address,
        units,
      ),
    );
    const output = lower.activate(activation, z);
    lower.penalize(output, activityRegularizer);
    return {
      output,
      backward: (back) => {
        const dz = back.gradientOf(z);
        if (dz === undefined) return;
        back.kernel(kernel, [x, dz], (rows, first, count, dKernel) => {
          const dColumns = dz.address + 4 * first;
          k.denseBackwardWeights(rows * positions, count, inputs, x.address, inputs, dColumns, units, dKernel);
        });
        const dBias = bias && back.parameter(bias);
        if (dBias !== undefined) {
          back.call([dz], [dBias], (rows) => k.biasBackward(rows * positions, units, dz.address, units, dBias.address));
        }
        const dx = back.into(x);
        if (dx !== undefined) {
          const scratch = back.buffer({ fixed: k.denseBackwardInputScratch(1, units, inputs) });
          back.call([dz], [dx, scratch], (rows) =>
            k.denseBackwardInput(
              rows * positions,
              units,
              inputs,
              0,
              inputs,
              dz.address,
              units,
              kernel.address,
              dx.address,
              inputs,
              scratch.address,
            ),
          );
        }
      },
    };
  }
}
