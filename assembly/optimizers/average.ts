/** Exponential moving average of the weights. */
import { madd } from "../simd";
import { sweep2 } from "../lanes";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class Average {
  @inline lanes<W>(average: usize, theta: usize, momentum: v128, rest: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(average, madd(momentum, w.load(average), f32x4.mul(rest, w.load(theta))));
  }
}

/**
 * average = momentum * average + rest * theta, rest = 1 - momentum.
 * average, theta: n floats. Overwrites average.
 */
export function averageStep(n: i32, average: usize, theta: usize, momentum: f32, rest: f32): void {
  sweep2<Average>(n, average, theta, f32x4.splat(momentum), f32x4.splat(rest), ZERO);
}
