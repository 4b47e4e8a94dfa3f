import { gradientOfRows, lossOfRows } from "./rows";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class SquaredError {
  @inline loss(y: v128, t: v128, a: v128, b: v128): v128 {
    const error = f32x4.sub(y, t);
    return f32x4.mul(error, error);
  }
  @inline gradient(y: v128, t: v128, a: v128, b: v128): v128 {
    const error = f32x4.sub(y, t);
    return f32x4.add(error, error);
  }
}

/** rowLoss = mean over the row of (y - t)^2. y, t: rows x width floats; rowLoss: rows floats, overwritten. */
export function meanSquaredErrorForward(rows: i32, width: i32, y: usize, t: usize, rowLoss: usize): void {
  lossOfRows<SquaredError>(rows, width, <f32>width, y, t, rowLoss, ZERO, ZERO);
}

/** dy = rowScale * 2 (y - t) / width. rowScale: rows floats. Overwrites dy. */
export function meanSquaredErrorBackward(
  rows: i32, width: i32, y: usize, t: usize, rowScale: usize, dy: usize,
): void {
  gradientOfRows<SquaredError>(rows, width, <f32>width, y, t, rowScale, dy, ZERO, ZERO);
}
