import { map1, map2 } from "../lanes";
import { select } from "../simd";
import { expm1NonPositive, splat } from "../vmath";

const ZERO = f32x4.splat(0);
const SCALE = memory.data<f32>([1.05070099]);
const SCALE_ALPHA = memory.data<f32>([1.75809934]);

@unmanaged
@final
class SeluForward {
  @inline of(x: v128, a: v128, b: v128, c: v128): v128 {
    const negative = f32x4.mul(splat(SCALE_ALPHA), expm1NonPositive(f32x4.pmin(x, ZERO)));
    return select(f32x4.lt(x, ZERO), negative, f32x4.mul(splat(SCALE), x));
  }
}

/**
 * y = scale * alpha * (e^x - 1) where x < 0, else scale * x, with the alpha and scale whose fixed point is mean 0,
 * variance 1.
 * x, y: n floats; y may be x. Overwrites y.
 * Klambauer et al. 2017, equation 2. 5 ULP.
 */
export function seluForward(n: i32, x: usize, y: usize): void {
  map1<SeluForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class SeluBackward {
  @inline of(y: v128, dy: v128, a: v128, b: v128, c: v128): v128 {
    return f32x4.mul(dy, select(f32x4.gt(y, ZERO), splat(SCALE), f32x4.add(y, splat(SCALE_ALPHA))));
  }
}

/**
 * dx = scale * dy where y > 0, else dy * (y + scale * alpha): at 0 the limit from below.
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function seluBackward(n: i32, y: usize, dy: usize, dx: usize): void {
  map2<SeluBackward>(n, dx, y, dy, ZERO, ZERO, ZERO);
}
