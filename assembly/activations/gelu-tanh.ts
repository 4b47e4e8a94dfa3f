import { map1, map2 } from "../lanes";
import { madd } from "../simd";
import { gateDerivative, sigmoid, splat } from "../vmath";

const ZERO = f32x4.splat(0);
/** 2 sqrt(2 / pi), and the same times 0.044715 and 3 * 0.044715. */
const LINEAR = memory.data<f32>([1.59576917]);
const CUBIC = memory.data<f32>([0.0713548139]);
const THREE_CUBIC = memory.data<f32>([0.214064449]);
/** Beyond these sigmoid is 0 or 1. */
const LOWEST = memory.data<f32>([-16]);
const HIGHEST = memory.data<f32>([16]);

@unmanaged
@final
class GeluTanhForward {
  @inline of(x: v128, a: v128, b: v128, c: v128): v128 {
    const u = f32x4.mul(x, madd(f32x4.mul(x, x), splat(CUBIC), splat(LINEAR)));
    // sigmoid is 0 there: the limit instead of -Infinity * 0.
    return f32x4.mul(f32x4.pmax(x, splat(LOWEST)), sigmoid(u));
  }
}

/**
 * y = x / 2 * (1 + tanh(u / 2)) = x * sigmoid(u), u = 2 sqrt(2 / pi) * (x + 0.044715 * x^3).
 * x, y: n floats; y may be x. Overwrites y.
 * Hendrycks & Gimpel 2016, section 2. 10 eps absolute or 5 eps relative; -0 at -Infinity.
 */
export function geluTanhForward(n: i32, x: usize, y: usize): void {
  map1<GeluTanhForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class GeluTanhBackward {
  @inline of(x: v128, dy: v128, a: v128, b: v128, c: v128): v128 {
    const v = f32x4.pmin(f32x4.pmax(x, splat(LOWEST)), splat(HIGHEST));
    const square = f32x4.mul(v, v);
    const u = f32x4.mul(v, madd(square, splat(CUBIC), splat(LINEAR)));
    const slope = f32x4.mul(v, madd(square, splat(THREE_CUBIC), splat(LINEAR)));
    return f32x4.mul(dy, gateDerivative(u, slope));
  }
}

/**
 * dx = dy * s * (1 + x * u' * (1 - s)), s = sigmoid(u), u' = 2 sqrt(2 / pi) * (1 + 3 * 0.044715 * x^2).
 * x, dy, dx: n floats; dx may be dy or x. Overwrites dx. Saved by forward: x.
 */
export function geluTanhBackward(n: i32, x: usize, dy: usize, dx: usize): void {
  map2<GeluTanhBackward>(n, dx, x, dy, ZERO, ZERO, ZERO);
}
