import { checkNumber, rangeError } from "../check.js";
import { Layer, type LayerOptions } from "../graph/layer.js";
import type { Lowered, Lowering } from "../graph/lowering.js";
import type { ParameterDeclaration } from "../graph/parameter.js";
import { rowsOf, type Shape } from "../graph/shape.js";
import type { Initializer } from "../initializers.js";
import { Tensor, tensor, type DataLike } from "../tensor.js";
import { checkLayerOptions } from "./options.js";

/** Options of `layers.normalization`. */
export interface NormalizationOptions extends LayerOptions {
  /** The last axis: each of its positions has a mean and variance. Default -1. */
  axis?: -1;
  /** Known means, in place of adapt. Give both or none. */
  mean?: number | readonly number[];
  /** Known variances. */
  variance?: number | readonly number[];
}

/** Smallest deviation that is divided by, as Keras's. */
const EPSILON = 1e-7;

/**
 * y = (x - mean) / max(sqrt(variance), 1e-7), per unit of the last axis: standardization inside the model. `adapt`
 * measures mean and variance; no training changes them.
 */
export class Normalization extends Layer<NormalizationOptions> {
  readonly kind = "normalization";
  #adapted: { mean: Float64Array; variance: Float64Array } | undefined;

  constructor(options: NormalizationOptions = {}) {
    checkLayerOptions("normalization", options, ["axis", "mean", "variance"]);
    if (options.axis !== undefined && options.axis !== -1)
      throw rangeError("normalization", "axis must be -1", "axis", options.axis);
    const { mean, variance } = options;
    if ((mean === undefined) !== (variance === undefined)) {
      throw rangeError("normalization", "mean and variance must be given together", "variance", variance);
    }
    for (const each of [mean ?? []].flat()) checkNumber("normalization", "mean", each);
    for (const each of [variance ?? []].flat()) checkNumber("normalization", "variance", each, { min: 0 });
    super(options);
  }

  /** Measures mean and (biased) variance over all rows, in float64. Replaces what was known before. */
  adapt(data: DataLike): this {
    const value = data instanceof Tensor ? data : tensor(data);
    const units = this.built ? this.parameter("mean").count : (value.shape.at(-1) ?? 1);
    if (value.size === 0 || value.size % units !== 0) {
      throw rangeError("normalization.adapt", `data must hold whole rows of ${units} values`, "size", value.size);
    }
    const rows = value.size / units;
    const mean = new Float64Array(units);
    const variance = new Float64Array(units);
    value.data.forEach((x: number, i: number) => (mean[i % units]! += x / rows));
    value.data.forEach((x: number, i: number) => (variance[i % units]! += square(x - mean[i % units]!) / rows));
    this.#adapted = { mean, variance };
    if (this.built) this.#write(mean, variance);
    return this;
  }

  #write(mean: ArrayLike<number>, variance: ArrayLike<number>): void {
    this.parameter("mean").write(mean);
    this.parameter("variance").write(variance);
  }

  outputShape([shape]: readonly Shape[]): Shape {
    const units = shape!.at(-1) ?? 1;
    for (const given of [this.options.mean, this.options.variance]) {
      const fits = given === undefined || typeof given === "number" || given.length === units;
      if (!fits) throw rangeError(this.where, `mean and variance must have ${units} values`, "length", given.length);
    }
    if (this.#adapted !== undefined && this.#adapted.mean.length !== units) {
      throw rangeError(this.where, `adapt saw ${this.#adapted.mean.length} units`, "units", units);
    }
    return shape!;
  }

  override declare([shape]: readonly Shape[]): ParameterDeclaration[] {
    const units = shape!.at(-1) ?? 1;
    const known = (values: ArrayLike<number> | number = NaN, otherwise: number): Initializer => ({
      name: "measured",
      options: {},
      fill: (engine, address) => {
        if (typeof values === "object") engine.floats(address, units).set(values);
        else engine.floats(address, units).fill(Number.isNaN(values) ? otherwise : values);
      },
    });
    const { mean, variance } = this.#adapted ?? this.options;
    return [
      { key: "mean", shape: [units], initializer: known(mean, 0), learned: false },
      { key: "variance", shape: [units], initializer: known(variance, 1), learned: false },
    ];
  }

  override copy(name?: string): Normalization {
    const copy = super.copy(name) as Normalization;
    copy.#adapted = this.#adapted;
    return copy;
  }

  override forward(lower: Lowering): Lowered {
    const { kernels: k } = lower;
    const x = lower.inputs[0]!;
    const y = lower.value(x.shape);
    const [positions, units] = rowsOf(x.shape);
    const mean = this.parameter("mean");
    const variance = this.parameter("variance");
    const scale = lower.buffer({ fixed: units });
    lower.call([x], [y, scale], (rows) => {
      k.inverseDeviation(units, variance.address, scale.address, EPSILON);
      k.standardizeForward(rows * positions, units, x.address, mean.address, scale.address, y.address);
    });
    return {
      output: y,
      backward: (back) => {
        const dy = back.gradientOf(y);
        const dx = dy && back.into(x);
        if (dy === undefined || dx === undefined) return;
        back.call([dy, scale], [dx], (rows) =>
          k.standardizeBackward(rows * positions, units, dy.address, scale.address, dx.address),
        );
      },
    };
  }
}

const square = (x: number): number => x * x;
