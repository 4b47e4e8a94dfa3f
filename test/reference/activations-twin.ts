/**
 * The activation kernels as plain scalar TypeScript in the order of operations of the baseline build: bit for bit the
 * same results. `backward` takes what the kernel saves (x or y), as the definition says.
 */
import type { ActivationName } from "../../src/activations.js";
import { constantsOf } from "./constants.js";
import {
  exp,
  exp2,
  expm1NonPositive,
  expBounded,
  f,
  gateDerivative,
  log,
  madd,
  nmadd,
  pmax,
  pmin,
  sigmoid,
  softplus,
  tanh,
} from "./vmath-twin.js";

export interface ElementwiseTwin {
  forward(x: number, alpha: number): number;
  backward(saved: number, dy: number, alpha: number): number;
}

const selu = constantsOf("activations/selu.ts");
const gelu = constantsOf("activations/gelu.ts");
const geluTanh = constantsOf("activations/gelu-tanh.ts");
const silu = constantsOf("activations/silu.ts");
const mish = constantsOf("activations/mish.ts");
const softsign = constantsOf("activations/softsign.ts");
const hardSigmoid = constantsOf("activations/hard-sigmoid.ts");
const hardSilu = constantsOf("activations/hard-silu.ts");

const clamp = (x: number, low: number, high: number): number => pmin(pmax(x, low), high);
const gate = (x: number): number => f(clamp(f(x + 3), 0, 6) * hardSigmoid["SIXTH"]!);

const horner = (x: number, names: readonly string[]): number =>
  names.map((name) => gelu[name]!).reduce((sum, coefficient) => madd(sum, x, coefficient));

export const elementwiseTwins: Record<Exclude<ActivationName, "softmax" | "logSoftmax">, ElementwiseTwin> = {
  linear: { forward: (x) => x, backward: (_, dy) => dy },
  relu: { forward: (x) => pmax(x, 0), backward: (y, dy) => (y > 0 ? dy : 0) },
  relu6: { forward: (x) => clamp(x, 0, 6), backward: (y, dy) => (y > 0 && y < 6 ? dy : 0) },
  leakyRelu: {
    forward: (x, alpha) => (x > 0 ? x : f(alpha * x)),
    backward: (y, dy, alpha) => (y > 0 ? dy : f(alpha * dy)),
  },
  elu: {
    forward: (x, alpha) => (x < 0 ? f(alpha * expm1NonPositive(x)) : x),
    backward: (y, dy, alpha) => (y > 0 ? dy : f(dy * f(y + alpha))),
  },
  selu: {
    forward: (x) => (x < 0 ? f(selu["SCALE_ALPHA"]! * expm1NonPositive(x)) : f(selu["SCALE"]! * x)),
    backward: (y, dy) => f(dy * (y > 0 ? selu["SCALE"]! : f(y + selu["SCALE_ALPHA"]!))),
  },
  celu: {
    forward: (x, alpha) => (x < 0 ? f(alpha * expm1NonPositive(f(x * f(1 / alpha)))) : x),
    backward: (y, dy, alpha) => (y > 0 ? dy : f(dy * madd(y, f(1 / alpha), 1))),
  },
  gelu: {
    forward(x) {
      const size = pmin(Math.abs(x), gelu["TAIL_HIGHEST"]!);
      const tail = exp2(horner(size, ["T7", "T6", "T5", "T4", "T3", "T2", "T1", "T0", "MINUS_ONE"]));
      return nmadd(size, tail, pmax(x, 0));
    },
    backward(x, dy) {
      const size = pmin(Math.abs(x), gelu["BELL_HIGHEST"]!);
      const d = horner(size, ["D10", "D9", "D8", "D7", "D6", "D5", "D4", "D3", "D2", "D1", "D0"]);
      const below = f(d * exp2(f(f(size * size) * gelu["MINUS_HALF_LOG2E"]!)));
      return f(dy * (x < 0 ? below : f(1 - below)));
    },
  },
  geluTanh: {
    forward(x) {
      const u = f(x * madd(f(x * x), geluTanh["CUBIC"]!, geluTanh["LINEAR"]!));
      return f(pmax(x, geluTanh["LOWEST"]!) * sigmoid(u));
    },
    backward(x, dy) {
      const v = clamp(x, geluTanh["LOWEST"]!, geluTanh["HIGHEST"]!);
      const u = f(v * madd(f(v * v), geluTanh["CUBIC"]!, geluTanh["LINEAR"]!));
      const slope = f(v * madd(f(v * v), geluTanh["THREE_CUBIC"]!, geluTanh["LINEAR"]!));
      return f(dy * gateDerivative(u, slope));
    },
  },
  silu: {
    forward: (x) => f(pmax(x, silu["LOWEST"]!) * sigmoid(x)),
    backward(x, dy) {
      const v = clamp(x, silu["LOWEST"]!, silu["HIGHEST"]!);
      return f(dy * gateDerivative(v, v));
    },
  },
  mish: {
    forward(x) {
      const e = expBounded(pmin(x, mish["HIGHEST"]!));
      const n = f(e * f(e + 2));
      return f(pmax(x, mish["LOWEST"]!) * f(n / f(n + 2)));
    },
    backward(x, dy) {
      const near = clamp(x, mish["LOWEST"]!, mish["HIGHEST"]!);
      const e = expBounded(near);
      const n = f(e * f(e + 2));
      const m = f(n + 2);
      const slope = f(f(f(near * 4) * f(e * f(e + 1))) / m);
      return f(dy * f(f(n + slope) / m));
    },
  },
  softplus: { forward: softplus, backward: (y, dy) => f(dy * -expm1NonPositive(-y)) },
  softsign: {
    forward(x) {
      const v = clamp(x, softsign["LOWEST"]!, softsign["HIGHEST"]!);
      return f(v / f(1 + Math.abs(v)));
    },
    backward(x, dy) {
      const d = f(1 + Math.abs(x));
      return f(f(dy / d) / d);
    },
  },
  sigmoid: { forward: sigmoid, backward: (y, dy) => f(dy * f(y * f(1 - y))) },
  hardSigmoid: {
    forward: gate,
    backward: (y, dy) => (y > 0 && y < 1 ? f(dy * hardSigmoid["SIXTH"]!) : 0),
  },
  hardSilu: {
    forward: (x) => f(pmax(x, -3) * gate(x)),
    backward: (x, dy) => f(dy * (x < 3 ? (x > -3 ? madd(x, hardSilu["THIRD"]!, 0.5) : 0) : 1)),
  },
  tanh: { forward: tanh, backward: (y, dy) => f(dy * f(f(1 - y) * f(1 + y))) },
  exponential: { forward: exp, backward: (y, dy) => f(dy * y) },
  abs: { forward: Math.abs, backward: (x, dy) => (x === 0 ? 0 : x < 0 ? -dy : dy) },
};

