import { sdot, sscal } from "../blas1";
import { bytes, firstLanes, map2, storeFirst } from "../lanes";
import { select, sumLanes } from "../simd";
import { expBounded } from "../vmath";

const ZERO = f32x4.splat(0);
const MINUS_INFINITE = f32x4.splat(-Infinity);

/** Largest of width floats, in every lane; NaN is passed over. */
@inline
export function rowMaximum(width: i32, x: usize): v128 {
  const unrolled = x + bytes(width & ~15);
  const body = x + bytes(width & ~3);
  const rest = width & 3;
  let m = MINUS_INFINITE;
  let m1 = MINUS_INFINITE;
  let m2 = MINUS_INFINITE;
  let m3 = MINUS_INFINITE;
  for (; x < unrolled; x += 64) {
    m = f32x4.pmax(m, v128.load(x));
    m1 = f32x4.pmax(m1, v128.load(x, 16));
    m2 = f32x4.pmax(m2, v128.load(x, 32));
    m3 = f32x4.pmax(m3, v128.load(x, 48));
  }
  for (; x < body; x += 16) m = f32x4.pmax(m, v128.load(x));
  if (rest) m1 = f32x4.pmax(m1, select(firstLanes(rest), v128.load(x), MINUS_INFINITE));
  m = f32x4.pmax(f32x4.pmax(m, m1), f32x4.pmax(m2, m3));
  m = f32x4.pmax(m, i8x16.shuffle(m, m, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  return f32x4.pmax(m, i8x16.shuffle(m, m, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
}

/** y = e^(x - maximum) of one row; returns the sum, added in the order of sdot. */
@inline
function exponentials(width: i32, x: usize, y: usize, maximum: v128): f32 {
  const unrolled = x + bytes(width & ~15);
  const body = x + bytes(width & ~3);
  const rest = width & 3;
  let s0 = ZERO;
  let s1 = ZERO;
  let s2 = ZERO;
  let s3 = ZERO;
  for (; x < unrolled; x += 64, y += 64) {
    const e0 = expBounded(f32x4.sub(v128.load(x), maximum));
    const e1 = expBounded(f32x4.sub(v128.load(x, 16), maximum));
    const e2 = expBounded(f32x4.sub(v128.load(x, 32), maximum));
    const e3 = expBounded(f32x4.sub(v128.load(x, 48), maximum));
    s0 = f32x4.add(s0, e0);
    s1 = f32x4.add(s1, e1);
    s2 = f32x4.add(s2, e2);
    s3 = f32x4.add(s3, e3);
    v128.store(y, e0);
    v128.store(y, e1, 16);
    v128.store(y, e2, 32);
    v128.store(y, e3, 48);
  }
  for (; x < body; x += 16, y += 16) {
    const e = expBounded(f32x4.sub(v128.load(x), maximum));
    s0 = f32x4.add(s0, e);
    v128.store(y, e);
  }
  if (rest) {
    const e = v128.and(firstLanes(rest), expBounded(f32x4.sub(v128.load(x), maximum)));
    s1 = f32x4.add(s1, e);
    storeFirst(y, e, rest);
  }
  return sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
}

/**
 * y = e^(x - max(x)) / sum of e^(x - max(x)), row by row.
 * x, y: [rows, width]; y may be x. Overwrites y.
 * Bridle 1990. Subtracting the maximum keeps every exponential at most 1. A row that holds NaN or +Infinity, or
 * -Infinity only, becomes NaN.
 */
export function softmaxForward(rows: i32, width: i32, x: usize, y: usize): void {
  const stride = bytes(width);
  for (let row = 0; row < rows; row++, x += stride, y += stride) {
    sscal(width, 1 / exponentials(width, x, y, rowMaximum(width, x)), y);
  }
}

@unmanaged
@final
class SoftmaxBackward {
  @inline of(y: v128, dy: v128, mean: v128, b: v128, c: v128): v128 {
    return f32x4.mul(y, f32x4.sub(dy, mean));
  }
}

/**
 * dx = y * (dy - sum of y * dy), row by row.
 * y, dy, dx: [rows, width]; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function softmaxBackward(rows: i32, width: i32, y: usize, dy: usize, dx: usize): void {
  const stride = bytes(width);
  for (let row = 0; row < rows; row++, y += stride, dy += stride, dx += stride) {
    map2<SoftmaxBackward>(width, dx, y, dy, f32x4.splat(sdot(width, y, dy)), ZERO, ZERO);
  }
}
