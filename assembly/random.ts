/**
 * Random numbers from a counter: Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as
 * 1, 2, 3", section 3.3; Random123). There is no state: element e of a fill is a function of (key, e) alone, word e & 1 of
 * threefry(key, counter = (e >> 1, 0)). Any split of an array over calls, batches or threads gives the same bits, and so
 * does every build: nothing here uses the fused multiply-add of simd.ts. Elements are numbered up to 2^32.
 *
 * Words are written into the output array and turned into numbers there, a chunk that stays in cache at a time, so that
 * the cipher exists once.
 */
import { bytes, Four, One } from "./lanes";
import { select } from "./simd";
import { EXPONENT, HALF, LN2, ONE, SIGN, SQRT_HALF, TWO, splat } from "./vmath";

const ONES = i32x4.splat(1);

/** Floats that are turned from words into numbers at a time. */
export const CHUNK = 1024;

@inline
function rotateLeft(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(x, bits), i32x4.shr_u(x, 32 - bits));
}

/** Swaps the halves of each word, which shuffles do in fewer instructions. */
@inline
function rotateLeft16(x: v128): v128 {
  return i8x16.shuffle(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
}

/**
 * n words into y: those of counters (counter, counterHigh), (counter + 1, counterHigh), ... two words each; the first
 * is left out if odd = 1. One pass ciphers 16 counters in 4 chains, since each round waits for the last; the branch keeps
 * the chains together, because V8 emits all of one chain before the next in straight-line code. 2.0 ns a word, where two
 * chains need 2.5 (Node 20, Xeon at 2.9 GHz; the same chains in C 1.7).
 */
function words(n: i32, counter: u32, odd: i32, counterHigh: i32, y: usize, key0: i32, key1: i32): void {
  const k0 = i32x4.splat(key0);
  const k1 = i32x4.splat(key1);
  const k2 = i32x4.splat(0x1bd11bda ^ key0 ^ key1);
  const high = i32x4.splat(counterHigh + key1);
  let low = i32x4.add(i32x4.splat(counter + key0), i32x4(0, 1, 2, 3));

  while (n > 0) {
    let a0 = low, a1 = high;
    let b0 = i32x4.add(low, i32x4.splat(4)), b1 = high;
    let c0 = i32x4.add(low, i32x4.splat(8)), c1 = high;
    let d0 = i32x4.add(low, i32x4.splat(12)), d1 = high;
    // Group i adds key words i + 1 and i + 2 (modulo 3), and i + 1 to the latter.
    let p = k1, q = k2, r = k0;
    let count = ONES;
    for (let group = 0; group < 5; group++) {
      if (group & 1) {
        a0 = i32x4.add(a0, a1); a1 = v128.xor(rotateLeft(a1, 17), a0);
        a0 = i32x4.add(a0, a1); a1 = v128.xor(rotateLeft(a1, 29), a0);
        a0 = i32x4.add(a0, a1); a1 = v128.xor(rotateLeft16(a1), a0);
        a0 = i32x4.add(a0, a1); a1 = v128.xor(rotateLeft(a1, 24), a0);
        b0 = i32x4.add(b0, b1); b1 = v128.xor(rotateLeft(b1, 17), b0);
        b0 = i32x4.add(b0, b1); b1 = v128.xor(rotateLeft(b1, 29), b0);
        b0 = i32x4.add(b0, b1); b1 = v128.xor(rotateLeft16(b1), b0);
        b0 = i32x4.add(b0, b1); b1 = v128.xor(rotateLeft(b1, 24), b0);
        c0 = i32x4.add(c0, c1); c1 = v128.xor(rotateLeft(c1, 17), c0);
        c0 = i32x4.add(c0, c1); c1 = v128.xor(rotateLeft(c1, 29), c0);
        c0 = i32x4.add(c0, c1); c1 = v128.xor(rotateLeft16(c1), c0);
        c0 = i32x4.add(c0, c1); c1 = v128.xor(rotateLeft(c1, 24), c0);
        d0 = i32x4.add(d0, d1); d1 = v128.xor(rotateLeft(d1, 17), d0);
        d0 = i32x4.add(d0, d1); d1 = v128.xor(rotateLeft(d1, 29), d0);
        d0 = i32x4.add(d0, d1); d1 = v128.xor(rotateLeft16(d1), d0);
        d0 = i32x4.add(d0, d1); d1 = v128.xor(rotateLeft(d1, 24), d0);
      } else {
        a0 = i32x4.add(a0, a1); a1 = v128.xor(rotateLeft(a1, 13), a0);
        a0 = i32x4.add(a0, a1); a1 = v128.xor(rotateLeft(a1, 15), a0);
        a0 = i32x4.add(a0, a1); a1 = v128.xor(rotateLeft(a1, 26), a0);
        a0 = i32x4.add(a0, a1); a1 = v128.xor(rotateLeft(a1, 6), a0);
        b0 = i32x4.add(b0, b1); b1 = v128.xor(rotateLeft(b1, 13), b0);
        b0 = i32x4.add(b0, b1); b1 = v128.xor(rotateLeft(b1, 15), b0);
        b0 = i32x4.add(b0, b1); b1 = v128.xor(rotateLeft(b1, 26), b0);
        b0 = i32x4.add(b0, b1); b1 = v128.xor(rotateLeft(b1, 6), b0);
        c0 = i32x4.add(c0, c1); c1 = v128.xor(rotateLeft(c1, 13), c0);
        c0 = i32x4.add(c0, c1); c1 = v128.xor(rotateLeft(c1, 15), c0);
        c0 = i32x4.add(c0, c1); c1 = v128.xor(rotateLeft(c1, 26), c0);
        c0 = i32x4.add(c0, c1); c1 = v128.xor(rotateLeft(c1, 6), c0);
        d0 = i32x4.add(d0, d1); d1 = v128.xor(rotateLeft(d1, 13), d0);
        d0 = i32x4.add(d0, d1); d1 = v128.xor(rotateLeft(d1, 15), d0);
        d0 = i32x4.add(d0, d1); d1 = v128.xor(rotateLeft(d1, 26), d0);
        d0 = i32x4.add(d0, d1); d1 = v128.xor(rotateLeft(d1, 6), d0);
      }
      const counted = i32x4.add(q, count);
      a0 = i32x4.add(a0, p); a1 = i32x4.add(a1, counted);
      b0 = i32x4.add(b0, p); b1 = i32x4.add(b1, counted);
      c0 = i32x4.add(c0, p); c1 = i32x4.add(c1, counted);
      d0 = i32x4.add(d0, p); d1 = i32x4.add(d1, counted);
      const used = p;
      p = q;
      q = r;
      r = used;
      count = i32x4.add(count, ONES);
    }
    let y0 = interleaveLow(a0, a1), y1 = interleaveHigh(a0, a1);
    let y2 = interleaveLow(b0, b1), y3 = interleaveHigh(b0, b1);
    let y4 = interleaveLow(c0, c1), y5 = interleaveHigh(c0, c1);
    let y6 = interleaveLow(d0, d1), y7 = interleaveHigh(d0, d1);
    low = i32x4.add(low, i32x4.splat(16));

    if (odd) {
      y0 = shiftLane(y0, y1);
      y1 = shiftLane(y1, y2);
      y2 = shiftLane(y2, y3);
      y3 = shiftLane(y3, y4);
      y4 = shiftLane(y4, y5);
      y5 = shiftLane(y5, y6);
      y6 = shiftLane(y6, y7);
      y7 = shiftLane(y7, y7);
    }
    const stored = min(n, 32 - odd);
    odd = 0;
    if (stored == 32) {
      v128.store(y, y0);
      v128.store(y, y1, 16);
      v128.store(y, y2, 32);
      v128.store(y, y3, 48);
      v128.store(y, y4, 64);
      v128.store(y, y5, 80);
      v128.store(y, y6, 96);
      v128.store(y, y7, 112);
    } else {
      storeSome(stored, y, y0, y1, y2, y3, y4, y5, y6, y7);
    }
    y += bytes(stored);
    n -= stored;
  }
}

/** x0 y0 x1 y1 */
@inline
function interleaveLow(x: v128, y: v128): v128 {
  return i8x16.shuffle(x, y, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
}

/** x2 y2 x3 y3 */
@inline
function interleaveHigh(x: v128, y: v128): v128 {
  return i8x16.shuffle(x, y, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
}

/** x1 x2 x3 y0 */
@inline
function shiftLane(x: v128, y: v128): v128 {
  return i8x16.shuffle(x, y, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
}

/** Stores the first count lanes, 1 to 31, of y0 to y7. */
@inline
function storeSome(
  count: i32, y: usize, y0: v128, y1: v128, y2: v128, y3: v128, y4: v128, y5: v128, y6: v128, y7: v128,
): void {
  if (count & 16) {
    v128.store(y, y0);
    v128.store(y, y1, 16);
    v128.store(y, y2, 32);
    v128.store(y, y3, 48);
    y += 64;
    y0 = y4;
    y1 = y5;
    y2 = y6;
    y3 = y7;
  }
  if (count & 8) {
    v128.store(y, y0);
    v128.store(y, y1, 16);
    y += 32;
    y0 = y2;
    y1 = y3;
  }
  if (count & 4) {
    v128.store(y, y0);
    y += 16;
    y0 = y1;
  }
  if (count & 2) {
    v128.store64_lane(y, y0, 0);
    y += 8;
    y0 = interleaveHigh(y0, y0);
  }
  if (count & 1) v128.store32_lane(y, y0, 0);
}

/** out[0], out[1] = threefry2x32(key, counter): two words, as in Random123. */
export function threefry2x32(key0: i32, key1: i32, counter0: i32, counter1: i32, out: usize): void {
  words(2, counter0, 0, counter1, out, key0, key1);
}

/** y[i] = word offset + i of the key's stream, as 32 bits. y: n words, overwritten. */
export function bitsFill(n: i32, offset: i32, y: usize, key0: i32, key1: i32): void {
  words(n, <u32>offset >>> 1, offset & 1, 0, y, key0, key1);
}

/**
 * y[i] = op of word offset + i, with scalars a and b. Not unrolled, unlike the sweeps of lanes.ts: the formulas are long,
 * and consecutive vectors are independent.
 */
@inline
function fill<Op>(n: i32, offset: i32, y: usize, key0: i32, key1: i32, a: v128, b: v128): void {
  const op = changetype<Op>(0);
  while (n > 0) {
    const count = min(n, CHUNK);
    bitsFill(count, offset, y, key0, key1);
    const body = y + bytes(count & ~3);
    const end = y + bytes(count);
    for (; y < body; y += 16) op.lanes<Four>(y, a, b);
    for (; y < end; y += 4) op.lanes<One>(y, a, b);
    offset += count;
    n -= count;
  }
}

const TWO_TO_MINUS_24 = memory.data<f32>([5.9604644775390625e-8]);

/** The upper 24 bits of a word, as a multiple of 2^-24 in [0, 1): what f32 can hold without rounding. */
@inline
export function unitOf(word: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(word, 8)), splat(TWO_TO_MINUS_24));
}

@unmanaged
@final
class Uniform {
  @inline lanes<W>(y: usize, low: v128, range: v128): void {
    const w = changetype<W>(0);
    w.store(y, f32x4.add(low, f32x4.mul(range, unitOf(w.load(y)))));
  }
}

/**
 * y[i] uniform in [low, high), in 2^24 steps: low + (high - low) * u, u in [0, 1). (Rounding may give high itself where
 * high - low is small against low.) y: n floats, overwritten.
 */
export function uniformFill(n: i32, offset: i32, y: usize, key0: i32, key1: i32, low: f32, high: f32): void {
  fill<Uniform>(n, offset, y, key0, key1, f32x4.splat(low), f32x4.splat(high - low));
}

/** a * b + c in two roundings, in every build. */
@inline
function step(a: v128, b: v128, c: usize): v128 {
  return f32x4.add(f32x4.mul(a, b), splat(c));
}

/** 1 / 3, 1 / 5 and 1 / 7. */
const THIRD = memory.data<f32>([0.33333334]);
const FIFTH = memory.data<f32>([0.2]);
const SEVENTH = memory.data<f32>([0.14285714]);

/** -log(v) for normal v in (0, 1]: v = 2^e m, m in [sqrt 1/2, sqrt 2), log m = 2 atanh((m - 1) / (m + 1)) by its series. */
@inline
function minusLog(v: v128): v128 {
  const exponent = v128.and(i32x4.sub(v, splat(SQRT_HALF)), splat(EXPONENT));
  const m = i32x4.sub(v, exponent);
  const e = f32x4.convert_i32x4_s(i32x4.shr_s(exponent, 23));
  const s = f32x4.div(f32x4.sub(m, splat(ONE)), f32x4.add(m, splat(ONE)));
  const square = f32x4.mul(s, s);
  let series = step(square, splat(SEVENTH), FIFTH);
  series = step(series, square, THIRD);
  series = step(series, square, ONE);
  const log = f32x4.add(f32x4.mul(e, splat(LN2)), f32x4.mul(f32x4.add(s, s), series));
  return f32x4.neg(log);
}

/** From the highest power of w - CENTRE_MIDDLE to the lowest, and of sqrt(w) - TAIL_MIDDLE. */
const CENTRE = memory.data<f32>([
  1.8439243e-8, 4.99900978e-7, -3.88303988e-6, -1.24245134e-5, 2.96559359e-4, -1.4707722e-3, -7.12309452e-3, 0.345536232,
  2.21011853,
]);
const TAIL = memory.data<f32>([
  1.17342615e-5, -2.72477075e-4, 7.55642192e-4, -1.02450256e-3, 1.46000867e-3, -2.89314147e-3, 4.65215696e-3, 1.42463231,
  4.7170887,
]);
const CENTRE_MIDDLE = memory.data<f32>([2.75]);
const TAIL_MIDDLE = memory.data<f32>([3.5]);
const TAIL_BEGINS = memory.data<f32>([5.5]);

/** Of degree 8, the nine coefficients from the highest power to the lowest. */
@inline
function polynomial(t: v128, coefficients: usize): v128 {
  let sum = step(t, splat(coefficients), coefficients + 4);
  sum = step(sum, t, coefficients + 8);
  sum = step(sum, t, coefficients + 12);
  sum = step(sum, t, coefficients + 16);
  sum = step(sum, t, coefficients + 20);
  sum = step(sum, t, coefficients + 24);
  sum = step(sum, t, coefficients + 28);
  return step(sum, t, coefficients + 32);
}

/**
 * |z| of the standard normal variable that is exceeded in size with probability q: sqrt 2 * inverse erfc(q), q in
 * [2^-32, 1]. (1 - q) times a polynomial in w = -log(q (2 - q)), or in sqrt(w) from w = 5.5 on: the form of Giles 2010,
 * "Approximating the erfinv function", with coefficients of our own (Chebyshev fits of relative error 1.8e-7, reweighted
 * towards equal ripple) because his f32 range ends at w = 16. Relative error below 6e-7.
 */
@inline
function normalQuantile(q: v128): v128 {
  const w = minusLog(f32x4.mul(q, f32x4.sub(splat(TWO), q)));

  let size = polynomial(f32x4.sub(w, splat(CENTRE_MIDDLE)), CENTRE);
  // One vector in a hundred and twenty reaches the tail.
  const inTail = f32x4.ge(w, splat(TAIL_BEGINS));
  if (v128.any_true(inTail)) {
    size = select(inTail, polynomial(f32x4.sub(f32x4.sqrt(w), splat(TAIL_MIDDLE)), TAIL), size);
  }
  return f32x4.mul(f32x4.sub(splat(ONE), q), size);
}

const TWO_TO_MINUS_31 = memory.data<f32>([4.656612873077393e-10]);
const MAGNITUDE = memory.data<u32>([0x7fffffff]);

/** Bits 0 to 30 of a word, as a probability in [2^-32, 1]: (k + 1/2) / 2^31. */
@inline
function probabilityOf(word: v128): v128 {
  const k = f32x4.convert_i32x4_s(v128.and(word, splat(MAGNITUDE)));
  return f32x4.mul(f32x4.add(k, splat(HALF)), splat(TWO_TO_MINUS_31));
}

/** size with the top bit of a word as its sign. */
@inline
function signed(size: v128, word: v128): v128 {
  return v128.or(size, v128.and(word, splat(SIGN)));
}

/** A standard normal number from one word: its top bit is the sign, the other 31 the probability of a larger size. */
@inline
export function normalOf(word: v128): v128 {
  return signed(normalQuantile(probabilityOf(word)), word);
}

@unmanaged
@final
class Normal {
  @inline lanes<W>(y: usize, mean: v128, std: v128): void {
    const w = changetype<W>(0);
    w.store(y, f32x4.add(mean, f32x4.mul(std, normalOf(w.load(y)))));
  }
}

/**
 * y[i] = mean + std * z, z standard normal by inversion. The tails end at |z| = 6.34, beyond which a word of 32 bits has no
 * value left (true probability 2.3e-10). y: n floats, overwritten.
 */
export function normalFill(n: i32, offset: i32, y: usize, key0: i32, key1: i32, mean: f32, std: f32): void {
  fill<Normal>(n, offset, y, key0, key1, f32x4.splat(mean), f32x4.splat(std));
}

/** erfc(sqrt 2), the probability beyond 2 sigma, and 1 minus it. */
const BEYOND_TWO = memory.data<f32>([0.045500264]);
const WITHIN_TWO = memory.data<f32>([0.95449974]);

@unmanaged
@final
class TruncatedNormal {
  @inline lanes<W>(y: usize, mean: v128, std: v128): void {
    const w = changetype<W>(0);
    const word = w.load(y);
    // The probability beyond 2 sigma is the least that q may be: z ends at 2 - 2^-23.
    const q = f32x4.add(splat(BEYOND_TWO), f32x4.mul(splat(WITHIN_TWO), probabilityOf(word)));
    const z = signed(normalQuantile(q), word);
    w.store(y, f32x4.add(mean, f32x4.mul(std, z)));
  }
}

/**
 * y[i] = mean + std * z, z normal within [-2, 2] by inversion: no number is drawn twice. The std of the result is
 * 0.87962566 * std; initializers divide by that. y: n floats, overwritten.
 */
export function truncatedNormalFill(n: i32, offset: i32, y: usize, key0: i32, key1: i32, mean: f32, std: f32): void {
  fill<TruncatedNormal>(n, offset, y, key0, key1, f32x4.splat(mean), f32x4.splat(std));
}
