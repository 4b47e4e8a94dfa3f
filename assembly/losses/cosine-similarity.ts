import { bytes } from "../lanes";
import { firstLanes, storeFirst } from "./rows";

const ZERO = f64x2.splat(0);
/** Norms below this count as this: a row of zeros has no direction. */
const SMALLEST_NORM: f64 = 1e-7;

/** Both halves of a * b in float64, added: exact products, so that no square overflows. */
@inline
function products(a: v128, b: v128): v128 {
  const low = f64x2.mul(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b));
  const highA = i8x16.shuffle(a, a, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  const highB = i8x16.shuffle(b, b, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  return f64x2.add(low, f64x2.mul(f64x2.promote_low_f32x4(highA), f64x2.promote_low_f32x4(highB)));
}

/** Inner product of two rows. */
@inline
function inner(width: i32, a: usize, b: usize): f64 {
  const lastLanes = firstLanes(width & 3);
  let sum = ZERO;
  for (let j: i32 = 0; j < width; j += 4) {
    let x = v128.load(a + bytes(j));
    let y = v128.load(b + bytes(j));
    if (j + 4 > width) {
      x = v128.and(x, lastLanes);
      y = v128.and(y, lastLanes);
    }
    sum = f64x2.add(sum, products(x, y));
  }
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

@inline
function normOf(width: i32, x: usize): f64 {
  const norm = sqrt<f64>(inner(width, x, x));
  return norm < SMALLEST_NORM ? SMALLEST_NORM : norm;
}

/**
 * rowLoss = -(t . y) / (|t| |y|), norms at least 1e-7: -1 for the same direction, 0 where either row is zero.
 * y, t: rows x width floats; rowLoss: rows floats, overwritten. Sums in float64.
 */
export function cosineSimilarityForward(rows: i32, width: i32, y: usize, t: usize, rowLoss: usize): void {
  const stride = bytes(width);
  for (const end = rowLoss + bytes(rows); rowLoss < end; rowLoss += 4, y += stride, t += stride) {
    store<f32>(rowLoss, <f32>(-inner(width, y, t) / (normOf(width, y) * normOf(width, t))));
  }
}

/**
 * dy = rowScale / |y| * (c y / |y| - t / |t|) with c the cosine; 0 where |y| < 1e-7, where there is no direction to
 * turn. rowScale: rows floats. Overwrites dy.
 */
export function cosineSimilarityBackward(
  rows: i32, width: i32, y: usize, t: usize, rowScale: usize, dy: usize,
): void {
  const stride = bytes(width);
  for (const end = rowScale + bytes(rows); rowScale < end; rowScale += 4, y += stride, t += stride, dy += stride) {
    const normY = normOf(width, y);
    const normT = normOf(width, t);
    const cosine = inner(width, y, t) / (normY * normT);
    const towards = f32x4.splat(<f32>(1 / normT));
    const unit = f32x4.splat(<f32>(1 / normY));
    const along = f32x4.splat(<f32>cosine);
    const scale = f32x4.splat(normY > SMALLEST_NORM || normY != normY ? load<f32>(rowScale) : 0);
    for (let j: i32 = 0; j < width; j += 4) {
      const yHat = f32x4.mul(v128.load(y + bytes(j)), unit);
      const tHat = f32x4.mul(v128.load(t + bytes(j)), towards);
      const turn = f32x4.mul(f32x4.sub(f32x4.mul(along, yHat), tHat), unit);
      const value = f32x4.mul(scale, turn);
      if (j + 4 <= width) v128.store(dy + bytes(j), value);
      else storeFirst(dy + bytes(j), value, width & 3);
    }
  }
}
