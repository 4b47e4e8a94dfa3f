import { sweep2, sweep3 } from "../lanes";
import { exp } from "../vmath";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class ExponentialForward {
  @inline lanes<W>(y: usize, x: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(y, exp(w.load(x)));
  }
}

/**
 * y = e^x.
 * x, y: n floats; y may be x. Overwrites y.
 * 2 ULP.
 */
export function exponentialForward(n: i32, x: usize, y: usize): void {
  sweep2<ExponentialForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class ExponentialBackward {
  @inline lanes<W>(dx: usize, y: usize, dy: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(dx, f32x4.mul(w.load(dy), w.load(y)));
  }
}

/**
 * dx = dy * y.
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function exponentialBackward(n: i32, y: usize, dy: usize, dx: usize): void {
  sweep3<ExponentialBackward>(n, dx, y, dy, ZERO, ZERO, ZERO);
}