/**
 * Sum over a row in the order of sdot: 16 partial sums over the full passes of 16, the remaining vectors into the first
 * four, the remainder of up to three into the second four (scattered: all into its first lane).
 */
function rowSum(row: ArrayLike<number>, term: (i: number, sum: number) => number, scattered = false): number {
  const s = new Array<number>(16).fill(0);
  const unrolled = row.length & ~15;
  const body = row.length & ~3;
  for (let i = 0; i < row.length; i++) {
    const lane = i < unrolled ? i & 15 : i < body ? i & 3 : 4 + (scattered ? 0 : i & 3);
    s[lane] = term(i, s[lane]!);
  }
  const lanes = [0, 1, 2, 3].map((i) => f(f(s[i]! + s[i + 4]!) + f(s[i + 8]! + s[i + 12]!)));
  return f(f(lanes[0]! + lanes[2]!) + f(lanes[1]! + lanes[3]!));
}

function rowMaximum(row: ArrayLike<number>): number {
  let maximum = -Infinity;
  for (let i = 0; i < row.length; i++) maximum = pmax(maximum, row[i]!);
  return maximum;
}

export interface RowTwin {
  forward(x: Float32Array): Float32Array;
  backward(y: Float32Array, dy: Float32Array): Float32Array;
}

export const rowTwins: Record<"softmax" | "logSoftmax", RowTwin> = {
  softmax: {
    forward(x) {
      const maximum = rowMaximum(x);
      const e = x.map((value) => expBounded(f(value - maximum)));
      const scale = f(1 / rowSum(e, (i, sum) => f(sum + e[i]!)));
      return e.map((value) => scale * value);
    },
    backward(y, dy) {
      const mean = rowSum(y, (i, sum) => madd(y[i]!, dy[i]!, sum), true);
      return y.map((value, i) => value * f(dy[i]! - mean));
    },
  },
  logSoftmax: {
    forward(x) {
      const maximum = rowMaximum(x);
      const logSum = log(rowSum(x, (i, sum) => f(sum + expBounded(f(x[i]! - maximum)))));
      return x.map((value) => f(value - maximum) - logSum);
    },
    backward(y, dy) {
      const total = rowSum(dy, (i, sum) => f(sum + dy[i]!), true);
      return y.map((value, i) => nmadd(expBounded(value), total, dy[i]!));
    },
  },
};
