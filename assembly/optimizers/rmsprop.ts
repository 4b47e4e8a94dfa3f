/** RMSProp: the gradient over the root of a running mean of its square; centered, and with momentum. */
import { nmadd } from "../simd";
import { splat } from "../vmath";
import { FLOOR, meanSquare, movingAverage } from "./moving-average";
import { update } from "./update";

const ZERO = f32x4.splat(0);

/** g / (sqrt(v + inside) + outside) */
@inline
function increment(g: v128, v: v128, inside: v128, outside: v128): v128 {
  return f32x4.div(g, f32x4.add(f32x4.sqrt(f32x4.add(v, inside)), outside));
}

/** v - mean², which rounding alone can make negative. pmax keeps NaN as its first operand. */
@inline
function variance(v: v128, mean: v128): v128 {
  return f32x4.pmax(nmadd(mean, mean, v), ZERO);
}

@unmanaged
@final
class Rmsprop {
  @inline direction<W>(
    g: v128, v: usize, s1: usize, s2: usize,
    rho: v128, rest: v128, inside: v128, outside: v128, floor: v128, f: v128, h: v128,
  ): v128 {
    const w = changetype<W>(0);
    const v1 = meanSquare(rho, w.load(v), rest, g, floor);
    w.store(v, v1);
    return increment(g, v1, inside, outside);
  }
}

/**
 * v = rho * v + rest * g²; theta = theta - rate * g / (sqrt(v + inside) + outside). rest = 1 - rho.
 * Keras's epsilon is inside the root, PyTorch's outside; the other one is 0.
 * theta, g, v: n floats. Overwrites theta and v. Hinton 2012, Coursera lecture 6e.
 */
export function rmspropStep(
  n: i32, theta: usize, g: usize, v: usize,
  scale: f32, limit: f32, coupled: f32, decay: f32, rate: f32, rho: f32, rest: f32, inside: f32, outside: f32,
): void {
  const a = f32x4.splat(rho);
  const b = f32x4.splat(rest);
  const c = f32x4.splat(inside);
  const d = f32x4.splat(outside);
  const e = splat(FLOOR);
  update<Rmsprop>(n, theta, g, v, 0, 0, scale, limit, coupled, decay, rate, a, b, c, d, e, ZERO, ZERO);
}

@unmanaged
@final
class RmspropMomentum {
  @inline direction<W>(
    g: v128, v: usize, m: usize, s2: usize,
    rho: v128, rest: v128, inside: v128, outside: v128, floor: v128, mu: v128, gain: v128,
  ): v128 {
    const w = changetype<W>(0);
    const v0 = w.load(v);
    const m0 = w.load(m);
    const v1 = meanSquare(rho, v0, rest, g, floor);
    const m1 = movingAverage(mu, m0, gain, increment(g, v1, inside, outside));
    w.store(v, v1);
    w.store(m, m1);
    return m1;
  }
}

/**
 * As rmspropStep, with m = mu * m + gain * g / (sqrt(v + inside) + outside); theta = theta - rate * m.
 * Keras has the learning rate in gain (rate 1), PyTorch in rate (gain 1).
 * theta, g, v, m: n floats. Overwrites theta, v and m.
 */
export function rmspropMomentumStep(
  n: i32, theta: usize, g: usize, v: usize, m: usize,
  scale: f32, limit: f32, coupled: f32, decay: f32, rate: f32, rho: f32, rest: f32, inside: f32, outside: f32,
  mu: f32, gain: f32,
): void {
  const a = f32x4.splat(rho);
  const b = f32x4.splat(rest);
  const c = f32x4.splat(inside);
  const d = f32x4.splat(outside);
  const e = splat(FLOOR);
  const f = f32x4.splat(mu);
  const h = f32x4.splat(gain);
  update<RmspropMomentum>(n, theta, g, v, m, 0, scale, limit, coupled, decay, rate, a, b, c, d, e, f, h);
}

@unmanaged
@final
class RmspropCentered {
  @inline direction<W>(
    g: v128, v: usize, mean: usize, s2: usize,
    rho: v128, rest: v128, inside: v128, outside: v128, floor: v128, f: v128, h: v128,
  ): v128 {
    const w = changetype<W>(0);
    const v0 = w.load(v);
    const mean0 = w.load(mean);
    const v1 = meanSquare(rho, v0, rest, g, floor);
    const mean1 = movingAverage(rho, mean0, rest, g);
    w.store(v, v1);
    w.store(mean, mean1);
    return increment(g, variance(v1, mean1), inside, outside);
  }
}

/**
 * As rmspropStep, with mean = rho * mean + rest * g, and v - mean² (at least 0) under the root in place of v.
 * theta, g, v, mean: n floats. Overwrites theta, v and mean. Graves 2013, arXiv:1308.0850, equations 38 to 45.
 */
export function rmspropCenteredStep(
  n: i32, theta: usize, g: usize, v: usize, mean: usize,
  scale: f32, limit: f32, coupled: f32, decay: f32, rate: f32, rho: f32, rest: f32, inside: f32, outside: f32,
): void {
  const a = f32x4.splat(rho);
  const b = f32x4.splat(rest);
  const c = f32x4.splat(inside);
  const d = f32x4.splat(outside);
  const e = splat(FLOOR);
  update<RmspropCentered>(n, theta, g, v, mean, 0, scale, limit, coupled, decay, rate, a, b, c, d, e, ZERO, ZERO);
}

@unmanaged
@final
class RmspropCenteredMomentum {
  @inline direction<W>(
    g: v128, v: usize, m: usize, mean: usize,
    rho: v128, rest: v128, inside: v128, outside: v128, floor: v128, mu: v128, gain: v128,
  ): v128 {
    const w = changetype<W>(0);
    const v0 = w.load(v);
    const m0 = w.load(m);
    const mean0 = w.load(mean);
    const v1 = meanSquare(rho, v0, rest, g, floor);
    const mean1 = movingAverage(rho, mean0, rest, g);
    const m1 = movingAverage(mu, m0, gain, increment(g, variance(v1, mean1), inside, outside));
    w.store(v, v1);
    w.store(mean, mean1);
    w.store(m, m1);
    return m1;
  }
}

/**
 * rmspropCenteredStep with the momentum of rmspropMomentumStep.
 * theta, g, v, m, mean: n floats. Overwrites theta, v, m and mean.
 */
export function rmspropCenteredMomentumStep(
  n: i32, theta: usize, g: usize, v: usize, m: usize, mean: usize,
  scale: f32, limit: f32, coupled: f32, decay: f32, rate: f32, rho: f32, rest: f32, inside: f32, outside: f32,
  mu: f32, gain: f32,
): void {
  const a = f32x4.splat(rho);
  const b = f32x4.splat(rest);
  const c = f32x4.splat(inside);
  const d = f32x4.splat(outside);
  const e = splat(FLOOR);
  const f = f32x4.splat(mu);
  const h = f32x4.splat(gain);
  update<RmspropCenteredMomentum>(n, theta, g, v, m, mean, scale, limit, coupled, decay, rate, a, b, c, d, e, f, h);
}
