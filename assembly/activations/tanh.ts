import { sweep2, sweep3 } from "../lanes";
import { tanh } from "../vmath";

const ZERO = f32x4.splat(0);
const ONE = f32x4.splat(1);

@unmanaged
@final
class TanhForward {
  @inline lanes<W>(y: usize, x: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(y, tanh(w.load(x)));
  }
}

/**
 * y = tanh(x).
 * x, y: n floats; y may be x. Overwrites y.
 * 3 ULP.
 */
export function tanhForward(n: i32, x: usize, y: usize): void {
  sweep2<TanhForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class TanhBackward {
  @inline lanes<W>(dx: usize, y: usize, dy: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = w.load(y);
    w.store(dx, f32x4.mul(w.load(dy), f32x4.mul(f32x4.sub(ONE, v), f32x4.add(ONE, v))));
  }
}

/**
 * dx = dy * (1 - y) * (1 + y): unlike 1 - y^2 exact in its first factor, where y is near 1.
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function tanhBackward(n: i32, y: usize, dy: usize, dx: usize): void {
  sweep3<TanhBackward>(n, dx, y, dy, ZERO, ZERO, ZERO);
}
