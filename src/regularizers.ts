/**
 * Penalties that are added to the loss: on weights as they are, on activations divided by the rows of the batch. Names,
 * defaults and values as in Keras 3: no factor 1/2, so that PyTorch's `weight_decay = w` under plain SGD is l2 = w / 2.
 */
import { lookUp, typeError } from "./check.js";
import { number, readOptions } from "./options.js";
import type { Kernels } from "./runtime/wasm.js";

/** A penalty: made by the factories of `regularizers`. */
export interface Regularizer {
  /** Its factory's name. */
  readonly name: string;
  /** With defaults filled in. */
  readonly options: Readonly<Record<string, number>>;
  /** scale times the penalty of n floats at w. */
  penalty(k: Kernels, n: number, w: number, scale?: number): number;
  /** Adds the gradient of that to the n floats at dw. */
  backward(k: Kernels, n: number, w: number, dw: number, scale?: number): void;
}

/** What options called `…Regularizer` take: a name, for the defaults, or a factory's result. */
export type RegularizerSpec = keyof typeof regularizers | "l1_l2" | Regularizer;

/** Options of `regularizers.l1`. */
export interface L1Options {
  /** Factor of the sum of absolute values, at least 0. Default 0.01. */
  l1?: number;
}

/** Options of `regularizers.l2`. */
export interface L2Options {
  /** Factor of the sum of squares, at least 0. Default 0.01. */
  l2?: number;
}

/** Options of `regularizers.l1l2`. */
export interface L1L2Options {
  /** Factor of the sum of absolute values, at least 0. Default 0. */
  l1?: number;
  /** Factor of the sum of squares, at least 0. Default 0. */
  l2?: number;
}

function elastic(name: string, options: Readonly<Record<string, number>>, l1: number, l2: number): Regularizer {
  return {
    name,
    options,
    penalty(k, n, w, scale = 1) {
      let sum = 0;
      if (l1 > 0) sum += l1 * k.sumOfAbsolutes(n, w);
      if (l2 > 0) sum += l2 * k.sumOfSquares(n, w);
      return scale * sum;
    },
    backward(k, n, w, dw, scale = 1) {
      if (l1 > 0) k.l1Backward(n, w, dw, scale * l1);
      if (l2 > 0) k.saxpy(n, scale * 2 * l2, w, dw);
    },
  };
}

/** The regularizers by name. Each takes one options object; a name alone stands for the defaults. */
export const regularizers = {
  /** l1 Σ|w|; gradient l1 sign(w), 0 at 0. */
  l1: (options: L1Options | number = {}): Regularizer => {
    const given = typeof options === "number" ? { l1: options } : options;
    const read = readOptions("regularizers.l1", given, { l1: number({ min: 0 }, 0.01) });
    return elastic("l1", read, read.l1, 0);
  },

  /** l2 Σw²; gradient 2 l2 w. */
  l2: (options: L2Options | number = {}): Regularizer => {
    const given = typeof options === "number" ? { l2: options } : options;
    const read = readOptions("regularizers.l2", given, { l2: number({ min: 0 }, 0.01) });
    return elastic("l2", read, 0, read.l2);
  },

  /** l1 Σ|w| + l2 Σw². */
  l1l2: (options: L1L2Options = {}): Regularizer => {
    const factor = number({ min: 0 }, 0);
    const read = readOptions("regularizers.l1l2", options, { l1: factor, l2: factor });
    return elastic("l1l2", read, read.l1, read.l2);
  },
} as const;

/** An option that takes a regularizer, by name or made, or none. */
export function resolveRegularizer(where: string, name: string, spec: unknown): Regularizer | undefined {
  if (spec === undefined) return undefined;
  if (typeof spec === "string") {
    return lookUp<() => Regularizer>("regularizer", regularizers, spec === "l1_l2" ? "l1l2" : spec)();
  }
  if (typeof (spec as Partial<Regularizer> | null)?.penalty === "function") return spec as Regularizer;
  throw typeError(where, `${name} must be a name or made by regularizers`, name, spec);
}
