import { rangeError } from "../check.js";
import { Layer, type LayerOptions } from "../graph/layer.js";
import type { Lowered, Lowering } from "../graph/lowering.js";
import type { ParameterDeclaration } from "../graph/parameter.js";
import { sizeOf, type Shape } from "../graph/shape.js";
import { number, numbers, type Values } from "../options.js";
import { readLayerOptions } from "./options.js";
import { declareScaleShift, SCALE_SHIFT_OPTIONS, type ScaleShiftOptions } from "./scale-shift.js";

/** Options of `layers.layerNormalization`. */
export interface LayerNormalizationOptions extends LayerOptions, ScaleShiftOptions {
  /** The last axis, or consecutive axes up to it, counted with the batch axis as 0 or from the end. Default -1. */
  axis?: number | readonly number[];
  /** Added to the variance, above 0. Default 1e-3. */
  epsilon?: number;
}

const OPTIONS = {
  axis: numbers({ integer: true }, -1),
  epsilon: number({ above: 0 }, 1e-3),
  ...SCALE_SHIFT_OPTIONS,
};

/**
 * y = gamma * (x - mean) / sqrt(variance + epsilon) + beta, with mean and (biased) variance of each row's last axes.
 * The same in training and inference. Learns `gamma` and `beta`. Ba, Kiros & Hinton 2016, arXiv:1607.06450.
 */
export class LayerNormalization extends Layer<LayerOptions & Values<typeof OPTIONS>> {
  readonly kind = "layerNormalization";

  constructor(options: LayerNormalizationOptions = {}) {
    super(readLayerOptions("layerNormalization", options, OPTIONS));
  }

  /** The axes that are normalized together. */
  #normalized(shape: Shape): Shape {
    const { axis } = this.options;
    const from = shape.length - axis.length;
    const positions = axis.map((each) => (each < 0 ? shape.length + each : each - 1)).sort((a, b) => a - b);
    if (from < 0 || positions.some((position, i) => position !== from + i)) {
      throw rangeError(this.where, "axis must name the last axis, or consecutive axes up to it", "axis", axis);
    }
    return shape.slice(from);
  }

  outputShape([shape]: readonly Shape[]): Shape {
    this.#normalized(shape!);
    return shape!;
  }

  override declare([shape]: readonly Shape[]): ParameterDeclaration[] {
    const { options } = this;
    const units = this.#normalized(shape!);
    return declareScaleShift(options, units);
  }

  override forward(lower: Lowering): Lowered {
    const { kernels: k } = lower;
    const { options } = this;
    const x = lower.inputs[0]!;
    const y = lower.value(x.shape);
    const width = sizeOf(this.#normalized(x.shape));
    const positions = x.width / width;
    const gamma = options.scale ? this.parameter("gamma") : undefined;
    const beta = options.center ? this.parameter("beta") : undefined;
    const mean = lower.buffer({ perRow: positions });
    const inverse = lower.buffer({ perRow: positions });
    lower.call([x], [y, mean, inverse], (rows) =>
      k.layerNormForward(
        rows * positions,
        width,
        x.address,
        gamma?.address ?? 0,
        beta?.address ?? 0,
        y.address,
        mean.address,
        inverse.address,
        options.epsilon,
      ),
    );
    return {
      output: y,
      backward: (back) => {
        const dy = back.gradientOf(y);
        if (dy === undefined) return;
        const dx = back.into(x);
        if (dx !== undefined) {
          back.call([x, dy, mean, inverse], [dx], (rows) => {
            const n = rows * positions;
            k.layerNormBackward(
              n,
              width,
              x.address,
              dy.address,
              mean.address,
              inverse.address,
              gamma?.address ?? 0,
              dx.address,
            );
          });
        }
        const dGamma = gamma && back.parameter(gamma);
        const dBeta = beta && back.parameter(beta);
        const writes = [dGamma, dBeta].filter((buffer) => buffer !== undefined);
        if (writes.length === 0) return;
        back.call([x, dy, mean, inverse], writes, (rows) => {
          const [dg, db] = [dGamma?.address ?? 0, dBeta?.address ?? 0];
          k.layerNormParameterGradient(
            rows * positions,
            width,
            x.address,
            width,
            dy.address,
            mean.address,
            inverse.address,
            dg,
            db,
          );
        });
      },
    };
  }
}
