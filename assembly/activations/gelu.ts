import { map1, map2 } from "../lanes";
import { madd, nmadd, select } from "../simd";
import { erfcMagnitude, expNonPositive, splat } from "../vmath";

const ZERO = f32x4.splat(0);
const HALF = memory.data<f32>([0.5]);
const ONE = memory.data<f32>([1]);
const MINUS_HALF = memory.data<f32>([-0.5]);
const SQRT_HALF = memory.data<f32>([0.707106769]);
const INVERSE_SQRT_TWO_PI = memory.data<f32>([0.398942292]);
/** Beyond these Phi is 0 or 1 and phi is 0. */
const LOWEST = memory.data<f32>([-16]);
const HIGHEST = memory.data<f32>([16]);

@unmanaged
@final
class GeluForward {
  @inline of(x: v128, a: v128, b: v128, c: v128): v128 {
    const tail = f32x4.mul(erfcMagnitude(f32x4.mul(x, splat(SQRT_HALF))), splat(HALF));
    // tail is 0 beyond HIGHEST: the limit instead of Infinity * 0.
    return nmadd(f32x4.pmin(f32x4.abs(x), splat(HIGHEST)), tail, f32x4.pmax(x, ZERO));
  }
}

/**
 * y = x * Phi(x), Phi(x) = (1 + erf(x / sqrt(2))) / 2, computed as max(x, 0) - |x| * Phi(-|x|), which does not cancel.
 * x, y: n floats; y may be x. Overwrites y.
 * Hendrycks & Gimpel 2016, section 2. 10 eps absolute or 5 eps relative; 0 at -Infinity.
 */
export function geluForward(n: i32, x: usize, y: usize): void {
  map1<GeluForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class GeluBackward {
  @inline of(x: v128, dy: v128, a: v128, b: v128, c: v128): v128 {
    const v = f32x4.pmin(f32x4.pmax(x, splat(LOWEST)), splat(HIGHEST));
    const phi = f32x4.mul(splat(INVERSE_SQRT_TWO_PI), expNonPositive(f32x4.mul(f32x4.mul(v, v), splat(MINUS_HALF))));
    const tail = f32x4.mul(erfcMagnitude(f32x4.mul(v, splat(SQRT_HALF))), splat(HALF));
    const Phi = select(f32x4.lt(v, ZERO), tail, f32x4.sub(splat(ONE), tail));
    return f32x4.mul(dy, madd(v, phi, Phi));
  }
}

/**
 * dx = dy * (Phi(x) + x * phi(x)), phi(x) = e^(-x^2 / 2) / sqrt(2 pi).
 * x, dy, dx: n floats; dx may be dy or x. Overwrites dx. Saved by forward: x.
 */
export function geluBackward(n: i32, x: usize, dy: usize, dx: usize): void {
  map2<GeluBackward>(n, dx, x, dy, ZERO, ZERO, ZERO);
}
