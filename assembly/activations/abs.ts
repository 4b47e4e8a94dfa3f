import { map1, map2 } from "../lanes";
import { select } from "../simd";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class AbsForward {
  @inline of(x: v128, a: v128, b: v128, c: v128): v128 {
    return f32x4.abs(x);
  }
}

/**
 * y = |x|.
 * x, y: n floats; y may be x. Overwrites y.
 * Exact.
 */
export function absForward(n: i32, x: usize, y: usize): void {
  map1<AbsForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class AbsBackward {
  @inline of(x: v128, dy: v128, a: v128, b: v128, c: v128): v128 {
    const signed = select(f32x4.lt(x, ZERO), f32x4.neg(dy), dy);
    return v128.and(signed, f32x4.ne(x, ZERO));
  }
}

/**
 * dx = dy where x > 0, -dy where x < 0, 0 at 0.
 * x, dy, dx: n floats; dx may be dy or x. Overwrites dx. Saved by forward: x.
 */
export function absBackward(n: i32, x: usize, dy: usize, dx: usize): void {
  map2<AbsBackward>(n, dx, x, dy, ZERO, ZERO, ZERO);
}
