import { sweep3, sweep4 } from "../lanes";
import { select } from "../simd";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class RreluForward {
  @inline lanes<W>(y: usize, x: usize, slope: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = w.load(x);
    w.store(y, select(f32x4.gt(v, ZERO), v, f32x4.mul(w.load(slope), v)));
  }
}

/**
 * y = x where x > 0, else slope * x, with one slope >= 0 per element. Inference takes the mean slope: leakyReluForward.
 * x, slope, y: n floats; y may be x. Overwrites y.
 * Xu, Wang, Chen & Li 2015, arXiv:1505.00853, section 2.4. Exact against the scalar formula.
 */
export function rreluForward(n: i32, x: usize, slope: usize, y: usize): void {
  sweep3<RreluForward>(n, y, x, slope, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class RreluBackward {
  @inline lanes<W>(dx: usize, y: usize, slope: usize, dy: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const g = w.load(dy);
    w.store(dx, select(f32x4.gt(w.load(y), ZERO), g, f32x4.mul(w.load(slope), g)));
  }
}

/**
 * dx = dy where y > 0, else slope * dy: the sub-gradient at 0 is the slope.
 * y, slope, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y and the slopes.
 */
export function rreluBackward(n: i32, y: usize, slope: usize, dy: usize, dx: usize): void {
  sweep4<RreluBackward>(n, dx, y, slope, dy, ZERO, ZERO, ZERO);
}
