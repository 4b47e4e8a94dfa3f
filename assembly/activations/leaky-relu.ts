import { sweep2, sweep3 } from "../lanes";
import { select } from "../simd";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class LeakyReluForward {
  @inline lanes<W>(y: usize, x: usize, alpha: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = w.load(x);
    w.store(y, select(f32x4.gt(v, ZERO), v, f32x4.mul(alpha, v)));
  }
}

/**
 * y = x where x > 0, else alpha * x, alpha >= 0.
 * x, y: n floats; y may be x. Overwrites y.
 * Maas, Hannun & Ng 2013, section 2. Exact against the scalar formula.
 */
export function leakyReluForward(n: i32, x: usize, y: usize, alpha: f32): void {
  sweep2<LeakyReluForward>(n, y, x, f32x4.splat(alpha), ZERO, ZERO);
}

@unmanaged
@final
class LeakyReluBackward {
  @inline lanes<W>(dx: usize, y: usize, dy: usize, alpha: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const g = w.load(dy);
    w.store(dx, select(f32x4.gt(w.load(y), ZERO), g, f32x4.mul(alpha, g)));
  }
}

/**
 * dx = dy where y > 0, else alpha * dy: the sub-gradient at 0 is alpha.
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function leakyReluBackward(n: i32, y: usize, dy: usize, dx: usize, alpha: f32): void {
  sweep3<LeakyReluBackward>(n, dx, y, dy, f32x4.splat(alpha), ZERO, ZERO);
}
