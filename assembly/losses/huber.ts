import { nmadd } from "../simd";
import { gradientOfRows, lossOfRows } from "./rows";

const ZERO = f32x4.splat(0);
const HALF = f32x4.splat(0.5);

@unmanaged
@final
class Huber {
  /** c (|e| - c / 2) with c = min(|e|, delta): e^2 / 2 inside, delta (|e| - delta / 2) outside. */
  @inline loss(y: v128, t: v128, delta: v128, b: v128): v128 {
    const magnitude = f32x4.abs(f32x4.sub(y, t));
    const clipped = f32x4.pmin(magnitude, delta);
    return f32x4.mul(clipped, nmadd(HALF, clipped, magnitude));
  }
  @inline gradient(y: v128, t: v128, delta: v128, b: v128): v128 {
    return f32x4.pmax(f32x4.pmin(f32x4.sub(y, t), delta), f32x4.neg(delta));
  }
}

/**
 * rowLoss = mean over the row of e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2); e = y - t.
 * y, t: rows x width floats; rowLoss: rows floats, overwritten.
 * Huber 1964, "Robust estimation of a location parameter".
 */
export function huberForward(rows: i32, width: i32, y: usize, t: usize, rowLoss: usize, delta: f32): void {
  lossOfRows<Huber>(rows, width, <f32>width, y, t, rowLoss, f32x4.splat(delta), ZERO);
}

/** dy = rowScale * clip(y - t, -delta, delta) / width. rowScale: rows floats. Overwrites dy. */
export function huberBackward(
  rows: i32, width: i32, y: usize, t: usize, rowScale: usize, dy: usize, delta: f32,
): void {
  gradientOfRows<Huber>(rows, width, <f32>width, y, t, rowScale, dy, f32x4.splat(delta), ZERO);
}
