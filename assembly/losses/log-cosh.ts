import { select } from "../simd";
import { expm1NonPositive, log1p, tanh } from "../vmath";
import { gradientOfRows, lossOfRows } from "./rows";

const ZERO = f32x4.splat(0);
const ONE = f32x4.splat(1);
const LOG_2 = f32x4.splat(0.6931471805599453);

@unmanaged
@final
class LogCosh {
  /**
   * With d = exp(-|e|) - 1: cosh e = 1 + d^2 / (2 (1 + d)), which keeps small errors exact, and
   * log cosh e = |e| - log 2 + log(1 + (1 + d)^2), which large ones need.
   */
  @inline loss(y: v128, t: v128, a: v128, b: v128): v128 {
    const magnitude = f32x4.abs(f32x4.sub(y, t));
    const d = expm1NonPositive(f32x4.neg(magnitude));
    const decay = f32x4.add(ONE, d);
    const small = f32x4.lt(magnitude, ONE);
    const near = f32x4.div(f32x4.mul(d, d), f32x4.add(decay, decay));
    const offset = v128.andnot(f32x4.sub(magnitude, LOG_2), small);
    return f32x4.add(offset, log1p(select(small, near, f32x4.mul(decay, decay))));
  }
  @inline gradient(y: v128, t: v128, a: v128, b: v128): v128 {
    return tanh(f32x4.sub(y, t));
  }
}

/**
 * rowLoss = mean over the row of log cosh(y - t). y, t: rows x width floats; rowLoss: rows floats, overwritten.
 */
export function logCoshForward(rows: i32, width: i32, y: usize, t: usize, rowLoss: usize): void {
  lossOfRows<LogCosh>(rows, width, <f32>width, y, t, rowLoss, ZERO, ZERO);
}

/** dy = rowScale * tanh(y - t) / width. rowScale: rows floats. Overwrites dy. */
export function logCoshBackward(rows: i32, width: i32, y: usize, t: usize, rowScale: usize, dy: usize): void {
  gradientOfRows<LogCosh>(rows, width, <f32>width, y, t, rowScale, dy, ZERO, ZERO);
}
