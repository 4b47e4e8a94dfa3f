import { resolveActivation, type ActivationSpec } from "../activations.js";
import { rangeError, typeError } from "../check.js";
import { Layer, type LayerOptions } from "../graph/layer.js";
import type { Lowered, Lowering } from "../graph/lowering.js";
import type { Callee } from "../graph/node.js";
import type { ParameterDeclaration } from "../graph/parameter.js";
import { rowsOf, showShape, type Shape } from "../graph/shape.js";
import { initializers } from "../initializers.js";
import { boolean, type Values } from "../options.js";
import { Dense } from "./dense.js";
import { readLayerOptions } from "./options.js";

/** Options of `layers.denseTranspose`. */
export interface DenseTransposeOptions extends LayerOptions {
  /** The dense layer whose kernel is used. It must be applied in the same model, in front of this layer. */
  of: Dense;
  /** Default linear. */
  activation?: ActivationSpec | undefined;
  /** Whether a bias of its own is added. Default true. */
  useBias?: boolean;
}

const OPTIONS = {
  of: (where: string, name: string, value: unknown): Dense => {
    if (value instanceof Dense) return value;
    throw typeError(where, "of must be a dense layer", name, value);
  },
  activation: resolveActivation,
  useBias: boolean(true),
};

/**
 * y = activation(x Wᵀ + b) with the kernel W of a dense layer: the tied decoder of an autoencoder. Learns `bias`
 * `[inputs of W]`; the kernel stays the dense layer's, and gets both gradients.
 */
export class DenseTranspose extends Layer<LayerOptions & Values<typeof OPTIONS>> {
  readonly kind = "denseTranspose";

  constructor(options: DenseTransposeOptions) {
    super(readLayerOptions("denseTranspose", options, OPTIONS));
  }

  /** Inputs of the dense layer, known once that has been applied. */
  #inputs(): number {
    const inputs = this.options.of.inputWidth;
    if (inputs === undefined) throw new Error(`${this.where}: apply the dense layer that it transposes first.`);
    return inputs;
  }

  outputShape([shape]: readonly Shape[]): Shape {
    const { units } = this.options.of.options;
    if (shape!.at(-1) !== units)
      throw rangeError(
        this.where,
        `the last axis must be the ${units} units of the dense layer`,
        "shape",
        showShape(shape!),
      );
    return [...shape!.slice(0, -1), this.#inputs()];
  }

  override declare(): ParameterDeclaration[] {
    return this.options.useBias ? [{ key: "bias", shape: [this.#inputs()], initializer: initializers.zeros() }] : [];
  }

  override copy(name?: string, copies?: ReadonlyMap<Callee, Callee>): Layer<DenseTranspose["options"]> {
    const of = (copies?.get(this.options.of) ?? this.options.of) as Dense;
    const copy = new DenseTranspose({ ...this.options, of, ...(name === undefined ? {} : { name }) });
    copy.trainable = this.trainable;
    return copy;
  }

  override forward(lower: Lowering): Lowered {
    const { kernels: k } = lower;
    const x = lower.inputs[0]!;
    const inputs = this.#inputs();
    const [positions, units] = rowsOf(x.shape);
    const z = lower.value([...x.shape.slice(0, -1), inputs]);
    const kernel = this.options.of.parameter("kernel");
    const bias = this.options.useBias ? this.parameter("bias") : undefined;
    const scratch = lower.buffer({ fixed: k.denseBackwardInputScratch(1, units, inputs) });
    lower.call([x], [z, scratch], (rows) => {
      const n = rows * positions;
      k.denseBackwardInput(
        n,
        units,
        inputs,
        0,
        inputs,
        x.address,
        units,
        kernel.address,
        z.address,
        inputs,
        scratch.address,
      );
      if (bias !== undefined) for (let r = 0; r < n; r++) k.saxpy(inputs, 1, bias.address, z.address + r * inputs * 4);
    });
    return {
      output: lower.activate(this.options.activation, z),
      backward: (back) => {
        const dz = back.gradientOf(z);
        if (dz === undefined) return;
        back.kernel(kernel, [x, dz], (rows, first, count, dKernel) => {
          const columns = x.address + 4 * first;
          k.denseBackwardWeights(rows * positions, count, inputs, dz.address, inputs, columns, units, dKernel);
        });
        const dBias = bias && back.parameter(bias);
        if (dBias !== undefined) {
          back.call([dz], [dBias], (rows) =>
            k.biasBackward(rows * positions, inputs, dz.address, inputs, dBias.address),
          );
        }
        const dx = back.into(x);
        if (dx !== undefined) {
          back.call([dz], [dx], (rows) =>
            k.denseForward(rows * positions, units, inputs, dz.address, inputs, kernel.address, 0, dx.address, units),
          );
        }
      },
    };
  }
}
