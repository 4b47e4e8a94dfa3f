import { madd } from "../simd";

/** 2^-80, added and taken away again: an average smaller than 2^-104 becomes 0. */
const GUARD = f32x4.splat(8.271806125530277e-25);

/**
 * keep * average + take * x, to within 2^-104, and never subnormal, nor when multiplied by a learning rate. Left alone,
 * the average of a gradient that has become 0 decays to the smallest number that there is and stays there (0.9 of it
 * rounds to it), and a step over subnormal numbers takes several times as long: after 1,000 steps of MNIST, whose
 * border pixels are mostly 0, a whole training step took three times as long as at first.
 */
@inline
export function movingAverage(keep: v128, average: v128, take: v128, x: v128): v128 {
  return f32x4.sub(madd(keep, average, madd(take, x, GUARD)), GUARD);
}
