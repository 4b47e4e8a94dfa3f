/** Activations in float64, from their textbook formulas: the oracle of the kernels. Checked by central differences. */
import type { ActivationName } from "../../src/activations.js";
import { exp, log, log1p } from "../../src/runtime/math.js";

/** 2 / sqrt(pi) e^(-x^2) times the series of 2^n x^(2n+1) / (2n+1)!!: all terms have one sign. */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) sum += term *= (2 * x * x) / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * exp(-x * x) * sum;
}

/** 1 - erf(x) for x >= 0: by its continued fraction where the difference would cancel. */
export function erfc(x: number): number {
  if (x < 2) return 1 - erf(x);
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (x + fraction);
  return exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}

export function sigmoid(x: number): number {
  return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
}

export function softplus(x: number): number {
  return Math.max(x, 0) + log1p(exp(-Math.abs(x)));
}

const Phi = (x: number): number => (x < 0 ? erfc(-x / Math.SQRT2) / 2 : 1 - erfc(x / Math.SQRT2) / 2);
const phi = (x: number): number => exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/** x * gate(x) with its limit 0 at -Infinity, where the gate is 0. */
const gated = (x: number, gate: number): number => (x === -Infinity ? -0 : x * gate);

const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;
const geluArgument = (x: number): number => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);

export interface ElementwiseReference {
  forward(x: number, alpha: number): number;
  derivative(x: number, alpha: number): number;
  /** Arguments where the derivative jumps. */
  readonly kinks?: readonly number[];
}

export const elementwiseReferences: Record<Exclude<ActivationName, "softmax" | "logSoftmax">, ElementwiseReference> = {
  linear: { forward: (x) => x, derivative: () => 1 },
  relu: { forward: (x) => Math.max(x, 0), derivative: (x) => (x > 0 ? 1 : 0), kinks: [0] },
  relu6: {
    forward: (x) => Math.min(Math.max(x, 0), 6),
    derivative: (x) => (x > 0 && x < 6 ? 1 : 0),
    kinks: [0, 6],
  },
  leakyRelu: {
    forward: (x, alpha) => (x > 0 ? x : alpha * x),
    derivative: (x, alpha) => (x > 0 ? 1 : alpha),
    kinks: [0],
  },
  elu: {
    forward: (x, alpha) => (x > 0 ? x : alpha * Math.expm1(x)),
    derivative: (x, alpha) => (x > 0 ? 1 : alpha * exp(x)),
    kinks: [0],
  },
  selu: {
    forward: (x) => SELU_SCALE * (x > 0 ? x : SELU_ALPHA * Math.expm1(x)),
    derivative: (x) => SELU_SCALE * (x > 0 ? 1 : SELU_ALPHA * exp(x)),
    kinks: [0],
  },
  celu: {
    forward: (x, alpha) => (x > 0 ? x : alpha * Math.expm1(x / alpha)),
    derivative: (x, alpha) => (x > 0 ? 1 : exp(x / alpha)),
  },
  gelu: {
    forward: (x) => gated(x, Phi(x)),
    derivative: (x) => Phi(x) + (Math.abs(x) > 40 ? 0 : x * phi(x)),
  },
  geluTanh: {
    forward: (x) => gated(x, sigmoid(2 * geluArgument(x))),
    derivative(x) {
      if (Math.abs(x) > 40) return x > 0 ? 1 : 0;
      const t = Math.tanh(geluArgument(x));
      return (1 + t) / 2 + (x / 2) * (1 - t * t) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
    },
  },
  silu: {
    forward: (x) => gated(x, sigmoid(x)),
    derivative(x) {
      const s = sigmoid(x);
      return s === 0 || s === 1 ? s : s * (1 + x * (1 - s));
    },
  },
  mish: {
    forward: (x) => gated(x, Math.tanh(softplus(x))),
    derivative(x) {
      if (Math.abs(x) > 700) return x > 0 ? 1 : 0;
      const t = Math.tanh(softplus(x));
      return t + x * (1 - t * t) * sigmoid(x);
    },
  },
  softplus: { forward: softplus, derivative: sigmoid },
  softsign: {
    forward: (x) => (Math.abs(x) === Infinity ? Math.sign(x) : x / (1 + Math.abs(x))),
    derivative: (x) => 1 / ((1 + Math.abs(x)) * (1 + Math.abs(x))),
  },
  sigmoid: { forward: sigmoid, derivative: (x) => sigmoid(x) * sigmoid(-x) },
  hardSigmoid: {
    forward: (x) => Math.min(Math.max(x + 3, 0), 6) / 6,
    derivative: (x) => (x > -3 && x < 3 ? 1 / 6 : 0),
    kinks: [-3, 3],
  },
  hardSilu: {
    forward: (x) => gated(x, Math.min(Math.max(x + 3, 0), 6) / 6),
    derivative: (x) => (x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6),
    kinks: [-3, 3],
  },
  tanh: { forward: Math.tanh, derivative: (x) => (1 - Math.tanh(x)) * (1 + Math.tanh(x)) },
  exponential: { forward: exp, derivative: exp },
  abs: { forward: Math.abs, derivative: Math.sign, kinks: [0] },
};

export interface RowReference {
  forward(x: readonly number[]): number[];
  /** dx, from x. */
  backward(x: readonly number[], dy: readonly number[]): number[];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function softmax(x: readonly number[]): number[] {
  const maximum = Math.max(...x);
  const e = x.map((value) => exp(value - maximum));
  const total = sum(e);
  return e.map((value) => value / total);
}

export const rowReferences: Record<"softmax" | "logSoftmax", RowReference> = {
  softmax: {
    forward: softmax,
    backward(x, dy) {
      const y = softmax(x);
      const mean = sum(y.map((value, i) => value * dy[i]!));
      return y.map((value, i) => value * (dy[i]! - mean));
    },
  },
  logSoftmax: {
    forward(x) {
      const maximum = Math.max(...x);
      const logSum = log(sum(x.map((value) => exp(value - maximum))));
      return x.map((value) => value - maximum - logSum);
    },
    backward(x, dy) {
      const total = sum(dy);
      return softmax(x).map((value, i) => dy[i]! - value * total);
    },
  },
};
