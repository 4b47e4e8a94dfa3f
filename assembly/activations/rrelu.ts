import { map2, map3 } from "../lanes";
import { select } from "../simd";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class RreluForward {
  @inline of(x: v128, slope: v128, a: v128, b: v128, c: v128): v128 {
    return select(f32x4.gt(x, ZERO), x, f32x4.mul(slope, x));
  }
}

/**
 * y = x where x > 0, else slope * x, with one slope >= 0 per element. Inference takes the mean slope: leakyReluForward.
 * x, slope, y: n floats; y may be x. Overwrites y.
 * Xu, Wang, Chen & Li 2015, arXiv:1505.00853, section 2.4. Exact against the scalar formula.
 */
export function rreluForward(n: i32, x: usize, slope: usize, y: usize): void {
  map2<RreluForward>(n, y, x, slope, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class RreluBackward {
  @inline of(y: v128, slope: v128, dy: v128, a: v128, b: v128, c: v128): v128 {
    return select(f32x4.gt(y, ZERO), dy, f32x4.mul(slope, dy));
  }
}

/**
 * dx = dy where y > 0, else slope * dy: the sub-gradient at 0 is the slope.
 * y, slope, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y and the slopes.
 */
export function rreluBackward(n: i32, y: usize, slope: usize, dy: usize, dx: usize): void {
  map3<RreluBackward>(n, dx, y, slope, dy, ZERO, ZERO, ZERO);
}
