import { bytes, firstLanes, storeFirst } from "../lanes";
import { nmadd, sumLanes } from "../simd";
import { expNonPositive, log } from "../vmath";
import { rowMaximum } from "./softmax";

const ZERO = f32x4.splat(0);

/**
 * y = x - max(x) - log(sum of e^(x - max(x))), row by row.
 * x, y: [rows, width]; y may be x. Overwrites y.
 * The logarithm of softmax without its underflow. A row that holds NaN or +Infinity, or -Infinity only, becomes NaN.
 */
export function logSoftmaxForward(rows: i32, width: i32, x: usize, y: usize): void {
  const rest = width & 3;
  const mask = firstLanes(rest);
  for (const end = x + bytes(rows) * <usize>width; x < end; ) {
    const maximum = rowMaximum(width, x);
    const body = x + bytes(width & ~3);
    let sum = ZERO;
    let p = x;
    for (; p < body; p += 16) sum = f32x4.add(sum, expNonPositive(f32x4.sub(v128.load(p), maximum)));
    if (rest) sum = f32x4.add(sum, v128.and(mask, expNonPositive(f32x4.sub(v128.load(p), maximum))));
    const logSum = log(f32x4.splat(sumLanes(sum)));
    for (; x < body; x += 16, y += 16) v128.store(y, f32x4.sub(f32x4.sub(v128.load(x), maximum), logSum));
    if (rest) storeFirst(y, f32x4.sub(f32x4.sub(v128.load(x), maximum), logSum), rest);
    x += bytes(rest);
    y += bytes(rest);
  }
}

/**
 * dx = dy - e^y * sum of dy, row by row.
 * y, dy, dx: [rows, width]; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function logSoftmaxBackward(rows: i32, width: i32, y: usize, dy: usize, dx: usize): void {
  const rest = width & 3;
  const mask = firstLanes(rest);
  for (const end = y + bytes(rows) * <usize>width; y < end; ) {
    const body = y + bytes(width & ~3);
    let sum = ZERO;
    let g = dy;
    for (const last = dy + bytes(width & ~3); g < last; g += 16) sum = f32x4.add(sum, v128.load(g));
    if (rest) sum = f32x4.add(sum, v128.and(mask, v128.load(g)));
    const total = f32x4.splat(sumLanes(sum));
    for (; y < body; y += 16, dy += 16, dx += 16) {
      v128.store(dx, nmadd(expNonPositive(v128.load(y)), total, v128.load(dy)));
    }
    if (rest) storeFirst(dx, nmadd(expNonPositive(v128.load(y)), total, v128.load(dy)), rest);
    y += bytes(rest);
    dy += bytes(rest);
    dx += bytes(rest);
  }
}
