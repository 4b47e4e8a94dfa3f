/**
 * How weights begin. Everything random is generated in Wasm from a key, so that the values are a function of (key, shape)
 * alone, the same bits in every build. Names and defaults are Keras 3's.
 */
import { checkKeys, checkNumber, lookUp, rangeError, typeError } from "./check.js";
import { choice, number, readOptions, unchecked, type Option } from "./options.js";
import type { Key } from "./random.js";
import type { Engine } from "./runtime/engine.js";

/** How a weight begins: made by the factories of `initializers`. */
export interface Initializer {
  /** Its factory's name. */
  readonly name: string;
  /** With defaults filled in. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Fills prod(shape) floats at address, row by row. */
  fill(engine: Engine, address: number, shape: readonly number[], key: Key): void;
}

/** What options called `…Initializer` take: a name, for the defaults, or a factory's result. */
export type InitializerSpec = keyof typeof initializers | Initializer;

/** Inputs and outputs of one unit of a weight. */
export interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

/**
 * Fans of a weight as Keras counts them: [in, out]; convolutions [..., in, out], both times the size of the window;
 * vectors: their length; scalars: 1.
 */
export function fansOf(shape: readonly number[]): Fans {
  if (shape.length < 2) return { fanIn: shape[0] ?? 1, fanOut: shape[0] ?? 1 };
  const window = sizeOf(shape.slice(0, -2));
  return { fanIn: window * shape.at(-2)!, fanOut: window * shape.at(-1)! };
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** A row-major view of a weight as a matrix whose columns are its last axis. */
function matrixOf(where: string, shape: readonly number[]): { rows: number; columns: number } {
  if (shape.length < 2) throw rangeError(where, "the weight must have at least two axes", "shape", shape);
  return { rows: sizeOf(shape.slice(0, -1)), columns: shape.at(-1)! };
}

/** All of one value. */
function filled(name: string, options: Record<string, unknown>, value: number): Initializer {
  return {
    name,
    options,
    fill: (engine, address, shape) => void engine.floats(address, sizeOf(shape)).fill(value),
  };
}

/** Options of `initializers.constant`. */
export interface ConstantOptions {
  /** Any finite number. Default 0. */
  value?: number;
}

/** Options of `initializers.randomUniform`. */
export interface RandomUniformOptions {
  /** Lower limit, included. Default -0.05. */
  minValue?: number;
  /** Upper limit, excluded, not below minValue. Default 0.05. */
  maxValue?: number;
}

/** Options of `initializers.randomNormal` and `truncatedNormal`. */
export interface NormalOptions {
  /** Default 0. */
  mean?: number;
  /** Standard deviation, at least 0; of the normal that is truncated, if it is. Default 0.05. */
  stddev?: number;
}

const MODES = ["fanIn", "fanOut", "fanAvg"] as const;
const DISTRIBUTIONS = ["truncatedNormal", "untruncatedNormal", "uniform"] as const;

/** Options of `initializers.varianceScaling`. */
export interface VarianceScalingOptions {
  /** Above 0. Default 1. */
  scale?: number;
  /** What the variance is divided by: inputs, outputs, or their mean. Default "fanIn". */
  mode?: (typeof MODES)[number];
  /** Default "truncatedNormal". */
  distribution?: (typeof DISTRIBUTIONS)[number];
}

/** Options of `initializers.orthogonal` and `identity`. */
export interface GainOptions {
  /** Factor on the matrix. Default 1. */
  gain?: number;
}

/** Standard deviation of a standard normal variable truncated to [-2, 2]: sqrt(1 - 4 phi(2) / (2 Phi(2) - 1)). */
const TRUNCATED_STDDEV = 0.87962566103423978;

function normal(name: "randomNormal" | "truncatedNormal", options: NormalOptions): Initializer {
  const where = `initializers.${name}`;
  const given = readOptions(where, options, { mean: number({}, 0), stddev: number({ min: 0 }, 0.05) });
  const { mean, stddev } = given;
  return {
    name,
    options: given,
    fill: ({ kernels }, address, shape, [key0, key1]) => {
      const fill = name === "randomNormal" ? kernels.normalFill : kernels.truncatedNormalFill;
      fill(sizeOf(shape), 0, address, key0, key1, mean, stddev);
    },
  };
}

/** The parameters of a variance-scaled distribution: sigma before truncation, or the limit of the uniform. */
export function varianceScale(
  { scale, mode, distribution }: Required<VarianceScalingOptions>,
  shape: readonly number[],
): number {
  const { fanIn, fanOut } = fansOf(shape);
  const n = Math.max(1, mode === "fanIn" ? fanIn : mode === "fanOut" ? fanOut : (fanIn + fanOut) / 2);
  if (distribution === "uniform") return Math.sqrt((3 * scale) / n);
  return Math.sqrt(scale / n) / (distribution === "truncatedNormal" ? TRUNCATED_STDDEV : 1);
}

function scaled(name: string, shown: Record<string, unknown>, options: Required<VarianceScalingOptions>): Initializer {
  return {
    name,
    options: shown,
    fill: ({ kernels }, address, shape, [key0, key1]) => {
      const n = sizeOf(shape);
      const size = varianceScale(options, shape);
      if (options.distribution === "uniform") kernels.uniformFill(n, 0, address, key0, key1, -size, size);
      else if (options.distribution === "truncatedNormal") {
        kernels.truncatedNormalFill(n, 0, address, key0, key1, 0, size);
      } else kernels.normalFill(n, 0, address, key0, key1, 0, size);
    },
  };
}

/** The named cases of varianceScaling. */
function family(
  name: string,
  scale: number,
  mode: (typeof MODES)[number],
  distribution: "truncatedNormal" | "uniform",
) {
  return (options: Record<string, never> = {}): Initializer => {
    checkKeys(`initializers.${name}`, options, []);
    return scaled(name, {}, { scale, mode, distribution });
  };
}

/**
 * Makes the m rows of length n >= m at address orthonormal: Gram and Schmidt, each row freed from the others twice
 * ("twice is enough", Giraud et al. 2005), which leaves errors of the order of f32 rounding.
 */
function orthonormalize({ kernels: k }: Engine, m: number, n: number, address: number): void {
  const row = (i: number): number => address + i * n * 4;
  for (let i = 0; i < m; i++) {
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) k.saxpy(n, -k.sdot(n, row(i), row(j)), row(j), row(i));
      k.sscal(n, 1 / Math.sqrt(k.sdot(n, row(i), row(i))), row(i));
    }
  }
}

