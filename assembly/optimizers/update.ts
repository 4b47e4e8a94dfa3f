/**
 * What every optimizer step does around its own formula, in the same pass over memory:
 *
 *     g'    = clamp(scale * g, -limit, limit) + coupled * theta
 *     theta = theta - (rate * direction(g') + decay * theta)
 *
 * scale averages accumulated gradients and clips by norm; limit clips by value (Infinity: not at all); coupled is L2
 * weight decay as PyTorch adds it to the gradient; decay is decoupled weight decay times the learning rate. All of it
 * at every step would take longer than the memory does, so that there are three passes: without any of it, with scale
 * and decay, and with all. They agree to rounding where the parameters in question are neutral (1, Infinity, 0, 0).
 *
 * An operation class gives direction<W>(g', slots, scalars): it updates its slots and returns what the rate multiplies,
 * so that the product and the difference from theta are one operation. It loads all its slots before it stores one: a
 * load that follows a store at the same offset within another 4096-byte page waits for it. Every constant comes as a
 * scalar, splatted before the loop: within it each use would cost three instructions.
 */
import { madd, nmadd } from "../simd";
import { bytes, Four, FourAt4, One } from "../lanes";

@unmanaged
@final
class Bare {
  @inline gradient(g: v128, theta: v128, scale: v128, limit: v128, lowest: v128, coupled: v128): v128 { return g; }
  @inline moved(theta: v128, rate: v128, x: v128, decay: v128): v128 { return nmadd(rate, x, theta); }
}

@unmanaged
@final
class Scaled {
  @inline gradient(g: v128, theta: v128, scale: v128, limit: v128, lowest: v128, coupled: v128): v128 {
    return f32x4.mul(scale, g);
  }
  @inline moved(theta: v128, rate: v128, x: v128, decay: v128): v128 {
    return f32x4.sub(theta, madd(rate, x, f32x4.mul(decay, theta))); // one rounding at the size of theta
  }
}

@unmanaged
@final
class Full {
  @inline gradient(g: v128, theta: v128, scale: v128, limit: v128, lowest: v128, coupled: v128): v128 {
    const clipped = f32x4.pmax(f32x4.pmin(f32x4.mul(scale, g), limit), lowest); // in this order NaN stays NaN
    return madd(coupled, theta, clipped);
  }
  @inline moved(theta: v128, rate: v128, x: v128, decay: v128): v128 {
    return f32x4.sub(theta, madd(rate, x, f32x4.mul(decay, theta)));
  }
}

@inline
function lanes<Op, Around, W>(
  theta: usize, g: usize, s0: usize, s1: usize, s2: usize,
  scale: v128, limit: v128, lowest: v128, coupled: v128, decay: v128, rate: v128,
  a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, h: v128,
): void {
  const op = changetype<Op>(0);
  const around = changetype<Around>(0);
  const w = changetype<W>(0);
  const parameter = w.load(theta);
  const gradient = around.gradient(w.load(g), parameter, scale, limit, lowest, coupled);
  const x = op.direction<W>(gradient, s0, s1, s2, a, b, c, d, e, f, h);
  w.store(theta, around.moved(parameter, rate, x, decay));
}

@inline
function pass<Op, Around>(
  n: i32, theta: usize, g: usize, s0: usize, s1: usize, s2: usize,
  scale: v128, limit: v128, lowest: v128, coupled: v128, decay: v128, rate: v128,
  a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, h: v128,
): void {
  const body = theta + bytes(n & ~7);
  const end = theta + bytes(n);
  for (; theta < body; theta += 32, g += 32, s0 += 32, s1 += 32, s2 += 32) {
    lanes<Op, Around, Four>(theta, g, s0, s1, s2, scale, limit, lowest, coupled, decay, rate, a, b, c, d, e, f, h);
    lanes<Op, Around, FourAt4>(theta, g, s0, s1, s2, scale, limit, lowest, coupled, decay, rate, a, b, c, d, e, f, h);
  }
  for (; theta < end; theta += 4, g += 4, s0 += 4, s1 += 4, s2 += 4) {
    lanes<Op, Around, One>(theta, g, s0, s1, s2, scale, limit, lowest, coupled, decay, rate, a, b, c, d, e, f, h);
  }
}

/** Runs one step of Op over n parameters. s0, s1, s2: its slots, 0 where it has fewer. a to h: its scalars. */
@inline
export function update<Op>(
  n: i32, theta: usize, g: usize, s0: usize, s1: usize, s2: usize,
  scale: f32, limit: f32, coupled: f32, decay: f32, rate: f32,
  a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, h: v128,
): void {
  assert(n >= 0);
  const s = f32x4.splat(scale);
  const upper = f32x4.splat(limit);
  const lower = f32x4.splat(-limit);
  const l2 = f32x4.splat(coupled);
  const shrink = f32x4.splat(decay);
  const r = f32x4.splat(rate);
  if (limit != Infinity || coupled != 0) {
    pass<Op, Full>(n, theta, g, s0, s1, s2, s, upper, lower, l2, shrink, r, a, b, c, d, e, f, h);
  } else if (scale != 1 || decay != 0) {
    pass<Op, Scaled>(n, theta, g, s0, s1, s2, s, upper, lower, l2, shrink, r, a, b, c, d, e, f, h);
  } else {
    pass<Op, Bare>(n, theta, g, s0, s1, s2, s, upper, lower, l2, shrink, r, a, b, c, d, e, f, h);
  }
}
