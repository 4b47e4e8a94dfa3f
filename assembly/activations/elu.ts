import { map1, map2 } from "../lanes";
import { select } from "../simd";
import { expm1NonPositive } from "../vmath";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class EluForward {
  @inline of(x: v128, alpha: v128, b: v128, c: v128): v128 {
    return select(f32x4.lt(x, ZERO), f32x4.mul(alpha, expm1NonPositive(f32x4.pmin(x, ZERO))), x);
  }
}

/**
 * y = alpha * (e^x - 1) where x < 0, else x, alpha >= 0.
 * x, y: n floats; y may be x. Overwrites y.
 * Clevert, Unterthiner & Hochreiter 2015, equation 15. 4 ULP.
 */
export function eluForward(n: i32, x: usize, y: usize, alpha: f32): void {
  map1<EluForward>(n, y, x, f32x4.splat(alpha), ZERO, ZERO);
}

@unmanaged
@final
class EluBackward {
  @inline of(y: v128, dy: v128, alpha: v128, b: v128, c: v128): v128 {
    return select(f32x4.gt(y, ZERO), dy, f32x4.mul(dy, f32x4.add(y, alpha)));
  }
}

/**
 * dx = dy where y > 0, else dy * (y + alpha): at 0 alpha, the limit from below.
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function eluBackward(n: i32, y: usize, dy: usize, dx: usize, alpha: f32): void {
  map2<EluBackward>(n, dx, y, dy, f32x4.splat(alpha), ZERO, ZERO);
}
