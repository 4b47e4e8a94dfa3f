import { sweep2, sweep3 } from "../lanes";
import { select } from "../simd";
import { expm1NonPositive } from "../vmath";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class EluForward {
  @inline lanes<W>(y: usize, x: usize, alpha: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = w.load(x);
    w.store(y, select(f32x4.lt(v, ZERO), f32x4.mul(alpha, expm1NonPositive(f32x4.pmin(v, ZERO))), v));
  }
}

/**
 * y = alpha * (e^x - 1) where x < 0, else x, alpha >= 0.
 * x, y: n floats; y may be x. Overwrites y.
 * Clevert, Unterthiner & Hochreiter 2015, equation 15. 4 ULP.
 */
export function eluForward(n: i32, x: usize, y: usize, alpha: f32): void {
  sweep2<EluForward>(n, y, x, f32x4.splat(alpha), ZERO, ZERO);
}

@unmanaged
@final
class EluBackward {
  @inline lanes<W>(dx: usize, y: usize, dy: usize, alpha: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = w.load(y);
    const g = w.load(dy);
    w.store(dx, select(f32x4.gt(v, ZERO), g, f32x4.mul(g, f32x4.add(v, alpha))));
  }
}

/**
 * dx = dy where y > 0, else dy * (y + alpha): at 0 alpha, the limit from below.
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function eluBackward(n: i32, y: usize, dy: usize, dx: usize, alpha: f32): void {
  sweep3<EluBackward>(n, dx, y, dy, f32x4.splat(alpha), ZERO, ZERO);
}
