import { sweep2, sweep3 } from "../lanes";
import { madd, select } from "../simd";

const ZERO = f32x4.splat(0);
const HALF = f32x4.splat(0.5);
const ONE = f32x4.splat(1);
const THREE = f32x4.splat(3);
const MINUS_THREE = f32x4.splat(-3);
const SIX = f32x4.splat(6);
const SIXTH = f32x4.splat(0.166666672);
const THIRD = f32x4.splat(0.333333343);

@unmanaged
@final
class HardSiluForward {
  @inline lanes<W>(y: usize, x: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = w.load(x);
    const gate = f32x4.mul(f32x4.pmin(f32x4.pmax(f32x4.add(v, THREE), ZERO), SIX), SIXTH);
    // The gate is 0 there: the limit instead of -Infinity * 0.
    w.store(y, f32x4.mul(f32x4.pmax(v, MINUS_THREE), gate));
  }
}

/**
 * y = x * min(max(x + 3, 0), 6) / 6.
 * x, y: n floats; y may be x. Overwrites y.
 * Howard et al. 2019, section 5.2, there h-swish. 3 ULP; -0 at -Infinity.
 */
export function hardSiluForward(n: i32, x: usize, y: usize): void {
  sweep2<HardSiluForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class HardSiluBackward {
  @inline lanes<W>(dx: usize, x: usize, dy: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = w.load(x);
    const slope = v128.and(madd(v, THIRD, HALF), f32x4.gt(v, MINUS_THREE));
    w.store(dx, f32x4.mul(w.load(dy), select(f32x4.lt(v, THREE), slope, ONE)));
  }
}

/**
 * dx = dy * (2 x + 3) / 6 where -3 < x < 3, 0 from -3 down and dy from 3 up.
 * x, dy, dx: n floats; dx may be dy or x. Overwrites dx. Saved by forward: x.
 */
export function hardSiluBackward(n: i32, x: usize, dy: usize, dx: usize): void {
  sweep3<HardSiluBackward>(n, dx, x, dy, ZERO, ZERO, ZERO);
}
