/**
 * The dropout family. Which elements fall, and by how much they are disturbed, is a function of (key, element) alone, with
 * element = offset + index in the call: no split over batches, threads or builds changes a mask. The key comes from (seed,
 * layer, step). What backward needs is written to mask, which holds the random words in between.
 *
 * Multiply and add are not fused here, so that outputs too have the same bits in every build.
 */
import { bytes, Four, One, sweep3 } from "./lanes";
import { bitsFill, CHUNK, normalOf } from "./random";
import { select } from "./simd";
import { ONE, splat } from "./vmath";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class Multiply {
  @inline lanes<W>(y: usize, x: usize, z: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(y, f32x4.mul(w.load(x), w.load(z)));
  }
}

/**
 * y = x * z. x, z, y: n floats; y may be x or z. Overwrites y. With a saved mask as z this is the backward pass of dropout,
 * alpha dropout and Gaussian dropout. 0 * NaN is NaN: a non-finite value under a zero of the mask stays visible.
 */
export function mulForward(n: i32, x: usize, z: usize, y: usize): void {
  sweep3<Multiply>(n, y, x, z, ZERO, ZERO, ZERO);
}

/** Runs op over x, y and mask, whose words it finds in mask, a chunk that stays in cache at a time. */
@inline
function perturb<Op>(
  n: i32, offset: i32, x: usize, y: usize, mask: usize, key0: i32, key1: i32, a: v128, b: v128, c: v128, d: v128,
): void {
  const op = changetype<Op>(0);
  while (n > 0) {
    const count = min(n, CHUNK);
    bitsFill(count, offset, mask, key0, key1);
    const body = mask + bytes(count & ~3);
    const end = mask + bytes(count);
    for (; mask < body; x += 16, y += 16, mask += 16) op.lanes<Four>(x, y, mask, a, b, c, d);
    for (; mask < end; x += 4, y += 4, mask += 4) op.lanes<One>(x, y, mask, a, b, c, d);
    offset += count;
    n -= count;
  }
}

/** Whether u < p, for u = the upper 24 bits of a word * 2^-24: as integers, below = ceil(p * 2^24). */
@inline
function isBelow(word: v128, below: v128): v128 {
  return i32x4.lt_s(i32x4.shr_u(word, 8), below);
}

/** p as isBelow wants it. */
@inline
function threshold(p: f32): v128 {
  return i32x4.splat(<i32>ceil(p * 16777216));
}

/** 1 / keep, or 0 where nothing is kept. */
@inline
function inverse(keep: f32): f32 {
  return keep > 0 ? 1 / keep : 0;
}

@unmanaged
@final
class Dropout {
  @inline lanes<W>(x: usize, y: usize, mask: usize, keep: v128, scale: v128, c: v128, d: v128): void {
    const w = changetype<W>(0);
    const m = v128.and(isBelow(w.load(mask), keep), scale);
    w.store(mask, m);
    w.store(y, f32x4.mul(w.load(x), m));
  }
}

/**
 * y = x * mask, mask = 1 / (1 - rate) where u < 1 - rate and 0 elsewhere, u uniform in [0, 1): inverted dropout.
 * x, y, mask: n floats; y may be x, mask is neither. Overwrites y and mask, which is saved for backward (mulForward).
 * 0 <= rate <= 1; rate 0 copies, rate 1 gives zeros (NaN where x is not finite, as mulForward). Srivastava et al. 2014.
 */
export function dropoutForward(
  n: i32, offset: i32, x: usize, y: usize, mask: usize, key0: i32, key1: i32, rate: f32,
): void {
  const keep: f32 = <f32>1 - rate;
  const scale = f32x4.splat(inverse(keep));
  perturb<Dropout>(n, offset, x, y, mask, key0, key1, threshold(keep), scale, ZERO, ZERO);
}

@unmanaged
@final
class DropoutMask {
  @inline lanes<W>(x: usize, y: usize, mask: usize, keep: v128, scale: v128, c: v128, d: v128): void {
    const w = changetype<W>(0);
    w.store(mask, v128.and(isBelow(w.load(mask), keep), scale));
  }
}

