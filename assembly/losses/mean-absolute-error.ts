import { gradientOfRows, lossOfRows } from "./rows";

const ZERO = f32x4.splat(0);
const ONE = f32x4.splat(1);
const SIGN = i32x4.splat(0x80000000);

@unmanaged
@final
class AbsoluteError {
  @inline loss(y: v128, t: v128, a: v128, b: v128): v128 {
    return f32x4.abs(f32x4.sub(y, t));
  }
  /** sign(y - t), 0 at the kink; NaN stays NaN because it is unequal to zero and is or-ed into the sign. */
  @inline gradient(y: v128, t: v128, a: v128, b: v128): v128 {
    const error = f32x4.sub(y, t);
    const sign = v128.or(v128.and(error, SIGN), ONE);
    const known = v128.and(sign, f32x4.ne(error, ZERO));
    return v128.or(known, f32x4.ne(error, error));
  }
}

/** rowLoss = mean over the row of |y - t|. y, t: rows x width floats; rowLoss: rows floats, overwritten. */
export function meanAbsoluteErrorForward(rows: i32, width: i32, y: usize, t: usize, rowLoss: usize): void {
  lossOfRows<AbsoluteError>(rows, width, <f32>width, y, t, rowLoss, ZERO, ZERO);
}

/** dy = rowScale * sign(y - t) / width, 0 where y = t. rowScale: rows floats. Overwrites dy. */
export function meanAbsoluteErrorBackward(
  rows: i32, width: i32, y: usize, t: usize, rowScale: usize, dy: usize,
): void {
  gradientOfRows<AbsoluteError>(rows, width, <f32>width, y, t, rowScale, dy, ZERO, ZERO);
}
