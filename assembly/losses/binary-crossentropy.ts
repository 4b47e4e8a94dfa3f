/**
 * Binary crossentropy, one probability per output. Targets are smoothed first, t' = keep * t + floor, with keep = 1 and
 * floor = 0 for none, or 1 - smoothing and smoothing / 2.
 */
import { madd, nmadd } from "../simd";
import { log, sigmoid, softplus } from "../vmath";
import { clipProbability, slopeInside } from "./probability";
import { gradientOfRows, lossOfRows } from "./rows";

const ZERO = f32x4.splat(0);
const ONE = f32x4.splat(1);

@unmanaged
@final
class OfProbability {
  @inline loss(y: v128, t: v128, keep: v128, floor: v128): v128 {
    const p = clipProbability(y);
    const target = madd(t, keep, floor);
    const right = f32x4.mul(target, log(p));
    const wrong = f32x4.mul(f32x4.sub(ONE, target), log(f32x4.sub(ONE, p)));
    return f32x4.neg(f32x4.add(right, wrong));
  }
  /** (p - t') / (p (1 - p)) */
  @inline gradient(y: v128, t: v128, keep: v128, floor: v128): v128 {
    const p = clipProbability(y);
    const error = f32x4.sub(p, madd(t, keep, floor));
    return slopeInside(y, f32x4.div(error, f32x4.mul(p, f32x4.sub(ONE, p))));
  }
}

@unmanaged
@final
class OfLogit {
  @inline loss(z: v128, t: v128, keep: v128, floor: v128): v128 {
    const linear = nmadd(z, madd(t, keep, floor), f32x4.pmax(z, ZERO));
    return f32x4.add(linear, softplus(f32x4.neg(f32x4.abs(z))));
  }
  @inline gradient(z: v128, t: v128, keep: v128, floor: v128): v128 {
    return f32x4.sub(sigmoid(z), madd(t, keep, floor));
  }
}

/** The slope by the logit when y = sigmoid(z) is at hand. */
@unmanaged
@final
class OfSigmoid {
  @inline gradient(y: v128, t: v128, keep: v128, floor: v128): v128 {
    return f32x4.sub(y, madd(t, keep, floor));
  }
}

/**
 * rowLoss = mean over the row of -t' log p - (1 - t') log(1 - p), p = y clipped to [1e-7, 1 - 1e-7].
 * y, t: rows x width floats; rowLoss: rows floats, overwritten.
 */
export function binaryCrossentropyForward(
  rows: i32, width: i32, y: usize, t: usize, rowLoss: usize, keep: f32, floor: f32,
): void {
  lossOfRows<OfProbability>(rows, width, <f32>width, y, t, rowLoss, f32x4.splat(keep), f32x4.splat(floor));
}

/** dy = rowScale * (p - t') / (p (1 - p)) / width, 0 where y was clipped. rowScale: rows floats. Overwrites dy. */
export function binaryCrossentropyBackward(
  rows: i32, width: i32, y: usize, t: usize, rowScale: usize, dy: usize, keep: f32, floor: f32,
): void {
  gradientOfRows<OfProbability>(
    rows, width, <f32>width, y, t, rowScale, dy, f32x4.splat(keep), f32x4.splat(floor),
  );
}

/**
 * The same loss of p = sigmoid(z), without forming p: mean over the row of max(z, 0) - z t' + log1p(exp(-|z|)).
 * z, t: rows x width floats; rowLoss: rows floats, overwritten. Finite and exact for every finite logit.
 */
export function binaryCrossentropyFromLogitsForward(
  rows: i32, width: i32, z: usize, t: usize, rowLoss: usize, keep: f32, floor: f32,
): void {
  lossOfRows<OfLogit>(rows, width, <f32>width, z, t, rowLoss, f32x4.splat(keep), f32x4.splat(floor));
}

/** dz = rowScale * (sigmoid(z) - t') / width. rowScale: rows floats. Overwrites dz. */
export function binaryCrossentropyFromLogitsBackward(
  rows: i32, width: i32, z: usize, t: usize, rowScale: usize, dz: usize, keep: f32, floor: f32,
): void {
  gradientOfRows<OfLogit>(rows, width, <f32>width, z, t, rowScale, dz, f32x4.splat(keep), f32x4.splat(floor));
}

/** dz = rowScale * (y - t') / width for y = sigmoid(z). rowScale: rows floats. Overwrites dz, which may be y. */
export function sigmoidCrossentropyBackward(
  rows: i32, width: i32, y: usize, t: usize, rowScale: usize, dz: usize, keep: f32, floor: f32,
): void {
  gradientOfRows<OfSigmoid>(rows, width, <f32>width, y, t, rowScale, dz, f32x4.splat(keep), f32x4.splat(floor));
}
