import { map1, map2 } from "../lanes";
import { splat, tanh } from "../vmath";

const ZERO = f32x4.splat(0);
const ONE = memory.data<f32>([1]);

@unmanaged
@final
class TanhForward {
  @inline of(x: v128, a: v128, b: v128, c: v128): v128 {
    return tanh(x);
  }
}

/**
 * y = tanh(x).
 * x, y: n floats; y may be x. Overwrites y.
 * 3 ULP.
 */
export function tanhForward(n: i32, x: usize, y: usize): void {
  map1<TanhForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class TanhBackward {
  @inline of(y: v128, dy: v128, a: v128, b: v128, c: v128): v128 {
    return f32x4.mul(dy, f32x4.mul(f32x4.sub(splat(ONE), y), f32x4.add(splat(ONE), y)));
  }
}

/**
 * dx = dy * (1 - y) * (1 + y): unlike 1 - y^2 exact in its first factor, where y is near 1.
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function tanhBackward(n: i32, y: usize, dy: usize, dx: usize): void {
  map2<TanhBackward>(n, dx, y, dy, ZERO, ZERO, ZERO);
}
