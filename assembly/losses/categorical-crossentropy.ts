/**
 * Crossentropy of a row of class probabilities, from the probabilities themselves. As in Keras they are first divided
 * by their sum S, q = y / S (a row that sums to 0 is left as it is), then clipped to [1e-7, 1 - 1e-7].
 * Targets are rows of weights t, smoothed to t' = keep * t + floor, or one class index per row.
 */
import { madd, sumLanes } from "../simd";
import { bytes } from "../lanes";
import { log } from "../vmath";
import { clipProbability, LARGEST, slopeInside, SMALLEST } from "./probability";
import { firstLanes, storeFirst } from "./rows";

const ZERO = f32x4.splat(0);

/** What a row's probabilities are divided by. */
@inline
function divisorOf(width: i32, y: usize): f32 {
  const lastLanes = firstLanes(width & 3);
  let sum = ZERO;
  for (let j: i32 = 0; j < width; j += 4) {
    let value = v128.load(y + bytes(j));
    if (j + 4 > width) value = v128.and(value, lastLanes);
    sum = f32x4.add(sum, value);
  }
  const total = sumLanes(sum);
  return total == 0 ? 1 : total;
}

/**
 * rowLoss = -sum over the row of t' log q. y, t: rows x width floats; rowLoss: rows floats, overwritten.
 */
export function categoricalCrossentropyForward(
  rows: i32, width: i32, y: usize, t: usize, rowLoss: usize, keep: f32, floor: f32,
): void {
  const keeps = f32x4.splat(keep);
  const floors = f32x4.splat(floor);
  const lastLanes = firstLanes(width & 3);
  const stride = bytes(width);
  for (const end = rowLoss + bytes(rows); rowLoss < end; rowLoss += 4, y += stride, t += stride) {
    const divisor = f32x4.splat(divisorOf(width, y));
    let sum = ZERO;
    for (let j: i32 = 0; j < width; j += 4) {
      const q = f32x4.div(v128.load(y + bytes(j)), divisor);
      let value = f32x4.mul(madd(v128.load(t + bytes(j)), keeps, floors), log(clipProbability(q)));
      if (j + 4 > width) value = v128.and(value, lastLanes);
      sum = f32x4.sub(sum, value);
    }
    store<f32>(rowLoss, sumLanes(sum));
  }
}

/**
 * dy_k = rowScale / S * (sum over j of t'_j - t'_k / q_k), where clipped terms of either kind are 0.
 * y, t, dy: rows x width floats; rowScale: rows floats. Overwrites dy, which must not overlap y or t.
 */
export function categoricalCrossentropyBackward(
  rows: i32, width: i32, y: usize, t: usize, rowScale: usize, dy: usize, keep: f32, floor: f32,
): void {
  const keeps = f32x4.splat(keep);
  const floors = f32x4.splat(floor);
  const lastLanes = firstLanes(width & 3);
  const stride = bytes(width);
  for (const end = rowScale + bytes(rows); rowScale < end; rowScale += 4, y += stride, t += stride, dy += stride) {
    const divisor = divisorOf(width, y);
    const divisors = f32x4.splat(divisor);
    let sum = ZERO;
    for (let j: i32 = 0; j < width; j += 4) {
      const q = f32x4.div(v128.load(y + bytes(j)), divisors);
      let value = slopeInside(q, madd(v128.load(t + bytes(j)), keeps, floors));
      if (j + 4 > width) value = v128.and(value, lastLanes);
      sum = f32x4.add(sum, value);
    }
    const total = f32x4.splat(sumLanes(sum));
    const scale = f32x4.splat(load<f32>(rowScale) / divisor);
    for (let j: i32 = 0; j < width; j += 4) {
      const q = f32x4.div(v128.load(y + bytes(j)), divisors);
      const pull = slopeInside(q, f32x4.div(madd(v128.load(t + bytes(j)), keeps, floors), q));
      const value = f32x4.mul(scale, f32x4.sub(total, pull));
      if (j + 4 <= width) v128.store(dy + bytes(j), value);
      else storeFirst(dy + bytes(j), value, width & 3);
    }
  }
}

/**
 * rowLoss = -log q_c for class c = labels[row]. y: rows x width floats; labels: rows i32 in [0, width);
 * rowLoss: rows floats, overwritten.
 */
export function sparseCategoricalCrossentropyForward(
  rows: i32, width: i32, y: usize, labels: usize, rowLoss: usize,
): void {
  const stride = bytes(width);
  for (const end = rowLoss + bytes(rows); rowLoss < end; rowLoss += 4, y += stride, labels += 4) {
    const label = load<i32>(labels);
    assert(label >= 0 && label < width);
    const q = load<f32>(y + bytes(label)) / divisorOf(width, y);
    store<f32>(rowLoss, -f32x4.extract_lane(log(clipProbability(f32x4.splat(q))), 0));
  }
}

/**
 * dy_k = rowScale / S * (1 - [k = c] / q_c); the whole row is 0 where q_c was clipped.
 * Shapes as forward; rowScale: rows floats. Overwrites dy.
 */
export function sparseCategoricalCrossentropyBackward(
  rows: i32, width: i32, y: usize, labels: usize, rowScale: usize, dy: usize,
): void {
  const stride = bytes(width);
  for (const end = rowScale + bytes(rows); rowScale < end; rowScale += 4, y += stride, labels += 4, dy += stride) {
    const label = load<i32>(labels);
    assert(label >= 0 && label < width);
    const divisor = divisorOf(width, y);
    const q = load<f32>(y + bytes(label)) / divisor;
    const clipped = q < SMALLEST || q > LARGEST;
    const scale: f32 = clipped ? 0 : load<f32>(rowScale) / divisor;
    const others = f32x4.splat(scale);
    for (let j: i32 = 0; j < width; j += 4) {
      if (j + 4 <= width) v128.store(dy + bytes(j), others);
      else storeFirst(dy + bytes(j), others, width & 3);
    }
    if (!clipped) store<f32>(dy + bytes(label), scale * (1 - 1 / q));
  }
}
