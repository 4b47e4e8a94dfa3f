import { map1, map2 } from "../lanes";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class ReluForward {
  @inline of(x: v128, a: v128, b: v128, c: v128): v128 {
    return f32x4.pmax(x, ZERO);
  }
}

/**
 * y = max(x, 0).
 * x, y: n floats; y may be x. Overwrites y.
 * Nair & Hinton 2010. Exact; NaN stays NaN.
 */
export function reluForward(n: i32, x: usize, y: usize): void {
  map1<ReluForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class ReluBackward {
  @inline of(y: v128, dy: v128, a: v128, b: v128, c: v128): v128 {
    return v128.and(dy, f32x4.gt(y, ZERO));
  }
}

/**
 * dx = dy where y > 0, else 0: the sub-gradient at 0 is 0.
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function reluBackward(n: i32, y: usize, dy: usize, dx: usize): void {
  map2<ReluBackward>(n, dx, y, dy, ZERO, ZERO, ZERO);
}
