import { log } from "../vmath";
import { gradientOfRows, lossOfRows } from "./rows";

const ZERO = f32x4.splat(0);
const ONE = f32x4.splat(1);
const SMALLEST = f32x4.splat(1e-7);

@inline
function clip(p: v128): v128 {
  return f32x4.pmax(f32x4.pmin(p, ONE), SMALLEST);
}

@unmanaged
@final
class Divergence {
  @inline loss(y: v128, t: v128, a: v128, b: v128): v128 {
    const target = clip(t);
    return f32x4.mul(target, log(f32x4.div(target, clip(y))));
  }
  @inline gradient(y: v128, t: v128, a: v128, b: v128): v128 {
    const slope = f32x4.neg(f32x4.div(clip(t), y));
    return v128.andnot(slope, v128.or(f32x4.lt(y, SMALLEST), f32x4.gt(y, ONE)));
  }
}

/**
 * rowLoss = sum over the row of t log(t / y), t and y clipped to [1e-7, 1].
 * y, t: rows x width floats; rowLoss: rows floats, overwritten. Kullback & Leibler 1951.
 */
export function klDivergenceForward(rows: i32, width: i32, y: usize, t: usize, rowLoss: usize): void {
  lossOfRows<Divergence>(rows, width, 1, y, t, rowLoss, ZERO, ZERO);
}

/** dy = -rowScale * t / y, t clipped; 0 where y was clipped. rowScale: rows floats. Overwrites dy. */
export function klDivergenceBackward(rows: i32, width: i32, y: usize, t: usize, rowScale: usize, dy: usize): void {
  gradientOfRows<Divergence>(rows, width, 1, y, t, rowScale, dy, ZERO, ZERO);
}
