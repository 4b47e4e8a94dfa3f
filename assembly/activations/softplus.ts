import { map1, map2 } from "../lanes";
import { expm1NonPositive, softplus } from "../vmath";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class SoftplusForward {
  @inline of(x: v128, a: v128, b: v128, c: v128): v128 {
    return softplus(x);
  }
}

/**
 * y = log(1 + e^x).
 * x, y: n floats; y may be x. Overwrites y.
 * Dugas et al. 2001. 4 ULP.
 */
export function softplusForward(n: i32, x: usize, y: usize): void {
  map1<SoftplusForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class SoftplusBackward {
  @inline of(y: v128, dy: v128, a: v128, b: v128, c: v128): v128 {
    return f32x4.mul(dy, f32x4.neg(expm1NonPositive(f32x4.neg(y))));
  }
}

/**
 * dx = dy * (1 - e^-y), which is dy * sigmoid(x).
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function softplusBackward(n: i32, y: usize, dy: usize, dx: usize): void {
  map2<SoftplusBackward>(n, dx, y, dy, ZERO, ZERO, ZERO);
}
