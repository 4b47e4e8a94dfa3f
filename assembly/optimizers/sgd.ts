/**
 * Stochastic gradient descent: plain, with momentum, and with Nesterov momentum in its rewritten form (the gradient is
 * taken at theta, not at theta + mu * m).
 */
import { madd } from "../simd";
import { movingAverage } from "./moving-average";
import { update } from "./update";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class Sgd {
  @inline direction<W>(
    g: v128, s0: usize, s1: usize, s2: usize,
    a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, h: v128,
  ): v128 {
    return g;
  }
}

/**
 * theta = theta - rate * g.
 * theta, g: n floats. Overwrites theta. See update.ts for scale, limit, coupled and decay.
 */
export function sgdStep(
  n: i32, theta: usize, g: usize,
  scale: f32, limit: f32, coupled: f32, decay: f32, rate: f32,
): void {
  update<Sgd>(n, theta, g, 0, 0, 0, scale, limit, coupled, decay, rate, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class Momentum {
  @inline direction<W>(
    g: v128, m: usize, s1: usize, s2: usize,
    mu: v128, gain: v128, c: v128, d: v128, e: v128, f: v128, h: v128,
  ): v128 {
    const w = changetype<W>(0);
    const m1 = movingAverage(mu, w.load(m), gain, g);
    w.store(m, m1);
    return m1;
  }
}

/**
 * m = mu * m + gain * g; theta = theta - rate * m.
 * Keras has the learning rate in gain (rate 1), PyTorch in rate (gain 1 - dampening).
 * theta, g, m: n floats. Overwrites theta and m. Polyak 1964.
 */
export function momentumStep(
  n: i32, theta: usize, g: usize, m: usize,
  scale: f32, limit: f32, coupled: f32, decay: f32, rate: f32, mu: f32, gain: f32,
): void {
  const a = f32x4.splat(mu);
  const b = f32x4.splat(gain);
  update<Momentum>(n, theta, g, m, 0, 0, scale, limit, coupled, decay, rate, a, b, ZERO, ZERO, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class Nesterov {
  @inline direction<W>(
    g: v128, m: usize, s1: usize, s2: usize,
    mu: v128, gain: v128, c: v128, d: v128, e: v128, f: v128, h: v128,
  ): v128 {
    const w = changetype<W>(0);
    const gained = f32x4.mul(gain, g);
    const m1 = madd(mu, w.load(m), gained);
    w.store(m, m1);
    return madd(mu, m1, gained);
  }
}

/**
 * m = mu * m + gain * g; theta = theta - rate * (mu * m + gain * g), gain and rate as in momentumStep.
 * theta, g, m: n floats. Overwrites theta and m. Sutskever et al. 2013.
 */
export function nesterovStep(
  n: i32, theta: usize, g: usize, m: usize,
  scale: f32, limit: f32, coupled: f32, decay: f32, rate: f32, mu: f32, gain: f32,
): void {
  const a = f32x4.splat(mu);
  const b = f32x4.splat(gain);
  update<Nesterov>(n, theta, g, m, 0, 0, scale, limit, coupled, decay, rate, a, b, ZERO, ZERO, ZERO, ZERO, ZERO);
}
