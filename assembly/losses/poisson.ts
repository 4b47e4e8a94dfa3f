import { nmadd } from "../simd";
import { log } from "../vmath";
import { gradientOfRows, lossOfRows } from "./rows";

const ZERO = f32x4.splat(0);
const ONE = f32x4.splat(1);
const EPSILON = f32x4.splat(1e-7);

@unmanaged
@final
class Poisson {
  @inline loss(y: v128, t: v128, a: v128, b: v128): v128 {
    return nmadd(t, log(f32x4.add(y, EPSILON)), y);
  }
  @inline gradient(y: v128, t: v128, a: v128, b: v128): v128 {
    return f32x4.sub(ONE, f32x4.div(t, f32x4.add(y, EPSILON)));
  }
}

/**
 * rowLoss = mean over the row of y - t log(y + 1e-7): minus the log-likelihood of a Poisson count t at rate y, up to
 * a term of t alone. y, t: rows x width floats; rowLoss: rows floats, overwritten.
 */
export function poissonForward(rows: i32, width: i32, y: usize, t: usize, rowLoss: usize): void {
  lossOfRows<Poisson>(rows, width, <f32>width, y, t, rowLoss, ZERO, ZERO);
}

/** dy = rowScale * (1 - t / (y + 1e-7)) / width. rowScale: rows floats. Overwrites dy. */
export function poissonBackward(rows: i32, width: i32, y: usize, t: usize, rowScale: usize, dy: usize): void {
  gradientOfRows<Poisson>(rows, width, <f32>width, y, t, rowScale, dy, ZERO, ZERO);
}
