/**
 * Probabilities as Keras bounds them: clipped to [1e-7, 1 - 1e-7] before a logarithm, so that losses stay below 16.2
 * and gradients below 1e7 per unit of weight. A clipped probability has no slope.
 */
import { select } from "../simd";
import { log } from "../vmath";

export const SMALLEST: f32 = 1e-7;
/** f32 nearest to 1 - 1e-7: 1 - 2^-23. */
export const LARGEST: f32 = 0.9999999;

const LOW = f32x4.splat(1e-7);
const HIGH = f32x4.splat(0.9999999);
const ZERO = f32x4.splat(0);

/** p clipped; a NaN stays. */
@inline
export function clipProbability(p: v128): v128 {
  return f32x4.pmax(f32x4.pmin(p, HIGH), LOW);
}

/** slope where p is inside the bounds (or NaN), 0 where it is clipped. */
@inline
export function slopeInside(p: v128, slope: v128): v128 {
  return select(v128.or(f32x4.lt(p, LOW), f32x4.gt(p, HIGH)), ZERO, slope);
}

/** log of one float, the same bits as in a vector. */
@inline
export function logOf(x: f32): f32 {
  return f32x4.extract_lane(log(f32x4.splat(x)), 0);
}
