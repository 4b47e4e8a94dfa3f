import { sum } from "../blas1";
import { bytes, firstLanes, map1, map2 } from "../lanes";
import { nmadd, sumLanes } from "../simd";
import { expBounded, log } from "../vmath";
import { rowMaximum } from "./softmax";

const ZERO = f32x4.splat(0);

/** Sum of e^(x - maximum) over one row, added in the order of sdot. */
@inline
function sumOfExponentials(width: i32, x: usize, maximum: v128): f32 {
  const unrolled = x + bytes(width & ~15);
  const body = x + bytes(width & ~3);
  const rest = width & 3;
  let s0 = ZERO;
  let s1 = ZERO;
  let s2 = ZERO;
  let s3 = ZERO;
  for (; x < unrolled; x += 64) {
    s0 = f32x4.add(s0, expBounded(f32x4.sub(v128.load(x), maximum)));
    s1 = f32x4.add(s1, expBounded(f32x4.sub(v128.load(x, 16), maximum)));
    s2 = f32x4.add(s2, expBounded(f32x4.sub(v128.load(x, 32), maximum)));
    s3 = f32x4.add(s3, expBounded(f32x4.sub(v128.load(x, 48), maximum)));
  }
  for (; x < body; x += 16) s0 = f32x4.add(s0, expBounded(f32x4.sub(v128.load(x), maximum)));
  if (rest) {
    s1 = f32x4.add(s1, v128.and(firstLanes(rest), expBounded(f32x4.sub(v128.load(x), maximum))));
  }
  return sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
}

@unmanaged
@final
class LogSoftmaxForward {
  @inline of(x: v128, maximum: v128, logSum: v128, c: v128): v128 {
    return f32x4.sub(f32x4.sub(x, maximum), logSum);
  }
}

/**
 * y = x - max(x) - log(sum of e^(x - max(x))), row by row.
 * x, y: [rows, width]; y may be x. Overwrites y.
 * The logarithm of softmax without its underflow. A row that holds NaN or +Infinity, or -Infinity only, becomes NaN.
 */
export function logSoftmaxForward(rows: i32, width: i32, x: usize, y: usize): void {
  const stride = bytes(width);
  for (let row = 0; row < rows; row++, x += stride, y += stride) {
    const maximum = rowMaximum(width, x);
    const logSum = log(f32x4.splat(sumOfExponentials(width, x, maximum)));
    map1<LogSoftmaxForward>(width, y, x, maximum, logSum, ZERO);
  }
}

@unmanaged
@final
class LogSoftmaxBackward {
  @inline of(y: v128, dy: v128, total: v128, b: v128, c: v128): v128 {
    return nmadd(expBounded(y), total, dy);
  }
}

/**
 * dx = dy - e^y * sum of dy, row by row.
 * y, dy, dx: [rows, width]; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function logSoftmaxBackward(rows: i32, width: i32, y: usize, dy: usize, dx: usize): void {
  const stride = bytes(width);
  for (let row = 0; row < rows; row++, y += stride, dy += stride, dx += stride) {
    map2<LogSoftmaxBackward>(width, dx, y, dy, f32x4.splat(sum(width, dy)), ZERO, ZERO);
  }
}
