import { map1, map2 } from "../lanes";
import { madd, select } from "../simd";
import { ONE, expm1NonPositive, splat } from "../vmath";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class CeluForward {
  @inline of(x: v128, alpha: v128, inverse: v128, c: v128): v128 {
    const negative = f32x4.mul(alpha, expm1NonPositive(f32x4.mul(f32x4.pmin(x, ZERO), inverse)));
    return select(f32x4.lt(x, ZERO), negative, x);
  }
}

/**
 * y = alpha * (e^(x / alpha) - 1) where x < 0, else x, alpha > 0.
 * x, y: n floats; y may be x. Overwrites y.
 * Barron 2017, arXiv:1704.07483. 5 ULP for alpha = 1.
 */
export function celuForward(n: i32, x: usize, y: usize, alpha: f32): void {
  map1<CeluForward>(n, y, x, f32x4.splat(alpha), f32x4.splat(1 / alpha), ZERO);
}

@unmanaged
@final
class CeluBackward {
  @inline of(y: v128, dy: v128, inverse: v128, b: v128, c: v128): v128 {
    return select(f32x4.gt(y, ZERO), dy, f32x4.mul(dy, madd(y, inverse, splat(ONE))));
  }
}

/**
 * dx = dy where y > 0, else dy * (y / alpha + 1): continuous at 0 for every alpha.
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function celuBackward(n: i32, y: usize, dy: usize, dx: usize, alpha: f32): void {
  map2<CeluBackward>(n, dx, y, dy, f32x4.splat(1 / alpha), ZERO, ZERO);
}
