import { map1, map2 } from "../lanes";
import { select } from "../simd";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class LeakyReluForward {
  @inline of(x: v128, alpha: v128, b: v128, c: v128): v128 {
    return select(f32x4.gt(x, ZERO), x, f32x4.mul(alpha, x));
  }
}

/**
 * y = x where x > 0, else alpha * x, alpha >= 0.
 * x, y: n floats; y may be x. Overwrites y.
 * Maas, Hannun & Ng 2013, section 2. Exact against the scalar formula.
 */
export function leakyReluForward(n: i32, x: usize, y: usize, alpha: f32): void {
  map1<LeakyReluForward>(n, y, x, f32x4.splat(alpha), ZERO, ZERO);
}

@unmanaged
@final
class LeakyReluBackward {
  @inline of(y: v128, dy: v128, alpha: v128, b: v128, c: v128): v128 {
    return select(f32x4.gt(y, ZERO), dy, f32x4.mul(alpha, dy));
  }
}

/**
 * dx = dy where y > 0, else alpha * dy: the sub-gradient at 0 is alpha.
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function leakyReluBackward(n: i32, y: usize, dy: usize, dx: usize, alpha: f32): void {
  map2<LeakyReluBackward>(n, dx, y, dy, f32x4.splat(alpha), ZERO, ZERO);
}
