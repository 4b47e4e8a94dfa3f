import { sweep2, sweep3 } from "../lanes";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class ReluForward {
  @inline lanes<W>(y: usize, x: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(y, f32x4.pmax(w.load(x), ZERO));
  }
}

/**
 * y = max(x, 0).
 * x, y: n floats; y may be x. Overwrites y.
 * Nair & Hinton 2010. Exact; NaN stays NaN.
 */
export function reluForward(n: i32, x: usize, y: usize): void {
  sweep2<ReluForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class ReluBackward {
  @inline lanes<W>(dx: usize, y: usize, dy: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(dx, v128.and(w.load(dy), f32x4.gt(w.load(y), ZERO)));
  }
}

/**
 * dx = dy where y > 0, else 0: the sub-gradient at 0 is 0.
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function reluBackward(n: i32, y: usize, dy: usize, dx: usize): void {
  sweep3<ReluBackward>(n, dx, y, dy, ZERO, ZERO, ZERO);
}
