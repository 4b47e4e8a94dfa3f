import { map1, map2 } from "../lanes";
import { gateDerivative, sigmoid, splat } from "../vmath";

const ZERO = f32x4.splat(0);
/** Beyond these sigmoid is 0 or 1. */
const LOWEST = memory.data<f32>([-110]);
const HIGHEST = memory.data<f32>([110]);

@unmanaged
@final
class SiluForward {
  @inline of(x: v128, a: v128, b: v128, c: v128): v128 {
    // sigmoid is 0 there: the limit instead of -Infinity * 0.
    return f32x4.mul(f32x4.pmax(x, splat(LOWEST)), sigmoid(x));
  }
}

/**
 * y = x * sigmoid(x), also called swish.
 * x, y: n floats; y may be x. Overwrites y.
 * Elfwing, Uchibe & Doya 2017; Ramachandran, Zoph & Le 2017. 5 ULP; -0 at -Infinity.
 */
export function siluForward(n: i32, x: usize, y: usize): void {
  map1<SiluForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class SiluBackward {
  @inline of(x: v128, dy: v128, a: v128, b: v128, c: v128): v128 {
    const v = f32x4.pmin(f32x4.pmax(x, splat(LOWEST)), splat(HIGHEST));
    return f32x4.mul(dy, gateDerivative(v, v));
  }
}

/**
 * dx = dy * s * (1 + x * (1 - s)), s = sigmoid(x).
 * x, dy, dx: n floats; dx may be dy or x. Overwrites dx. Saved by forward: x.
 */
export function siluBackward(n: i32, x: usize, dy: usize, dx: usize): void {
  map2<SiluBackward>(n, dx, x, dy, ZERO, ZERO, ZERO);
}
