/**
 * assembly/vmath.ts once more as plain scalar TypeScript, in the order of operations of the baseline build: every
 * result has the same bits. Math.fround(a op b) is the f32 operation for + - * / of two f32 numbers.
 */
import { constantsOf } from "./constants.js";

export const f = Math.fround;
const C = constantsOf("vmath.ts");

const view = new DataView(new ArrayBuffer(4));

function bits(x: number): number {
  view.setFloat32(0, x);
  return view.getInt32(0);
}

function fromBits(i: number): number {
  view.setInt32(0, i);
  return view.getFloat32(0);
}

/** a * b + c with two roundings */
export const madd = (a: number, b: number, c: number): number => f(f(a * b) + c);
/** c - a * b with two roundings */
export const nmadd = (a: number, b: number, c: number): number => f(c - f(a * b));
export const pmin = (a: number, b: number): number => (b < a ? b : a);
export const pmax = (a: number, b: number): number => (a < b ? b : a);
const isNegative = (x: number): boolean => bits(x) < 0;
const copySign = (magnitude: number, sign: number): number => (isNegative(sign) ? -1 : 1) * Math.abs(magnitude);

function expm1Reduced(r: number): number {
  const square = f(r * r);
  const high = madd(square, C["E4"]!, madd(C["E3"]!, r, C["E2"]!));
  return madd(square, madd(square, high, madd(C["E1"]!, r, C["E0"]!)), r);
}

function expReduced(r: number, c: string, e: string): number {
  return [`${e}3`, `${e}2`, `${e}1`, `${e}0`, c, c].reduce((sum, name) => madd(sum, r, C[name]!), C[`${e}4`]!);
}

function reduced(x: number, n: number): number {
  return nmadd(n, C["LN2_LOW"]!, nmadd(n, C["LN2_HIGH"]!, x));
}

export function exp(x: number): number {
  x = pmin(pmax(x, C["EXP_LOWEST"]!), C["EXP_HIGHEST"]!);
  const rounded = madd(x, C["LOG2E"]!, C["ROUND_254"]!);
  const p = expReduced(reduced(x, f(rounded - C["ROUND_254"]!)), "ONE", "E");
  const half = bits(rounded) >>> 1;
  return f(f(p * fromBits(half << 23)) * fromBits((bits(rounded) - half) << 23));
}

export function expBounded(x: number): number {
  x = pmax(x, C["EXP_LOWEST"]!);
  const rounded = madd(x, C["LOG2E"]!, C["ROUND_191"]!);
  const p = expReduced(reduced(x, f(rounded - C["ROUND_191"]!)), "TWO_TO_MINUS_64", "F");
  return f(p * fromBits(bits(rounded) << 23));
}

export function exp2(x: number): number {
  const rounded = f(x + C["ROUND_127"]!);
  const fraction = f(x - f(rounded - C["ROUND_127"]!));
  const p = ["P3", "P2", "P1", "P0", "ONE"].reduce((sum, name) => madd(sum, fraction, C[name]!), C["P4"]!);
  return f(p * fromBits(bits(rounded) << 23));
}

export function expm1(x: number): number {
  const inside = pmin(pmax(x, C["EXPM1_LOWEST"]!), C["EXP_HIGHEST"]!);
  const rounded = madd(inside, C["LOG2E"]!, C["ROUND_126"]!);
  const r = reduced(inside, f(rounded - C["ROUND_126"]!));
  const p = expm1Reduced(r);
  const scale = fromBits(bits(rounded) << 23);
  const half = madd(p, scale, f(scale - 0.5));
  return Math.abs(x) < C["TINY"]! ? x : f(half + half);
}

export function expm1NonPositive(x: number): number {
  x = pmax(x, C["EXPM1_LOWEST"]!);
  const rounded = madd(x, C["LOG2E"]!, C["ROUND_127"]!);
  const r = nmadd(f(rounded - C["ROUND_127"]!), C["LN2"]!, x);
  const p = expm1Reduced(r);
  const scale = fromBits(bits(rounded) << 23);
  return madd(p, scale, f(scale - 1));
}

