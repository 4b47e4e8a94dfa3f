import { sweep2, sweep3 } from "../lanes";
import { select } from "../simd";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class AbsForward {
  @inline lanes<W>(y: usize, x: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(y, f32x4.abs(w.load(x)));
  }
}

/**
 * y = |x|.
 * x, y: n floats; y may be x. Overwrites y.
 * Exact.
 */
export function absForward(n: i32, x: usize, y: usize): void {
  sweep2<AbsForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class AbsBackward {
  @inline lanes<W>(dx: usize, x: usize, dy: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = w.load(x);
    const g = w.load(dy);
    const signed = select(f32x4.lt(v, ZERO), f32x4.neg(g), g);
    w.store(dx, v128.and(signed, f32x4.ne(v, ZERO)));
  }
}

/**
 * dx = dy where x > 0, -dy where x < 0, 0 at 0.
 * x, dy, dx: n floats; dx may be dy or x. Overwrites dx. Saved by forward: x.
 */
export function absBackward(n: i32, x: usize, dy: usize, dx: usize): void {
  sweep3<AbsBackward>(n, dx, x, dy, ZERO, ZERO, ZERO);
}
