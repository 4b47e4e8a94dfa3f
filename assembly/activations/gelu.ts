import { sweep2, sweep3 } from "../lanes";
import { madd, nmadd, select } from "../simd";
import { erfcMagnitude, expNonPositive } from "../vmath";

const ZERO = f32x4.splat(0);
const HALF = f32x4.splat(0.5);
const ONE = f32x4.splat(1);
const MINUS_HALF = f32x4.splat(-0.5);
const SQRT_HALF = f32x4.splat(0.707106769);
const INVERSE_SQRT_TWO_PI = f32x4.splat(0.398942292);
/** Beyond these Phi is 0 or 1 and phi is 0. */
const LOWEST = f32x4.splat(-16);
const HIGHEST = f32x4.splat(16);

@unmanaged
@final
class GeluForward {
  @inline lanes<W>(y: usize, x: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = w.load(x);
    const tail = f32x4.mul(erfcMagnitude(f32x4.mul(v, SQRT_HALF)), HALF);
    // tail is 0 beyond HIGHEST: the limit instead of Infinity * 0.
    w.store(y, nmadd(f32x4.pmin(f32x4.abs(v), HIGHEST), tail, f32x4.pmax(v, ZERO)));
  }
}

/**
 * y = x * Phi(x), Phi(x) = (1 + erf(x / sqrt(2))) / 2, computed as max(x, 0) - |x| * Phi(-|x|), which does not cancel.
 * x, y: n floats; y may be x. Overwrites y.
 * Hendrycks & Gimpel 2016, section 2. 10 eps absolute or 5 eps relative; 0 at -Infinity.
 */
export function geluForward(n: i32, x: usize, y: usize): void {
  sweep2<GeluForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class GeluBackward {
  @inline lanes<W>(dx: usize, x: usize, dy: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = f32x4.pmin(f32x4.pmax(w.load(x), LOWEST), HIGHEST);
    const phi = f32x4.mul(INVERSE_SQRT_TWO_PI, expNonPositive(f32x4.mul(f32x4.mul(v, v), MINUS_HALF)));
    const tail = f32x4.mul(erfcMagnitude(f32x4.mul(v, SQRT_HALF)), HALF);
    const Phi = select(f32x4.lt(v, ZERO), tail, f32x4.sub(ONE, tail));
    w.store(dx, f32x4.mul(w.load(dy), madd(v, phi, Phi)));
  }
}

/**
 * dx = dy * (Phi(x) + x * phi(x)), phi(x) = e^(-x^2 / 2) / sqrt(2 pi).
 * x, dy, dx: n floats; dx may be dy or x. Overwrites dx. Saved by forward: x.
 */
export function geluBackward(n: i32, x: usize, dy: usize, dx: usize): void {
  sweep3<GeluBackward>(n, dx, x, dy, ZERO, ZERO, ZERO);
}
