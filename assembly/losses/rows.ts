/**
 * The loops of the losses that add up a value per element: rows of `width` floats, one loss a row. A loss is a class
 * with two methods on vectors of predictions y and targets t (a, b: its scalars, already splatted):
 * `loss(y, t, a, b)` and its derivative by y, `gradient(y, t, a, b)`.
 *
 * The last vector of a row may reach up to three floats past it; those lanes are masked out of sums and not stored.
 * A row is added in four partial sums, combined in one fixed order, whatever rows run in the same call. Rows of one
 * float (binary and scalar outputs) are taken four at a time.
 */
import { sumLanes } from "../simd";
import { bytes } from "../lanes";

const ZERO = f32x4.splat(0);

/** All ones in the first `count` lanes (1 to 3; any other count: in all four). */
@inline
export function firstLanes(count: i32): v128 {
  if (count == 1) return i32x4(-1, 0, 0, 0);
  if (count == 2) return i32x4(-1, -1, 0, 0);
  if (count == 3) return i32x4(-1, -1, -1, 0);
  return i32x4(-1, -1, -1, -1);
}

/** Stores the first `count` lanes (1 to 3). */
@inline
export function storeFirst(p: usize, v: v128, count: i32): void {
  if (count == 1) {
    v128.store32_lane(p, v, 0);
  } else {
    v128.store64_lane(p, v, 0);
    if (count == 3) v128.store32_lane(p, v, 2, 8);
  }
}

/**
 * rowLoss[r] = sum over j of loss(y[r][j], t[r][j]), divided by divisor.
 * y, t: rows x width floats; rowLoss: rows floats, overwritten.
 */
@inline
export function lossOfRows<Op>(
  rows: i32, width: i32, divisor: f32, y: usize, t: usize, rowLoss: usize, a: v128, b: v128,
): void {
  const op = changetype<Op>(0);
  if (width == 1) {
    const divisors = f32x4.splat(divisor);
    for (let left = rows; left > 0; left -= 4, y += 16, t += 16, rowLoss += 16) {
      const value = f32x4.div(op.loss(v128.load(y), v128.load(t), a, b), divisors);
      if (left >= 4) v128.store(rowLoss, value);
      else storeFirst(rowLoss, value, left);
    }
    return;
  }
  const stride = bytes(width);
  const lastLanes = firstLanes(width & 3);
  for (const end = rowLoss + bytes(rows); rowLoss < end; rowLoss += 4, y += stride, t += stride) {
    let sum = ZERO;
    for (let j: i32 = 0; j < width; j += 4) {
      let value = op.loss(v128.load(y + bytes(j)), v128.load(t + bytes(j)), a, b);
      if (j + 4 > width) value = v128.and(value, lastLanes);
      sum = f32x4.add(sum, value);
    }
    store<f32>(rowLoss, sumLanes(sum) / divisor);
  }
}

/**
 * dy[r][j] = rowScale[r] / divisor * gradient(y[r][j], t[r][j]).
 * y, t, dy: rows x width floats; rowScale: rows floats; dy may be y or t. Overwrites dy.
 */
@inline
export function gradientOfRows<Op>(
  rows: i32, width: i32, divisor: f32, y: usize, t: usize, rowScale: usize, dy: usize, a: v128, b: v128,
): void {
  const op = changetype<Op>(0);
  if (width == 1) {
    const divisors = f32x4.splat(divisor);
    for (let left = rows; left > 0; left -= 4, y += 16, t += 16, rowScale += 16, dy += 16) {
      const scale = f32x4.div(v128.load(rowScale), divisors);
      const value = f32x4.mul(scale, op.gradient(v128.load(y), v128.load(t), a, b));
      if (left >= 4) v128.store(dy, value);
      else storeFirst(dy, value, left);
    }
    return;
  }
  const stride = bytes(width);
  for (const end = rowScale + bytes(rows); rowScale < end; rowScale += 4, y += stride, t += stride, dy += stride) {
    const scale = f32x4.splat(load<f32>(rowScale) / divisor);
    for (let j: i32 = 0; j < width; j += 4) {
      const value = f32x4.mul(scale, op.gradient(v128.load(y + bytes(j)), v128.load(t + bytes(j)), a, b));
      if (j + 4 <= width) v128.store(dy + bytes(j), value);
      else storeFirst(dy + bytes(j), value, width & 3);
    }
  }
}

/**
 * Sum of rowLoss[r] * rowScale[r] over rows, in float64, in the order of the rows: each product is exact, so that the
 * mean of a batch carries no more than the rounding of its rows. rowLoss, rowScale: rows floats.
 */
export function weightedSum(rows: i32, rowLoss: usize, rowScale: usize): f64 {
  let sum: f64 = 0;
  for (const end = rowLoss + bytes(rows); rowLoss < end; rowLoss += 4, rowScale += 4) {
    sum += <f64>load<f32>(rowLoss) * <f64>load<f32>(rowScale);
  }
  return sum;
}
