import { map1, map2 } from "../lanes";
import { ONE, splat } from "../vmath";

const ZERO = f32x4.splat(0);
/** The largest finite numbers, so that the infinities reach the limits. */
const LOWEST = memory.data<f32>([-3.40282347e38]);
const HIGHEST = memory.data<f32>([3.40282347e38]);

@unmanaged
@final
class SoftsignForward {
  @inline of(x: v128, a: v128, b: v128, c: v128): v128 {
    const v = f32x4.pmin(f32x4.pmax(x, splat(LOWEST)), splat(HIGHEST));
    return f32x4.div(v, f32x4.add(splat(ONE), f32x4.abs(v)));
  }
}

/**
 * y = x / (1 + |x|).
 * x, y: n floats; y may be x. Overwrites y.
 * Glorot & Bengio 2010, section 3. 1 ULP; 1 and -1 at the infinities.
 */
export function softsignForward(n: i32, x: usize, y: usize): void {
  map1<SoftsignForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class SoftsignBackward {
  @inline of(x: v128, dy: v128, a: v128, b: v128, c: v128): v128 {
    const d = f32x4.add(splat(ONE), f32x4.abs(x));
    return f32x4.div(f32x4.div(dy, d), d);
  }
}

/**
 * dx = dy / (1 + |x|)^2. From x: 1 - |y| would cancel.
 * x, dy, dx: n floats; dx may be dy or x. Overwrites dx. Saved by forward: x.
 */
export function softsignBackward(n: i32, x: usize, dy: usize, dx: usize): void {
  map2<SoftsignBackward>(n, dx, x, dy, ZERO, ZERO, ZERO);
}
