import { map1, map2 } from "../lanes";
import { sigmoid, splat } from "../vmath";

const ZERO = f32x4.splat(0);
const ONE = memory.data<f32>([1]);

@unmanaged
@final
class SigmoidForward {
  @inline of(x: v128, a: v128, b: v128, c: v128): v128 {
    return sigmoid(x);
  }
}

/**
 * y = 1 / (1 + e^-x).
 * x, y: n floats; y may be x. Overwrites y.
 * 4 ULP.
 */
export function sigmoidForward(n: i32, x: usize, y: usize): void {
  map1<SigmoidForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class SigmoidBackward {
  @inline of(y: v128, dy: v128, a: v128, b: v128, c: v128): v128 {
    return f32x4.mul(dy, f32x4.mul(y, f32x4.sub(splat(ONE), y)));
  }
}

/**
 * dx = dy * y * (1 - y).
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function sigmoidBackward(n: i32, y: usize, dy: usize, dx: usize): void {
  map2<SigmoidBackward>(n, dx, y, dy, ZERO, ZERO, ZERO);
}
