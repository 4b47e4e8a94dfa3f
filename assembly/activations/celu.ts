import { sweep2, sweep3 } from "../lanes";
import { madd, select } from "../simd";
import { expm1NonPositive } from "../vmath";

const ZERO = f32x4.splat(0);
const ONE = f32x4.splat(1);

@unmanaged
@final
class CeluForward {
  @inline lanes<W>(y: usize, x: usize, alpha: v128, inverse: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = w.load(x);
    const negative = f32x4.mul(alpha, expm1NonPositive(f32x4.mul(f32x4.pmin(v, ZERO), inverse)));
    w.store(y, select(f32x4.lt(v, ZERO), negative, v));
  }
}

/**
 * y = alpha * (e^(x / alpha) - 1) where x < 0, else x, alpha > 0.
 * x, y: n floats; y may be x. Overwrites y.
 * Barron 2017, arXiv:1704.07483. 5 ULP for alpha = 1.
 */
export function celuForward(n: i32, x: usize, y: usize, alpha: f32): void {
  sweep2<CeluForward>(n, y, x, f32x4.splat(alpha), f32x4.splat(1 / alpha), ZERO);
}

@unmanaged
@final
class CeluBackward {
  @inline lanes<W>(dx: usize, y: usize, dy: usize, inverse: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = w.load(y);
    const g = w.load(dy);
    w.store(dx, select(f32x4.gt(v, ZERO), g, f32x4.mul(g, madd(v, inverse, ONE))));
  }
}

/**
 * dx = dy where y > 0, else dy * (y / alpha + 1): continuous at 0 for every alpha.
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function celuBackward(n: i32, y: usize, dy: usize, dx: usize, alpha: f32): void {
  sweep3<CeluBackward>(n, dx, y, dy, f32x4.splat(1 / alpha), ZERO, ZERO);
}
