import { sweep2, sweep3 } from "../lanes";
import { madd } from "../simd";
import { exp } from "../vmath";

const ZERO = f32x4.splat(0);
const ONE = f32x4.splat(1);
const TWO = f32x4.splat(2);
const FOUR = f32x4.splat(4);
/** Beyond these tanh(softplus(x)) is 0 or 1. */
const LOWEST = f32x4.splat(-110);
const HIGHEST = f32x4.splat(20);

@unmanaged
@final
class MishForward {
  @inline lanes<W>(y: usize, x: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = w.load(x);
    const e = exp(f32x4.pmin(v, HIGHEST));
    const n = f32x4.mul(e, f32x4.add(e, TWO));
    // n is 0 there: the limit instead of -Infinity * 0.
    w.store(y, f32x4.mul(f32x4.pmax(v, LOWEST), f32x4.div(n, f32x4.add(n, TWO))));
  }
}

/**
 * y = x * tanh(softplus(x)) = x * n / (n + 2) with n = e^x * (e^x + 2).
 * x, y: n floats; y may be x. Overwrites y.
 * Misra 2019, arXiv:1908.08681. 6 ULP; -0 at -Infinity.
 */
export function mishForward(n: i32, x: usize, y: usize): void {
  sweep2<MishForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class MishBackward {
  @inline lanes<W>(dx: usize, x: usize, dy: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = f32x4.pmax(w.load(x), LOWEST);
    const near = f32x4.pmin(v, HIGHEST);
    const e = exp(near);
    const n = f32x4.mul(e, f32x4.add(e, TWO));
    const m = f32x4.add(n, TWO);
    const slope = f32x4.div(f32x4.mul(f32x4.mul(near, FOUR), f32x4.mul(e, f32x4.add(e, ONE))), m);
    w.store(dx, f32x4.mul(w.load(dy), f32x4.div(f32x4.add(n, slope), m)));
  }
}

/**
 * dx = dy * (n + 4 x e^x (e^x + 1) / (n + 2)) / (n + 2), n = e^x * (e^x + 2).
 * x, dy, dx: n floats; dx may be dy or x. Overwrites dx. Saved by forward: x.
 */
export function mishBackward(n: i32, x: usize, dy: usize, dx: usize): void {
  sweep3<MishBackward>(n, dx, x, dy, ZERO, ZERO, ZERO);
}
