import { bytes, firstLanes, storeFirst } from "../lanes";
import { madd, select, sumLanes } from "../simd";
import { expNonPositive } from "../vmath";

const ZERO = f32x4.splat(0);
const ONE = f32x4.splat(1);
const MINUS_INFINITE = f32x4.splat(-Infinity);

/** Largest of width floats, in every lane; NaN is passed over. */
@inline
export function rowMaximum(width: i32, x: usize): v128 {
  const body = x + bytes(width & ~3);
  let m = MINUS_INFINITE;
  for (; x < body; x += 16) m = f32x4.pmax(m, v128.load(x));
  const rest = width & 3;
  if (rest) m = f32x4.pmax(m, select(firstLanes(rest), v128.load(x), MINUS_INFINITE));
  m = f32x4.pmax(m, i8x16.shuffle(m, m, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  return f32x4.pmax(m, i8x16.shuffle(m, m, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
}

/**
 * y = e^(x - max(x)) / sum of e^(x - max(x)), row by row.
 * x, y: [rows, width]; y may be x. Overwrites y.
 * Bridle 1990. Subtracting the maximum keeps every exponential at most 1. A row that holds NaN or +Infinity, or
 * -Infinity only, becomes NaN.
 */
export function softmaxForward(rows: i32, width: i32, x: usize, y: usize): void {
  const rest = width & 3;
  const mask = firstLanes(rest);
  for (const end = x + bytes(rows) * <usize>width; x < end; ) {
    const maximum = rowMaximum(width, x);
    const row = y;
    const body = y + bytes(width & ~3);
    let sum = ZERO;
    for (; y < body; y += 16, x += 16) {
      const e = expNonPositive(f32x4.sub(v128.load(x), maximum));
      sum = f32x4.add(sum, e);
      v128.store(y, e);
    }
    if (rest) {
      const e = v128.and(mask, expNonPositive(f32x4.sub(v128.load(x), maximum)));
      sum = f32x4.add(sum, e);
      storeFirst(y, e, rest);
    }
    const scale = f32x4.div(ONE, f32x4.splat(sumLanes(sum)));
    for (y = row; y < body; y += 16) v128.store(y, f32x4.mul(scale, v128.load(y)));
    if (rest) storeFirst(y, f32x4.mul(scale, v128.load(y)), rest);
    x += bytes(rest);
    y += bytes(rest);
  }
}

/**
 * dx = y * (dy - sum of y * dy), row by row.
 * y, dy, dx: [rows, width]; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function softmaxBackward(rows: i32, width: i32, y: usize, dy: usize, dx: usize): void {
  const rest = width & 3;
  const mask = firstLanes(rest);
  for (const end = y + bytes(rows) * <usize>width; y < end; ) {
    const body = y + bytes(width & ~3);
    let sum = ZERO;
    let g = dy;
    let p = y;
    for (; p < body; p += 16, g += 16) sum = madd(v128.load(p), v128.load(g), sum);
    if (rest) sum = madd(v128.and(mask, v128.load(p)), v128.and(mask, v128.load(g)), sum);
    const mean = f32x4.splat(sumLanes(sum));
    for (; y < body; y += 16, dy += 16, dx += 16) {
      v128.store(dx, f32x4.mul(v128.load(y), f32x4.sub(v128.load(dy), mean)));
    }
    if (rest) storeFirst(dx, f32x4.mul(v128.load(y), f32x4.sub(v128.load(dy), mean)), rest);
    y += bytes(rest);
    dy += bytes(rest);
    dx += bytes(rest);
  }
}
