import { map1, map2 } from "../lanes";
import { exp } from "../vmath";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class ExponentialForward {
  @inline of(x: v128, a: v128, b: v128, c: v128): v128 {
    return exp(x);
  }
}

/**
 * y = e^x.
 * x, y: n floats; y may be x. Overwrites y.
 * 2 ULP.
 */
export function exponentialForward(n: i32, x: usize, y: usize): void {
  map1<ExponentialForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class ExponentialBackward {
  @inline of(y: v128, dy: v128, a: v128, b: v128, c: v128): v128 {
    return f32x4.mul(dy, y);
  }
}

/**
 * dx = dy * y.
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function exponentialBackward(n: i32, y: usize, dy: usize, dx: usize): void {
  map2<ExponentialBackward>(n, dx, y, dy, ZERO, ZERO, ZERO);
}
