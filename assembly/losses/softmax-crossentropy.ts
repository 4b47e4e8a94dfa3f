/**
 * Crossentropy of softmax(z) from the logits z, without the logarithm of a probability that may have underflowed:
 * with m the largest logit and S the sum of exp(z - m), -log softmax(z)_j = (m - z_j) + log S, both terms >= 0.
 *
 * `softmaxCrossentropy...` is for an output whose softmax y is already there: the largest y is exactly 1 / S, so one
 * logarithm a row suffices and no exponential. `...FromLogits...` takes the logits alone.
 * Targets as in categorical-crossentropy.ts.
 */
import { madd, select, sumLanes } from "../simd";
import { bytes } from "../lanes";
import { expBounded } from "../vmath";
import { logOf } from "./probability";
import { firstLanes, storeFirst } from "./rows";

const ZERO = f32x4.splat(0);
const MINUS_INFINITY = f32x4.splat(-f32.MAX_VALUE * 2);

/** Largest of a row; NaN is passed over (it returns with the sum of exponentials). */
@inline
function largestOf(width: i32, x: usize): f32 {
  let largest = MINUS_INFINITY;
  for (const body = x + bytes(width & ~3); x < body; x += 16) largest = f32x4.pmax(largest, v128.load(x));
  if (width & 3) largest = f32x4.pmax(largest, select(firstLanes(width & 3), v128.load(x), MINUS_INFINITY));
  largest = f32x4.pmax(largest, i8x16.shuffle(largest, largest, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  const first = f32x4.extract_lane(largest, 0);
  const second = f32x4.extract_lane(largest, 1);
  return first < second ? second : first;
}

/** Sum over a row of exp(z - m). */
@inline
function sumOfExp(width: i32, z: usize, m: v128): f32 {
  const lastLanes = firstLanes(width & 3);
  let sum = ZERO;
  for (let j: i32 = 0; j < width; j += 4) {
    let value = expBounded(f32x4.sub(v128.load(z + bytes(j)), m));
    if (j + 4 > width) value = v128.and(value, lastLanes);
    sum = f32x4.add(sum, value);
  }
  return sumLanes(sum);
}

/** Sum over a row of t' ((m - z) + logS); a class of target 0 adds 0, even where z is -Infinity. */
@inline
function crossentropyOf(width: i32, z: usize, t: usize, m: v128, logS: v128, keep: v128, floor: v128): f32 {
  const lastLanes = firstLanes(width & 3);
  let sum = ZERO;
  for (let j: i32 = 0; j < width; j += 4) {
    const target = madd(v128.load(t + bytes(j)), keep, floor);
    const surprise = f32x4.add(f32x4.sub(m, v128.load(z + bytes(j))), logS);
    let value = v128.and(f32x4.mul(target, surprise), v128.or(f32x4.ne(target, ZERO), f32x4.ne(surprise, surprise)));
    if (j + 4 > width) value = v128.and(value, lastLanes);
    sum = f32x4.add(sum, value);
  }
  return sumLanes(sum);
}

/** Sum of a row of t'. */
@inline
function sumOfTargets(width: i32, t: usize, keep: v128, floor: v128): f32 {
  const lastLanes = firstLanes(width & 3);
  let sum = ZERO;
  for (let j: i32 = 0; j < width; j += 4) {
    let target = madd(v128.load(t + bytes(j)), keep, floor);
    if (j + 4 > width) target = v128.and(target, lastLanes);
    sum = f32x4.add(sum, target);
  }
  return sumLanes(sum);
}

/** dz = exp(z - m) over a row; returns the sum. */
@inline
function exponentials(width: i32, z: usize, m: v128, dz: usize): f32 {
  const lastLanes = firstLanes(width & 3);
  let sum = ZERO;
  for (let j: i32 = 0; j < width; j += 4) {
    let value = expBounded(f32x4.sub(v128.load(z + bytes(j)), m));
    if (j + 4 <= width) {
      v128.store(dz + bytes(j), value);
    } else {
      value = v128.and(value, lastLanes);
      storeFirst(dz + bytes(j), value, width & 3);
    }
    sum = f32x4.add(sum, value);
  }
  return sumLanes(sum);
}

/** dz = scale (y * weight - t') over a row. */
@inline
function pullToTargets(
  width: i32, y: usize, weight: v128, t: usize, scale: v128, keep: v128, floor: v128, dz: usize,
): void {
  for (let j: i32 = 0; j < width; j += 4) {
    const target = madd(v128.load(t + bytes(j)), keep, floor);
    const value = f32x4.mul(scale, f32x4.sub(f32x4.mul(v128.load(y + bytes(j)), weight), target));
    if (j + 4 <= width) v128.store(dz + bytes(j), value);
    else storeFirst(dz + bytes(j), value, width & 3);
  }
}

/** dz = scale (y * weight - [k = label]) over a row. */
@inline
function pullToLabel(width: i32, y: usize, weight: f32, label: i32, scale: f32, dz: usize): void {
  assert(label >= 0 && label < width);
  const atLabel = scale * (load<f32>(y + bytes(label)) * weight - 1);
  const weights = f32x4.splat(weight);
  const scales = f32x4.splat(scale);
  for (let j: i32 = 0; j < width; j += 4) {
    const value = f32x4.mul(scales, f32x4.mul(v128.load(y + bytes(j)), weights));
    if (j + 4 <= width) v128.store(dz + bytes(j), value);
    else storeFirst(dz + bytes(j), value, width & 3);
  }
  store<f32>(dz + bytes(label), atLabel);
}

/**
 * rowLoss = sum over the row of t' ((m - z) - log max(y)), y = softmax(z).
 * z, y, t: rows x width floats; rowLoss: rows floats, overwritten.
 */
export function softmaxCrossentropyForward(
  rows: i32, width: i32, z: usize, y: usize, t: usize, rowLoss: usize, keep: f32, floor: f32,
): void {
  const stride = bytes(width);
  for (const end = rowLoss + bytes(rows); rowLoss < end; rowLoss += 4, z += stride, y += stride, t += stride) {
    const m = f32x4.splat(largestOf(width, z));
    const logS = f32x4.splat(-logOf(largestOf(width, y)));
    store<f32>(rowLoss, crossentropyOf(width, z, t, m, logS, f32x4.splat(keep), f32x4.splat(floor)));
  }
}

/** dz = rowScale * (y sum(t') - t'), y = softmax(z). rowScale: rows floats. Overwrites dz, which may be y. */
export function softmaxCrossentropyBackward(
  rows: i32, width: i32, y: usize, t: usize, rowScale: usize, dz: usize, keep: f32, floor: f32,
): void {
  const keeps = f32x4.splat(keep);
  const floors = f32x4.splat(floor);
  const stride = bytes(width);
  for (const end = rowScale + bytes(rows); rowScale < end; rowScale += 4, y += stride, t += stride, dz += stride) {
    const weight = f32x4.splat(sumOfTargets(width, t, keeps, floors));
    pullToTargets(width, y, weight, t, f32x4.splat(load<f32>(rowScale)), keeps, floors, dz);
  }
}

/**
 * rowLoss = (m - z_c) - log max(y), y = softmax(z), for class c = labels[row].
 * z, y: rows x width floats; labels: rows i32 in [0, width); rowLoss: rows floats, overwritten.
 */
export function softmaxCrossentropySparseForward(
  rows: i32, width: i32, z: usize, y: usize, labels: usize, rowLoss: usize,
): void {
  const stride = bytes(width);
  for (const end = rowLoss + bytes(rows); rowLoss < end; rowLoss += 4, z += stride, y += stride, labels += 4) {
    const label = load<i32>(labels);
    assert(label >= 0 && label < width);
    const behind = largestOf(width, z) - load<f32>(z + bytes(label));
    store<f32>(rowLoss, behind - logOf(largestOf(width, y)));
  }
}

/** dz_k = rowScale * (y_k - [k = c]), y = softmax(z). rowScale: rows floats. Overwrites dz, which may be y. */
export function softmaxCrossentropySparseBackward(
  rows: i32, width: i32, y: usize, labels: usize, rowScale: usize, dz: usize,
): void {
  const stride = bytes(width);
  for (const end = rowScale + bytes(rows); rowScale < end; rowScale += 4, y += stride, labels += 4, dz += stride) {
    pullToLabel(width, y, 1, load<i32>(labels), load<f32>(rowScale), dz);
  }
}

/**
 * rowLoss = sum over the row of t' ((m - z) + log S).
 * z, t: rows x width floats; rowLoss: rows floats, overwritten.
 */
export function categoricalCrossentropyFromLogitsForward(
  rows: i32, width: i32, z: usize, t: usize, rowLoss: usize, keep: f32, floor: f32,
): void {
  const stride = bytes(width);
  for (const end = rowLoss + bytes(rows); rowLoss < end; rowLoss += 4, z += stride, t += stride) {
    const m = f32x4.splat(largestOf(width, z));
    const logS = f32x4.splat(logOf(sumOfExp(width, z, m)));
    store<f32>(rowLoss, crossentropyOf(width, z, t, m, logS, f32x4.splat(keep), f32x4.splat(floor)));
  }
}

/** dz = rowScale * (softmax(z) sum(t') - t'). rowScale: rows floats. Overwrites dz, which may be z but not t. */
export function categoricalCrossentropyFromLogitsBackward(
  rows: i32, width: i32, z: usize, t: usize, rowScale: usize, dz: usize, keep: f32, floor: f32,
): void {
  const keeps = f32x4.splat(keep);
  const floors = f32x4.splat(floor);
  const stride = bytes(width);
  for (const end = rowScale + bytes(rows); rowScale < end; rowScale += 4, z += stride, t += stride, dz += stride) {
    const sum = exponentials(width, z, f32x4.splat(largestOf(width, z)), dz);
    const weight = f32x4.splat(sumOfTargets(width, t, keeps, floors) / sum);
    pullToTargets(width, dz, weight, t, f32x4.splat(load<f32>(rowScale)), keeps, floors, dz);
  }
}

/**
 * rowLoss = (m - z_c) + log S for class c = labels[row].
 * z: rows x width floats; labels: rows i32 in [0, width); rowLoss: rows floats, overwritten.
 */
export function sparseCategoricalCrossentropyFromLogitsForward(
  rows: i32, width: i32, z: usize, labels: usize, rowLoss: usize,
): void {
  const stride = bytes(width);
  for (const end = rowLoss + bytes(rows); rowLoss < end; rowLoss += 4, z += stride, labels += 4) {
    const label = load<i32>(labels);
    assert(label >= 0 && label < width);
    const m = largestOf(width, z);
    store<f32>(rowLoss, m - load<f32>(z + bytes(label)) + logOf(sumOfExp(width, z, f32x4.splat(m))));
  }
}

/** dz_k = rowScale * (softmax(z)_k - [k = c]). rowScale: rows floats. Overwrites dz, which may be z. */
export function sparseCategoricalCrossentropyFromLogitsBackward(
  rows: i32, width: i32, z: usize, labels: usize, rowScale: usize, dz: usize,
): void {
  const stride = bytes(width);
  for (const end = rowScale + bytes(rows); rowScale < end; rowScale += 4, z += stride, labels += 4, dz += stride) {
    const sum = exponentials(width, z, f32x4.splat(largestOf(width, z)), dz);
    pullToLabel(width, dz, 1 / sum, load<i32>(labels), load<f32>(rowScale), dz);
  }
}
