import { sweep2, sweep3 } from "../lanes";

const ZERO = f32x4.splat(0);
const ONE = f32x4.splat(1);
/** The largest finite numbers, so that the infinities reach the limits. */
const LOWEST = f32x4.splat(-3.40282347e38);
const HIGHEST = f32x4.splat(3.40282347e38);

@unmanaged
@final
class SoftsignForward {
  @inline lanes<W>(y: usize, x: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = f32x4.pmin(f32x4.pmax(w.load(x), LOWEST), HIGHEST);
    w.store(y, f32x4.div(v, f32x4.add(ONE, f32x4.abs(v))));
  }
}

/**
 * y = x / (1 + |x|).
 * x, y: n floats; y may be x. Overwrites y.
 * Glorot & Bengio 2010, section 3. 1 ULP; 1 and -1 at the infinities.
 */
export function softsignForward(n: i32, x: usize, y: usize): void {
  sweep2<SoftsignForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class SoftsignBackward {
  @inline lanes<W>(dx: usize, x: usize, dy: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const d = f32x4.add(ONE, f32x4.abs(w.load(x)));
    w.store(dx, f32x4.div(f32x4.div(w.load(dy), d), d));
  }
}

/**
 * dx = dy / (1 + |x|)^2. From x: 1 - |y| would cancel.
 * x, dy, dx: n floats; dx may be dy or x. Overwrites dx. Saved by forward: x.
 */
export function softsignBackward(n: i32, x: usize, dy: usize, dx: usize): void {
  sweep3<SoftsignBackward>(n, dx, x, dy, ZERO, ZERO, ZERO);
}
