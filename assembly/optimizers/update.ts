/**
 * What every optimizer step does around its own formula, in the same pass over memory:
 *
 *     g'    = clamp(scale * g, -limit, limit) + coupled * theta
 *     theta = theta - (decay * theta + delta(g'))
 *
 * scale averages accumulated gradients and clips by norm; limit clips by value (Infinity: not at all); coupled is L2
 * weight decay as PyTorch adds it to the gradient; decay is decoupled weight decay times the learning rate. All of it
 * at every step would cost a third of Adam's time in the cache, so that there are three passes: without any of it,
 * with scale and decay, and with all. They give the same bits where the parameters in question are neutral (1,
 * Infinity, 0, 0), but for the sign of a zero.
 *
 * An operation class gives delta<W>(g', slots, scalars): it updates its slots and returns what is subtracted. It loads
 * all its slots before it stores one: a load that follows a store at the same offset within another 4096-byte page
 * waits for it.
 */
import { madd } from "../simd";
import { bytes, Four, FourAt4, FourAt8, FourAt12, One } from "../lanes";

@unmanaged
@final
class Bare {
  @inline gradient(g: v128, theta: v128, scale: v128, limit: v128, coupled: v128): v128 { return g; }
  @inline decayed(theta: v128, delta: v128, decay: v128): v128 { return delta; }
}

@unmanaged
@final
class Scaled {
  @inline gradient(g: v128, theta: v128, scale: v128, limit: v128, coupled: v128): v128 { return f32x4.mul(scale, g); }
  @inline decayed(theta: v128, delta: v128, decay: v128): v128 { return madd(decay, theta, delta); }
}

@unmanaged
@final
class Full {
  @inline gradient(g: v128, theta: v128, scale: v128, limit: v128, coupled: v128): v128 {
    const clipped = f32x4.pmax(f32x4.pmin(f32x4.mul(scale, g), limit), f32x4.neg(limit)); // in this order NaN stays NaN
    return madd(coupled, theta, clipped);
  }
  @inline decayed(theta: v128, delta: v128, decay: v128): v128 { return madd(decay, theta, delta); }
}

@inline
function lanes<Op, Around, W>(
  theta: usize, g: usize, s0: usize, s1: usize, s2: usize,
  scale: v128, limit: v128, coupled: v128, decay: v128,
  a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, h: v128,
): void {
  const op = changetype<Op>(0);
  const around = changetype<Around>(0);
  const w = changetype<W>(0);
  const parameter = w.load(theta);
  const gradient = around.gradient(w.load(g), parameter, scale, limit, coupled);
  const delta = op.delta<W>(gradient, s0, s1, s2, a, b, c, d, e, f, h);
  w.store(theta, f32x4.sub(parameter, around.decayed(parameter, delta, decay)));
}

/** The end of a pass: what 16 floats at a time leave over, or all of a pass that need not be fast. */
@inline
function rest<Op, Around>(
  body: usize, end: usize, theta: usize, g: usize, s0: usize, s1: usize, s2: usize,
  scale: v128, limit: v128, coupled: v128, decay: v128,
  a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, h: v128,
): void {
  for (; theta < body; theta += 16, g += 16, s0 += 16, s1 += 16, s2 += 16) {
    lanes<Op, Around, Four>(theta, g, s0, s1, s2, scale, limit, coupled, decay, a, b, c, d, e, f, h);
  }
  for (; theta < end; theta += 4, g += 4, s0 += 4, s1 += 4, s2 += 4) {
    lanes<Op, Around, One>(theta, g, s0, s1, s2, scale, limit, coupled, decay, a, b, c, d, e, f, h);
  }
}

@inline
function unrolled<Op, Around>(
  n: i32, theta: usize, g: usize, s0: usize, s1: usize, s2: usize,
  scale: v128, limit: v128, coupled: v128, decay: v128,
  a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, h: v128,
): void {
  const whole = theta + bytes(n & ~15);
  const body = theta + bytes(n & ~3);
  const end = theta + bytes(n);
  for (; theta < whole; theta += 64, g += 64, s0 += 64, s1 += 64, s2 += 64) {
    lanes<Op, Around, Four>(theta, g, s0, s1, s2, scale, limit, coupled, decay, a, b, c, d, e, f, h);
    lanes<Op, Around, FourAt4>(theta, g, s0, s1, s2, scale, limit, coupled, decay, a, b, c, d, e, f, h);
    lanes<Op, Around, FourAt8>(theta, g, s0, s1, s2, scale, limit, coupled, decay, a, b, c, d, e, f, h);
    lanes<Op, Around, FourAt12>(theta, g, s0, s1, s2, scale, limit, coupled, decay, a, b, c, d, e, f, h);
  }
  rest<Op, Around>(body, end, theta, g, s0, s1, s2, scale, limit, coupled, decay, a, b, c, d, e, f, h);
}

/** Runs one step of Op over n parameters. s0, s1, s2: its slots, 0 where it has fewer. a to h: its scalars. */
@inline
export function update<Op>(
  n: i32, theta: usize, g: usize, s0: usize, s1: usize, s2: usize,
  scale: f32, limit: f32, coupled: f32, decay: f32,
  a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, h: v128,
): void {
  assert(n >= 0);
  const scales = f32x4.splat(scale);
  const limits = f32x4.splat(limit);
  const couples = f32x4.splat(coupled);
  const decays = f32x4.splat(decay);
  if (limit != Infinity || coupled != 0) {
    const body = theta + bytes(n & ~3);
    const end = theta + bytes(n);
    rest<Op, Full>(body, end, theta, g, s0, s1, s2, scales, limits, couples, decays, a, b, c, d, e, f, h);
  } else if (scale != 1 || decay != 0) {
    unrolled<Op, Scaled>(n, theta, g, s0, s1, s2, scales, limits, couples, decays, a, b, c, d, e, f, h);
  } else {
    unrolled<Op, Bare>(n, theta, g, s0, s1, s2, scales, limits, couples, decays, a, b, c, d, e, f, h);
  }
}
