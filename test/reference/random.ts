/**
 * The scalar twin of the random fills: the same operations in the same order, each rounded to f32, so that it equals the
 * kernels of every build bit for bit. Words come from the generator of src/random.ts, which has its own known answers.
 */
import { threefry2x32 } from "../../src/random.js";

const f = Math.fround;
const bits = new DataView(new ArrayBuffer(4));
const toBits = (x: number): number => (bits.setFloat32(0, x), bits.getInt32(0));
const fromBits = (word: number): number => (bits.setInt32(0, word), bits.getFloat32(0));

/** Word `element` of the stream of a key. */
export function wordOf(key0: number, key1: number, element: number): number {
  const out = new Uint32Array(2);
  threefry2x32(key0, key1, element >>> 1, 0, out);
  return out[element & 1]!;
}

export const unitOf = (word: number): number => (word >>> 8) * 2 ** -24;

export function uniform(word: number, low: number, high: number): number {
  return f(f(low) + f(f(f(high) - f(low)) * unitOf(word)));
}

function horner(x: number, coefficients: readonly number[]): number {
  let sum = f(coefficients[0]!);
  for (const coefficient of coefficients.slice(1)) sum = f(f(sum * x) + f(coefficient));
  return sum;
}

function minusLog(v: number): number {
  const exponent = (toBits(v) - 0x3f3504f3) & 0xff800000;
  const m = fromBits(toBits(v) - exponent);
  const s = f(f(m - 1) / f(m + 1));
  const square = f(s * s);
  const series = horner(square, [0.14285714, 0.2, 0.33333334, 1]);
  return f(-f(f((exponent >> 23) * f(0.6931472)) + f(f(s + s) * series)));
}

const CENTRE = [
  1.8439243e-8, 4.99900978e-7, -3.88303988e-6, -1.24245134e-5, 2.96559359e-4, -1.4707722e-3, -7.12309452e-3,
  0.345536232, 2.21011853,
];
const TAIL = [
  1.17342615e-5, -2.72477075e-4, 7.55642192e-4, -1.02450256e-3, 1.46000867e-3, -2.89314147e-3, 4.65215696e-3,
  1.42463231, 4.7170887,
];

/** |z| that a standard normal variable exceeds in size with probability q. */
export function normalQuantile(q: number): number {
  const w = minusLog(f(q * f(2 - q)));
  const polynomial = w < 5.5 ? horner(f(w - 2.75), CENTRE) : horner(f(f(Math.sqrt(w)) - 3.5), TAIL);
  return f(f(1 - q) * polynomial);
}

/** Probability of a larger size, from the lower 31 bits. */
export const probabilityOf = (word: number): number => f(f(f(word & 0x7fffffff) + 0.5) * 2 ** -31);

const signed = (size: number, word: number): number => (word >>> 31 ? -size : size);

export const standardNormal = (word: number): number => signed(normalQuantile(probabilityOf(word)), word);

export function normal(word: number, mean: number, std: number): number {
  return f(f(mean) + f(f(std) * standardNormal(word)));
}

export function truncatedNormal(word: number, mean: number, std: number): number {
  const q = f(f(0.045500264) + f(f(0.95449974) * probabilityOf(word)));
  return f(f(mean) + f(f(std) * signed(normalQuantile(q), word)));
}
