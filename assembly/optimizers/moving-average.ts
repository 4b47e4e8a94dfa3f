import { madd } from "../simd";
import { bytes, Four, One } from "../lanes";

/*
 * Averages and subnormal numbers. Left alone, the average of a gradient that has become 0 decays to the smallest number
 * that there is and stays there (0.9 of it rounds to it), and a step over subnormal numbers takes several times as long:
 * after 1,000 steps of MNIST, whose border pixels are mostly 0, a whole training step took three times as long as at
 * first. Averages of squares and of sizes therefore have a floor, which costs no instruction where multiply and add are
 * one. Averages with a sign cannot have one; what is too small of them becomes 0 once in so many steps (flushTiny).
 */

/** 2^-120: what averages that are never negative gain in each step. */
export const FLOOR = memory.data<f32>([7.52316384526264e-37]);
/** 2^-110: averages with a sign that are smaller become 0. */
const TINY = memory.data<f32>([7.703719777548943e-34]);

/** keep * average + take * x */
@inline
export function movingAverage(keep: v128, average: v128, take: v128, x: v128): v128 {
  return madd(keep, average, f32x4.mul(take, x));
}

/** keep * average + take * x² + floor: never subnormal, however small x is, and never 0. */
@inline
export function meanSquare(keep: v128, average: v128, take: v128, x: v128, floor: v128): v128 {
  return madd(keep, average, madd(f32x4.mul(take, x), x, floor));
}

@inline
function flush<W>(x: usize, tiny: v128): void {
  const w = changetype<W>(0);
  const value = w.load(x);
  const drop = f32x4.lt(f32x4.abs(value), tiny);
  if (v128.any_true(drop)) w.store(x, v128.andnot(value, drop)); // seldom: most passes only read
}

/**
 * x = 0 where |x| < 2^-110. NaN stays.
 * x: n floats, overwritten.
 */
export function flushTiny(n: i32, x: usize): void {
  const tiny = v128.load32_splat(TINY);
  const body = x + bytes(n & ~3);
  const end = x + bytes(n);
  for (; x < body; x += 16) flush<Four>(x, tiny);
  for (; x < end; x += 4) flush<One>(x, tiny);
}
