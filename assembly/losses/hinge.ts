/** Hinge losses. Targets are -1 and 1; a target of 0 counts as -1, so that 0 and 1 serve as well. */
import { nmadd, select } from "../simd";
import { gradientOfRows, lossOfRows } from "./rows";

const ZERO = f32x4.splat(0);
const ONE = f32x4.splat(1);
const MINUS_ONE = f32x4.splat(-1);

@inline
function signedTarget(t: v128): v128 {
  return select(f32x4.eq(t, ZERO), MINUS_ONE, t);
}

/** max(1 - s y, 0); a NaN stays. */
@inline
function shortfall(y: v128, s: v128): v128 {
  return f32x4.pmax(nmadd(s, y, ONE), ZERO);
}

@unmanaged
@final
class Hinge {
  @inline loss(y: v128, t: v128, a: v128, b: v128): v128 {
    return shortfall(y, signedTarget(t));
  }
  @inline gradient(y: v128, t: v128, a: v128, b: v128): v128 {
    const s = signedTarget(t);
    const short = shortfall(y, s);
    return v128.or(v128.and(f32x4.neg(s), f32x4.gt(short, ZERO)), f32x4.ne(short, short));
  }
}

@unmanaged
@final
class SquaredHinge {
  @inline loss(y: v128, t: v128, a: v128, b: v128): v128 {
    const short = shortfall(y, signedTarget(t));
    return f32x4.mul(short, short);
  }
  @inline gradient(y: v128, t: v128, a: v128, b: v128): v128 {
    const s = signedTarget(t);
    const short = shortfall(y, s);
    return f32x4.mul(f32x4.neg(s), f32x4.add(short, short));
  }
}

/**
 * rowLoss = mean over the row of max(1 - t y, 0), t = -1 or 1 (0 counts as -1).
 * y, t: rows x width floats; rowLoss: rows floats, overwritten.
 */
export function hingeForward(rows: i32, width: i32, y: usize, t: usize, rowLoss: usize): void {
  lossOfRows<Hinge>(rows, width, <f32>width, y, t, rowLoss, ZERO, ZERO);
}

/** dy = -rowScale * t / width where t y < 1, else 0. rowScale: rows floats. Overwrites dy. */
export function hingeBackward(rows: i32, width: i32, y: usize, t: usize, rowScale: usize, dy: usize): void {
  gradientOfRows<Hinge>(rows, width, <f32>width, y, t, rowScale, dy, ZERO, ZERO);
}

/** rowLoss = mean over the row of max(1 - t y, 0)^2, t = -1 or 1 (0 counts as -1). Shapes as hingeForward. */
export function squaredHingeForward(rows: i32, width: i32, y: usize, t: usize, rowLoss: usize): void {
  lossOfRows<SquaredHinge>(rows, width, <f32>width, y, t, rowLoss, ZERO, ZERO);
}

/** dy = -rowScale * 2 t max(1 - t y, 0) / width. rowScale: rows floats. Overwrites dy. */
export function squaredHingeBackward(rows: i32, width: i32, y: usize, t: usize, rowScale: usize, dy: usize): void {
  gradientOfRows<SquaredHinge>(rows, width, <f32>width, y, t, rowScale, dy, ZERO, ZERO);
}