/** The mask of dropoutForward alone, for masks that are broadcast over x (noiseShape). mask: n floats, overwritten. */
export function dropoutMask(n: i32, offset: i32, mask: usize, key0: i32, key1: i32, rate: f32): void {
  const keep: f32 = <f32>1 - rate;
  const scale = f32x4.splat(inverse(keep));
  perturb<DropoutMask>(n, offset, mask, mask, mask, key0, key1, threshold(keep), scale, ZERO, ZERO);
}

/** -alpha * scale of SELU, to which a dropped unit is set: its value at minus infinity. */
const ALPHA_PRIME: f64 = -1.7580993408473766;

@unmanaged
@final
class AlphaDropout {
  @inline lanes<W>(x: usize, y: usize, mask: usize, rate: v128, a: v128, kept: v128, dropped: v128): void {
    const w = changetype<W>(0);
    const drops = isBelow(w.load(mask), rate);
    const m = v128.andnot(a, drops);
    w.store(mask, m);
    w.store(y, f32x4.add(f32x4.mul(w.load(x), m), select(drops, dropped, kept)));
  }
}

/**
 * y = a * (u >= rate ? x : alpha') + b with a = ((1 - rate) (1 + rate alpha'^2))^-1/2, b = -a alpha' rate, which keep mean 0
 * and variance 1; alpha' = -1.7580993. x, y, mask: n floats; y may be x, mask is neither. Overwrites y and mask = a or 0,
 * which is saved for backward (mulForward). 0 <= rate <= 1, at 1 the limit: all zeros. Klambauer et al. 2017, section 3.
 */
export function alphaDropoutForward(
  n: i32, offset: i32, x: usize, y: usize, mask: usize, key0: i32, key1: i32, rate: f32,
): void {
  const r = <f64>rate;
  const a = r < 1 ? 1 / sqrt((1 - r) * (1 + r * ALPHA_PRIME * ALPHA_PRIME)) : 0;
  const b = -a * ALPHA_PRIME * r;
  perturb<AlphaDropout>(
    n, offset, x, y, mask, key0, key1,
    threshold(rate), f32x4.splat(<f32>a), f32x4.splat(<f32>b), f32x4.splat(<f32>(a * ALPHA_PRIME + b)),
  );
}

@unmanaged
@final
class GaussianDropout {
  @inline lanes<W>(x: usize, y: usize, mask: usize, std: v128, b: v128, c: v128, d: v128): void {
    const w = changetype<W>(0);
    const m = f32x4.add(splat(ONE), f32x4.mul(std, normalOf(w.load(mask))));
    w.store(mask, m);
    w.store(y, f32x4.mul(w.load(x), m));
  }
}

/**
 * y = x * mask, mask normal with mean 1 and the given std (sqrt(rate / (1 - rate)) in Keras's terms).
 * x, y, mask: n floats; y may be x, mask is neither. Overwrites y and mask, which is saved for backward (mulForward).
 */
export function gaussianDropoutForward(
  n: i32, offset: i32, x: usize, y: usize, mask: usize, key0: i32, key1: i32, std: f32,
): void {
  perturb<GaussianDropout>(n, offset, x, y, mask, key0, key1, f32x4.splat(std), ZERO, ZERO, ZERO);
}

@unmanaged
@final
class GaussianNoise {
  @inline lanes<W>(x: usize, y: usize, words: usize, std: v128, b: v128, c: v128, d: v128): void {
    const w = changetype<W>(0);
    w.store(y, f32x4.add(w.load(x), f32x4.mul(std, normalOf(w.load(words)))));
  }
}

/**
 * y = x + std * z, z standard normal. x, y: n floats; y is not x (it holds the random words in between). Overwrites y.
 * Backward is the identity: nothing is saved.
 */
export function gaussianNoiseForward(
  n: i32, offset: i32, x: usize, y: usize, key0: i32, key1: i32, std: f32,
): void {
  perturb<GaussianNoise>(n, offset, x, y, y, key0, key1, f32x4.splat(std), ZERO, ZERO, ZERO);
}
