import { map1, map2 } from "../lanes";
import { madd } from "../simd";
import { ONE, TWO, FOUR, expBounded, splat } from "../vmath";

const ZERO = f32x4.splat(0);
/** Beyond these tanh(softplus(x)) is 0 or 1. */
const LOWEST = memory.data<f32>([-110]);
const HIGHEST = memory.data<f32>([20]);

@unmanaged
@final
class MishForward {
  @inline of(x: v128, a: v128, b: v128, c: v128): v128 {
    const e = expBounded(f32x4.pmin(x, splat(HIGHEST)));
    const n = f32x4.mul(e, f32x4.add(e, splat(TWO)));
    // n is 0 there: the limit instead of -Infinity * 0.
    return f32x4.mul(f32x4.pmax(x, splat(LOWEST)), f32x4.div(n, f32x4.add(n, splat(TWO))));
  }
}

/**
 * y = x * tanh(softplus(x)) = x * n / (n + 2) with n = e^x * (e^x + 2).
 * x, y: n floats; y may be x. Overwrites y.
 * Misra 2019, arXiv:1908.08681. 6 ULP; -0 at -Infinity.
 */
export function mishForward(n: i32, x: usize, y: usize): void {
  map1<MishForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class MishBackward {
  @inline of(x: v128, dy: v128, a: v128, b: v128, c: v128): v128 {
    const v = f32x4.pmax(x, splat(LOWEST));
    const near = f32x4.pmin(v, splat(HIGHEST));
    const e = expBounded(near);
    const n = f32x4.mul(e, f32x4.add(e, splat(TWO)));
    const m = f32x4.add(n, splat(TWO));
    const slope = f32x4.div(f32x4.mul(f32x4.mul(near, splat(FOUR)), f32x4.mul(e, f32x4.add(e, splat(ONE)))), m);
    return f32x4.mul(dy, f32x4.div(f32x4.add(n, slope), m));
  }
}

/**
 * dx = dy * (n + 4 x e^x (e^x + 1) / (n + 2)) / (n + 2), n = e^x * (e^x + 2).
 * x, dy, dx: n floats; dx may be dy or x. Overwrites dx. Saved by forward: x.
 */
export function mishBackward(n: i32, x: usize, dy: usize, dx: usize): void {
  map2<MishBackward>(n, dx, x, dy, ZERO, ZERO, ZERO);
}
