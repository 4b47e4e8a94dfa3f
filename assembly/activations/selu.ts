import { sweep2, sweep3 } from "../lanes";
import { select } from "../simd";
import { expm1NonPositive } from "../vmath";

const ZERO = f32x4.splat(0);
const SCALE = f32x4.splat(1.05070099);
const SCALE_ALPHA = f32x4.splat(1.75809934);

@unmanaged
@final
class SeluForward {
  @inline lanes<W>(y: usize, x: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = w.load(x);
    const negative = f32x4.mul(SCALE_ALPHA, expm1NonPositive(f32x4.pmin(v, ZERO)));
    w.store(y, select(f32x4.lt(v, ZERO), negative, f32x4.mul(SCALE, v)));
  }
}

/**
 * y = scale * alpha * (e^x - 1) where x < 0, else scale * x, with the alpha and scale whose fixed point is mean 0,
 * variance 1.
 * x, y: n floats; y may be x. Overwrites y.
 * Klambauer et al. 2017, equation 2. 5 ULP.
 */
export function seluForward(n: i32, x: usize, y: usize): void {
  sweep2<SeluForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class SeluBackward {
  @inline lanes<W>(dx: usize, y: usize, dy: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = w.load(y);
    w.store(dx, f32x4.mul(w.load(dy), select(f32x4.gt(v, ZERO), SCALE, f32x4.add(v, SCALE_ALPHA))));
  }
}

/**
 * dx = scale * dy where y > 0, else dy * (y + scale * alpha): at 0 the limit from below.
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function seluBackward(n: i32, y: usize, dy: usize, dx: usize): void {
  sweep3<SeluBackward>(n, dx, y, dy, ZERO, ZERO, ZERO);
}