function logReduced(k: number, x: number): number {
  const square = f(x * x);
  const high = madd(square, C["L6"]!, madd(C["L5"]!, x, C["L4"]!));
  const low = madd(square, madd(C["L3"]!, x, C["L2"]!), madd(C["L1"]!, x, C["L0"]!));
  const q = madd(f(square * square), high, low);
  const rest = madd(k, C["LN2_LOW"]!, f(square * madd(q, x, -0.5)));
  return madd(k, C["LN2_HIGH"]!, f(x + rest));
}

const EXPONENT = 0xff800000 | 0;

export function log(x: number): number {
  if (!(x < Infinity)) return x;
  if (x === 0) return -Infinity;
  if (x < 0) return NaN;
  const subnormal = x < C["SMALLEST_NORMAL"]!;
  const normal = subnormal ? f(x * C["TWO_TO_23"]!) : x;
  const exponent = (bits(normal) - bits(C["SQRT_HALF"]!)) & EXPONENT;
  const k = madd(exponent, C["TWO_TO_MINUS_23"]!, subnormal ? -23 : 0);
  return logReduced(k, f(fromBits(bits(normal) - exponent) - 1));
}

function log1pReduced(x: number): number {
  const exponent = (bits(f(x + 1)) - bits(C["SQRT_HALF"]!)) & EXPONENT;
  const scaled = fromBits(bits(x) - exponent);
  const part = f(scaled + madd(fromBits(bits(4) - exponent), 0.25, -1));
  return logReduced(f(exponent * C["TWO_TO_MINUS_23"]!), part);
}

export function log1p(x: number): number {
  if (!(x < Infinity)) return x;
  if (x === -1) return -Infinity;
  if (x < -1) return NaN;
  const y = log1pReduced(x);
  return isNegative(x) ? -Math.abs(y) : y;
}

export function softplus(x: number): number {
  return f(pmax(x, 0) + log1pReduced(expBounded(-Math.abs(x))));
}

/** 2^-32 e^-x */
function sigmoidExponential(x: number): number {
  x = pmin(pmax(x, C["EXP_LOWEST"]!), C["SIGMOID_HIGHEST"]!);
  const rounded = madd(x, C["MINUS_LOG2E"]!, C["ROUND_90"]!);
  const n = f(rounded - C["ROUND_90"]!);
  const t = madd(n, C["LN2_LOW"]!, madd(n, C["LN2_HIGH"]!, x));
  const coefficients = ["S3", "S2", "S1", "S0", "SIGMOID_HIGHEST", "SIGMOID_HIGHEST"];
  const p = coefficients.reduce((sum, name) => nmadd(sum, t, C[name]!), C["S4"]!);
  return f(p * fromBits(bits(rounded) << 23));
}

export function sigmoid(x: number): number {
  return f(C["TWO_TO_MINUS_32"]! / f(sigmoidExponential(x) + C["TWO_TO_MINUS_32"]!));
}

export function gateDerivative(x: number, w: number): number {
  const z = sigmoidExponential(x);
  const inverse = f(1 / f(z + C["TWO_TO_MINUS_32"]!));
  return f(f(C["TWO_TO_MINUS_32"]! * inverse) * madd(w, f(z * inverse), 1));
}

export function tanh(x: number): number {
  const t = expm1NonPositive(-Math.abs(f(x + x)));
  return copySign(f(t / f(t + 2)), x);
}

function logErfc(x: number): number {
  const a = pmin(Math.abs(x), C["ERF_HIGHEST"]!);
  const square = f(a * a);
  const high = madd(square, madd(C["G7"]!, a, C["G6"]!), madd(C["G5"]!, a, C["G4"]!));
  const low = madd(square, madd(C["G3"]!, a, C["G2"]!), madd(C["G1"]!, a, C["G0"]!));
  const g = madd(f(square * square), high, low);
  return nmadd(a, g, -a);
}

export const erf = (x: number): number => copySign(expm1NonPositive(logErfc(x)), x);