/** The initializers by name. Each takes one options object; a name alone stands for the defaults. */
export const initializers = {
  /** All 0. */
  zeros: (options: Record<string, never> = {}): Initializer => {
    checkKeys("initializers.zeros", options, []);
    return filled("zeros", {}, 0);
  },

  /** All 1. */
  ones: (options: Record<string, never> = {}): Initializer => {
    checkKeys("initializers.ones", options, []);
    return filled("ones", {}, 1);
  },

  /** All `value`. */
  constant: (options: ConstantOptions | number = {}): Initializer => {
    const given = typeof options === "number" ? { value: options } : options;
    const read = readOptions("initializers.constant", given, { value: number({}, 0) });
    return filled("constant", read, read.value);
  },

  /** Uniform in [minValue, maxValue). */
  randomUniform: (options: RandomUniformOptions = {}): Initializer => {
    const where = "initializers.randomUniform";
    const given = readOptions(where, options, { minValue: number({}, -0.05), maxValue: unchecked(0.05) });
    const { minValue, maxValue } = given;
    checkNumber(where, "maxValue", maxValue, { min: minValue });
    return {
      name: "randomUniform",
      options: given,
      fill: ({ kernels }, address, shape, [key0, key1]) =>
        kernels.uniformFill(sizeOf(shape), 0, address, key0, key1, minValue, maxValue),
    };
  },

  /** Normal with `mean` and `stddev`. */
  randomNormal: (options: NormalOptions = {}): Initializer => normal("randomNormal", options),

  /** Normal with `mean` and `stddev`, within two `stddev` of the mean; the result's own deviation is 0.8796 stddev. */
  truncatedNormal: (options: NormalOptions = {}): Initializer => normal("truncatedNormal", options),

  /**
   * Variance scale / n, n = fan in, fan out or their mean, at least 1: truncated normal of sigma
   * sqrt(scale / n) / 0.8796, normal of sigma sqrt(scale / n), or uniform within sqrt(3 scale / n). PyTorch's
   * `xavier_*(gain)` is { scale: gain^2, mode: "fanAvg" }, its `kaiming_*(a)` { scale: 2 / (1 + a^2) }, both with
   * "untruncatedNormal" or "uniform"; its Linear begins with { scale: 1 / 3, distribution: "uniform" }.
   */
  varianceScaling: (options: VarianceScalingOptions = {}): Initializer => {
    const given = readOptions("initializers.varianceScaling", options, {
      scale: number({ above: 0 }, 1),
      mode: choice(MODES, "fanIn"),
      distribution: choice(DISTRIBUTIONS, "truncatedNormal"),
    });
    return scaled("varianceScaling", given, given);
  },

  /** Uniform within sqrt(6 / (fan in + fan out)), for no activation, tanh, sigmoid, softmax. Glorot & Bengio 2010. */
  glorotUniform: family("glorotUniform", 1, "fanAvg", "uniform"),

  /** Truncated normal of variance 2 / (fan in + fan out). Glorot & Bengio 2010. */
  glorotNormal: family("glorotNormal", 1, "fanAvg", "truncatedNormal"),

  /** Uniform within sqrt(6 / fan in), for the ReLU family. He et al. 2015. */
  heUniform: family("heUniform", 2, "fanIn", "uniform"),

  /** Truncated normal of variance 2 / fan in, for the ReLU family. He et al. 2015. */
  heNormal: family("heNormal", 2, "fanIn", "truncatedNormal"),

  /** Uniform within sqrt(3 / fan in), for SELU. LeCun et al. 1998; Klambauer et al. 2017. */
  leCunUniform: family("leCunUniform", 1, "fanIn", "uniform"),

  /** Truncated normal of variance 1 / fan in, for SELU. LeCun et al. 1998; Klambauer et al. 2017. */
  leCunNormal: family("leCunNormal", 1, "fanIn", "truncatedNormal"),

  /**
   * `gain` times a matrix with orthonormal columns, or rows where it has fewer of those, uniform over all such matrices;
   * axes before the last count as rows. Saxe et al. 2014, arXiv:1312.6120; Mezzadri 2007 (positive diagonal of R).
   */
  orthogonal: (options: GainOptions = {}): Initializer => {
    const where = "initializers.orthogonal";
    const { gain } = readOptions(where, options, { gain: number({}, 1) });
    return {
      name: "orthogonal",
      options: { gain },
      fill: (engine, address, shape, [key0, key1]) => {
        const { rows, columns } = matrixOf(where, shape);
        const size = rows * columns;
        if (rows <= columns) {
          engine.kernels.normalFill(size, 0, address, key0, key1, 0, 1);
          orthonormalize(engine, rows, columns, address);
        } else {
          const transposed = engine.arena.allocate(size * 4);
          engine.kernels.normalFill(size, 0, transposed, key0, key1, 0, 1);
          orthonormalize(engine, columns, rows, transposed);
          const from = engine.floats(transposed, size);
          const to = engine.floats(address, size);
          for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) to[i * columns + j] = from[j * rows + i]!;
          engine.arena.free(transposed);
        }
        engine.kernels.sscal(size, gain, address);
      },
    };
  },

  /** `gain` on the main diagonal of a matrix, 0 elsewhere. */
  identity: (options: GainOptions = {}): Initializer => {
    const where = "initializers.identity";
    const { gain } = readOptions(where, options, { gain: number({}, 1) });
    return {
      name: "identity",
      options: { gain },
      fill: (engine, address, shape) => {
        if (shape.length !== 2) throw rangeError(where, "the weight must have two axes", "shape", shape);
        const [rows, columns] = shape as [number, number];
        const to = engine.floats(address, rows * columns).fill(0);
        for (let i = 0; i < Math.min(rows, columns); i++) to[i * columns + i] = gain;
      },
    };
  },
} as const;

/** The initializer that an option `…Initializer` of `where` means. */
export function resolveInitializer(where: string, name: string, spec: unknown): Initializer {
  if (typeof spec === "string") return lookUp<() => Initializer>("initializer", initializers, spec)();
  if (typeof (spec as Partial<Initializer> | null)?.fill === "function") return spec as Initializer;
  throw typeError(where, `${name} must be a name or made by initializers`, name, spec);
}

/** An option that takes an initializer. */
export function initializer(preset: keyof typeof initializers): Option<Initializer> {
  return (where, name, spec = preset) => resolveInitializer(where, name, spec);
}
