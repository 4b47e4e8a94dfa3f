import { sweep2, sweep3 } from "../lanes";
import { sigmoid } from "../vmath";

const ZERO = f32x4.splat(0);
const ONE = f32x4.splat(1);

@unmanaged
@final
class SigmoidForward {
  @inline lanes<W>(y: usize, x: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(y, sigmoid(w.load(x)));
  }
}

/**
 * y = 1 / (1 + e^-x).
 * x, y: n floats; y may be x. Overwrites y.
 * 4 ULP.
 */
export function sigmoidForward(n: i32, x: usize, y: usize): void {
  sweep2<SigmoidForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class SigmoidBackward {
  @inline lanes<W>(dx: usize, y: usize, dy: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = w.load(y);
    w.store(dx, f32x4.mul(w.load(dy), f32x4.mul(v, f32x4.sub(ONE, v))));
  }
}

/**
 * dx = dy * y * (1 - y).
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function sigmoidBackward(n: i32, y: usize, dy: usize, dx: usize): void {
  sweep3<SigmoidBackward>(n, dx, y, dy, ZERO, ZERO, ZERO);
}
