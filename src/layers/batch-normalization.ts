import { rangeError } from "../check.js";
import { Layer, type LayerOptions } from "../graph/layer.js";
import type { Lowered, Lowering } from "../graph/lowering.js";
import type { ParameterDeclaration } from "../graph/parameter.js";
import { rowsOf, type Shape } from "../graph/shape.js";
import { initializer, type InitializerSpec } from "../initializers.js";
import { choice, number, optional, type Values } from "../options.js";
import { readLayerOptions } from "./options.js";
import { declareScaleShift, SCALE_SHIFT_OPTIONS, type ScaleShiftOptions } from "./scale-shift.js";

/** Options of `layers.batchNormalization`. */
export interface BatchNormalizationOptions extends LayerOptions, ScaleShiftOptions {
  /** The last axis, as -1 or by its number with the batch axis as 0. Default -1. */
  axis?: number;
  /** Keras: weight of the old moving value, default 0.99. Torch: weight of the new value, default 0.1. */
  momentum?: number;
  /** Added to the variance, above 0. Default 1e-3, torch 1e-5. */
  epsilon?: number;
  movingMeanInitializer?: InitializerSpec;
  movingVarianceInitializer?: InitializerSpec;
  /** Torch: the moving variance is unbiased (divided by N - 1), and momentum weighs the new value. Default keras. */
  compat?: "keras" | "torch";
}

const DEFAULTS = { keras: { momentum: 0.99, epsilon: 1e-3 }, torch: { momentum: 0.1, epsilon: 1e-5 } } as const;

const OPTIONS = {
  axis: number({ integer: true }, -1),
  momentum: optional(number({ min: 0, max: 1 })),
  epsilon: optional(number({ above: 0 })),
  movingMeanInitializer: initializer("zeros"),
  movingVarianceInitializer: initializer("ones"),
  compat: choice(["keras", "torch"], "keras"),
  ...SCALE_SHIFT_OPTIONS,
};

type Resolved = LayerOptions & Values<typeof OPTIONS> & { readonly momentum: number; readonly epsilon: number };

/**
 * y = gamma * (x - mean) / sqrt(variance + epsilon) + beta, per unit of the last axis. In training, mean and (biased)
 * variance are the batch's, and the moving ones follow: moving = momentum * moving + (1 - momentum) * batch. In
 * inference, and whenever the layer is frozen, they are the moving ones. Learns `gamma`, `beta`; keeps `movingMean`,
 * `movingVariance`. Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 1.
 */
export class BatchNormalization extends Layer<Resolved> {
  readonly kind = "batchNormalization";

  constructor(options: BatchNormalizationOptions = {}) {
    const given = readLayerOptions("batchNormalization", options, OPTIONS);
    const preset = DEFAULTS[given.compat];
    super({ ...given, momentum: given.momentum ?? preset.momentum, epsilon: given.epsilon ?? preset.epsilon });
  }

  outputShape([shape]: readonly Shape[]): Shape {
    const { axis } = this.options;
    if (shape!.length === 0 || (axis !== -1 && axis !== shape!.length)) {
      throw rangeError(this.where, `axis must be the last one, -1 or ${shape!.length}`, "axis", axis);
    }
    return shape!;
  }

  override declare([shape]: readonly Shape[]): ParameterDeclaration[] {
    const { options } = this;
    const units = [shape!.at(-1)!];
    return [
      ...declareScaleShift(options, units),
      { key: "movingMean", shape: units, initializer: options.movingMeanInitializer, learned: false },
      { key: "movingVariance", shape: units, initializer: options.movingVarianceInitializer, learned: false },
    ];
  }

  /** What inference does, as y = scale * x + shift. */
  affine(): { scale: Float64Array; shift: Float64Array } {
    const { options } = this;
    const mean = this.parameter("movingMean").read();
    const variance = this.parameter("movingVariance").read();
    const gamma = options.scale ? this.parameter("gamma").read() : undefined;
    const beta = options.center ? this.parameter("beta").read() : undefined;
    const scale = Float64Array.from(variance, (v, j) => (gamma?.[j] ?? 1) / Math.sqrt(v + options.epsilon));
    return { scale, shift: scale.map((s, j) => (beta?.[j] ?? 0) - mean[j]! * s) };
  }

  override forward(lower: Lowering): Lowered {
    const { kernels: k } = lower;
    const { options } = this;
    const x = lower.inputs[0]!;
    const y = lower.value(x.shape);
    const [positions, units] = rowsOf(x.shape);
    const gamma = options.scale ? this.parameter("gamma") : undefined;
    const beta = options.center ? this.parameter("beta") : undefined;
    const movingMean = this.parameter("movingMean");
    const movingVariance = this.parameter("movingVariance");
    const inverse = lower.buffer({ fixed: units });
    const learned = [gamma?.address ?? 0, beta?.address ?? 0] as const;

    if (!lower.learning) {
      lower.call([x], [y, inverse], (rows) => {
        k.inverseStandardDeviation(units, movingVariance.address, inverse.address, options.epsilon);
        k.batchNormForward(
          rows * positions,
          units,
          x.address,
          units,
          movingMean.address,
          inverse.address,
          ...learned,
          y.address,
        );
      });
      return {
        output: y,
        backward: (back) => {
          const dy = back.gradientOf(y);
          const dx = dy && back.into(x);
          if (dy === undefined || dx === undefined) return;
          back.call([inverse, dy], [dx], (rows) => {
            const n = rows * positions;
            k.batchNormInferenceBackward(
              n,
              units,
              x.address,
              units,
              dy.address,
              movingMean.address,
              inverse.address,
              learned[0],
              dx.address,
              0,
              0,
            );
          });
        },
      };
    }

    const mean = lower.buffer({ fixed: units });
    const variance = lower.buffer({ fixed: units });
    const torch = options.compat === "torch";
    lower.call([x], [mean, variance, inverse, y], (rows) => {
      if (torch && rows * positions === 1) {
        throw rangeError(this.where, "training with torch statistics needs more than one value per unit", "rows", rows);
      }
      k.batchNormStatistics(rows * positions, units, x.address, units, mean.address, variance.address);
      k.inverseStandardDeviation(units, variance.address, inverse.address, options.epsilon);
      k.batchNormForward(
        rows * positions,
        units,
        x.address,
        units,
        mean.address,
        inverse.address,
        ...learned,
        y.address,
      );
    });
    lower.update([mean, variance], (rows) => {
      const n = rows * positions;
      const keep = torch ? 1 - options.momentum : options.momentum;
      k.movingUpdate(units, movingMean.address, mean.address, keep, 1);
      k.movingUpdate(units, movingVariance.address, variance.address, keep, torch ? n / (n - 1) : 1);
    });
    return {
      output: y,
      backward: (back) => {
        const dy = back.gradientOf(y);
        if (dy === undefined) return;
        const dx = back.into(x);
        const dGamma = gamma && back.parameter(gamma);
        const dBeta = beta && back.parameter(beta);
        const writes = [dx, dGamma, dBeta].filter((buffer) => buffer !== undefined);
        back.call([x, dy, mean, inverse], writes, (rows) =>
          k.batchNormBackward(
            rows * positions,
            units,
            x.address,
            units,
            dy.address,
            mean.address,
            inverse.address,
            learned[0],
            dx?.address ?? 0,
            dGamma?.address ?? 0,
            dBeta?.address ?? 0,
          ),
        );
      },
    };
  }
}
