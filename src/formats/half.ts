/**
 * The two 16-bit float formats as bits. F16 is IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. BF16 is the
 * upper half of an f32.
 */

/** The floats that 16-bit patterns stand for. Exact. */
export function decodeHalf(dtype: "F16" | "BF16", bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  const widen = dtype === "F16" ? widenF16 : (half: number) => half << 16;
  for (let i = 0; i < bits.length; i++) words[i] = widen(bits[i]!);
  return new Float32Array(words.buffer);
}

/** The nearest 16-bit patterns, ties to even; too large becomes infinity, NaN the quiet NaN of its sign. */
export function encodeHalf(dtype: "F16" | "BF16", values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const narrow = dtype === "F16" ? narrowF16 : narrowBF16;
  return Uint16Array.from(words, narrow);
}

const INFINITY_F32 = 0x7f800000;

function widenF16(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return sign | INFINITY_F32 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  const shift = Math.clz32(fraction) - 21; // moves the leading one of a subnormal to bit 10, the hidden one
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 1023) << 13);
}

function narrowF16(word: number): number {
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > INFINITY_F32) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65520, halfway beyond the largest
  if (magnitude >= 0x38800000) return sign | (roundShift(magnitude, 13) - (112 << 10)); // normal from 2^-14
  const exponent = magnitude >>> 23;
  if (exponent < 102) return sign; // below 2^-25: half the smallest subnormal
  return sign | roundShift((magnitude & 0x7fffff) | 0x800000, 126 - exponent);
}

function narrowBF16(word: number): number {
  if ((word & 0x7fffffff) > INFINITY_F32) return ((word >>> 16) & 0x8000) | 0x7fc0;
  return roundShift(word >>> 0, 16);
}

/** value / 2^bits to the nearest integer, ties to even. A carry into the exponent is what the formats want. */
function roundShift(value: number, bits: number): number {
  const whole = value >>> bits;
  const rest = value - whole * (1 << bits);
  const tie = 1 << (bits - 1);
  return whole + (rest > tie || (rest === tie && (whole & 1) === 1) ? 1 : 0);
}
