import { sweep2, sweep3 } from "../lanes";
import { expm1NonPositive, softplus } from "../vmath";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class SoftplusForward {
  @inline lanes<W>(y: usize, x: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(y, softplus(w.load(x)));
  }
}

/**
 * y = log(1 + e^x).
 * x, y: n floats; y may be x. Overwrites y.
 * Dugas et al. 2001. 4 ULP.
 */
export function softplusForward(n: i32, x: usize, y: usize): void {
  sweep2<SoftplusForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class SoftplusBackward {
  @inline lanes<W>(dx: usize, y: usize, dy: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(dx, f32x4.mul(w.load(dy), f32x4.neg(expm1NonPositive(f32x4.neg(w.load(y))))));
  }
}

/**
 * dx = dy * (1 - e^-y), which is dy * sigmoid(x).
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function softplusBackward(n: i32, y: usize, dy: usize, dx: usize): void {
  sweep3<SoftplusBackward>(n, dx, y, dy, ZERO, ZERO, ZERO);
}
