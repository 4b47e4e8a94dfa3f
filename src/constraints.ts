/** Projections of weights, applied after every update. Names, defaults and formulas as in Keras 3. */
import { checkKeys, checkNumber, lookUp, rangeError, typeError } from "./check.js";
import { number, readOptions, unchecked } from "./options.js";
import type { Kernels } from "./runtime/wasm.js";

/** A weight in linear memory, row-major or in the panels of the dense kernels. */
export interface ConstraintTarget {
  readonly address: number;
  readonly shape: readonly number[];
  readonly layout: "plain" | "panels";
}

/** A projection: made by the factories of `constraints`. */
export interface Constraint {
  /** Its factory's name. */
  readonly name: string;
  /** With defaults filled in. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Throws if the axes do not fit the shape of a weight that is going to be made. */
  check?(shape: readonly number[]): void;
  /** Projects the weight in place. Throws if the axes do not fit its shape. */
  apply(k: Kernels, target: ConstraintTarget): void;
}

/** What options called `…Constraint` take: a name, for the defaults, or a factory's result. */
export type ConstraintSpec = keyof typeof constraints | Constraint;

/** Over which axes a norm is taken. */
export interface AxisOptions {
  /**
   * An axis or consecutive axes, from the end if negative. Default 0: for a [inputs, units] kernel the weights into each
   * unit. For a convolution [height, width, in, out] use [0, 1, 2].
   */
  axis?: number | readonly number[];
}

/** Options of `constraints.maxNorm`. */
export interface MaxNormOptions extends AxisOptions {
  /** At least 0. Default 2. */
  maxValue?: number;
}

/** Options of `constraints.minMaxNorm`. */
export interface MinMaxNormOptions extends AxisOptions {
  /** At least 0, not above maxValue. Default 0. */
  minValue?: number;
  /** Default 1. */
  maxValue?: number;
  /** How much of the way to go at each update, in [0, 1]. Default 1. */
  rate?: number;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** An option that takes an axis or several. */
function axes(where: string, name: string, value: unknown = 0): readonly number[] {
  const given = typeof value === "number" ? [value] : value;
  if (!Array.isArray(given) || given.length === 0) {
    throw typeError(where, "axis must be an integer or an array of integers", name, value);
  }
  return given.map((each: unknown) => checkNumber(where, name, each, { integer: true }));
}

/** The range [from, to) of axes of a shape. */
function axisRange(where: string, axes: readonly number[], shape: readonly number[]): [number, number] {
  const sorted = axes.map((axis) => (axis < 0 ? axis + shape.length : axis)).sort((a, b) => a - b);
  const from = sorted[0]!;
  const to = from + sorted.length;
  if (from < 0 || to > shape.length || sorted.some((axis, i) => axis !== from + i)) {
    throw rangeError(where, `axis must name consecutive axes of the shape [${shape.join(", ")}]`, "axis", axes);
  }
  return [from, to];
}

function normConstraint(
  name: string,
  options: Readonly<Record<string, unknown>>,
  axes: readonly number[],
  minValue: number,
  maxValue: number,
  rate: number,
): Constraint {
  const where = `constraints.${name}`;
  return {
    name,
    options,
    check: (shape) => void axisRange(where, axes, shape),
    apply(k, { address, shape, layout }) {
      const [from, to] = axisRange(where, axes, shape);
      const outer = sizeOf(shape.slice(0, from));
      const middle = sizeOf(shape.slice(from, to));
      const inner = sizeOf(shape.slice(to));
      const last = shape.length - 1;
      if (layout === "plain") k.normConstraint(outer, middle, inner, address, minValue, maxValue, rate);
      else if (from === 0 && to === last) k.panelColumnNormConstraint(middle, inner, address, minValue, maxValue, rate);
      else if (from === last) k.panelRowNormConstraint(outer, middle, address, minValue, maxValue, rate);
      else if (from === 0) {
        const stored = k.panelFloats(middle / shape[last]!, shape[last]!);
        k.normConstraint(1, stored, 1, address, minValue, maxValue, rate);
      } else {
        throw rangeError(
          where,
          "axis must be all axes but the last, the last, or all of a kernel in panels",
          "axis",
          axes,
        );
      }
    },
  };
}

/** The constraints by name. Each takes one options object; a name alone stands for the defaults. */
export const constraints = {
  /** Norms of at most maxValue: w clip(norm, 0, maxValue) / (1e-7 + norm). Srebro & Shraibman 2005; Srivastava et al. 2014. */
  maxNorm: (options: MaxNormOptions | number = {}): Constraint => {
    const given = typeof options === "number" ? { maxValue: options } : options;
    const table = { maxValue: number({ min: 0 }, 2), axis: axes };
    const read = readOptions("constraints.maxNorm", given, table);
    return normConstraint("maxNorm", read, read.axis, 0, read.maxValue, 1);
  },

  /** Norms of 1: w / (1e-7 + norm). */
  unitNorm: (options: AxisOptions = {}): Constraint => {
    const given = readOptions("constraints.unitNorm", options, { axis: axes });
    return normConstraint("unitNorm", given, given.axis, 1, 1, 1);
  },

  /** Norms between minValue and maxValue: w (rate clip(norm, minValue, maxValue) + (1 - rate) norm) / (1e-7 + norm). */
  minMaxNorm: (options: MinMaxNormOptions = {}): Constraint => {
    const where = "constraints.minMaxNorm";
    const given = readOptions(where, options, {
      minValue: number({ min: 0 }, 0),
      maxValue: unchecked(1),
      rate: number({ min: 0, max: 1 }, 1),
      axis: axes,
    });
    const { minValue, maxValue, rate, axis } = given;
    checkNumber(where, "maxValue", maxValue, { min: minValue });
    return normConstraint("minMaxNorm", given, axis, minValue, maxValue, rate);
  },

  /** Negative weights become 0. */
  nonNegative: (options: Record<string, never> = {}): Constraint => {
    checkKeys("constraints.nonNegative", options, []);
    return {
      name: "nonNegative",
      options: {},
      apply(k, { address, shape, layout }) {
        const size = sizeOf(shape);
        const columns = shape.at(-1) ?? 1;
        k.nonNegativeConstraint(layout === "plain" ? size : k.panelFloats(size / columns, columns), address);
      },
    };
  },
} as const;

/** An option that takes a constraint, by name or made, or none. */
export function resolveConstraint(where: string, name: string, spec: unknown): Constraint | undefined {
  if (spec === undefined) return undefined;
  if (typeof spec === "string") return lookUp<() => Constraint>("constraint", constraints, spec)();
  if (typeof (spec as Partial<Constraint> | null)?.apply === "function") return spec as Constraint;
  throw typeError(where, `${name} must be a name or made by constraints`, name, spec);
}
