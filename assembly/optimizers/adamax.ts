/** AdaMax: Adam with the largest recent gradient in place of the root of the mean square. */
import { splat } from "../vmath";
import { FLOOR, movingAverage } from "./moving-average";
import { update } from "./update";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class Adamax {
  @inline direction<W>(
    g: v128, m: usize, u: usize, s2: usize,
    beta1: v128, rest1: v128, beta2: v128, inside: v128, outside: v128, f: v128, h: v128,
  ): v128 {
    const w = changetype<W>(0);
    const m0 = w.load(m);
    const u0 = w.load(u);
    const m1 = movingAverage(beta1, m0, rest1, g);
    const u1 = f32x4.pmax(f32x4.add(f32x4.abs(g), inside), f32x4.mul(beta2, u0)); // a NaN gradient stays NaN
    w.store(m, m1);
    w.store(u, u1);
    return f32x4.div(m1, f32x4.add(u1, outside));
  }
}

/**
 * m = beta1 * m + rest1 * g; u = max(beta2 * u, |g| + inside); theta = theta - rate * m / (u + outside).
 * rest1 = 1 - beta1, rate = learningRate / (1 - beta1^t). Keras's epsilon is outside the maximum, PyTorch's inside;
 * the other one is 0. inside is at least 2^-120, so that u never becomes subnormal.
 * theta, g, m, u: n floats. Overwrites theta, m and u. Kingma & Ba 2015, algorithm 2.
 */
export function adamaxStep(
  n: i32, theta: usize, g: usize, m: usize, u: usize,
  scale: f32, limit: f32, coupled: f32, decay: f32, rate: f32,
  beta1: f32, rest1: f32, beta2: f32, inside: f32, outside: f32,
): void {
  const a = f32x4.splat(beta1);
  const b = f32x4.splat(rest1);
  const c = f32x4.splat(beta2);
  const d = f32x4.pmax(f32x4.splat(inside), splat(FLOOR));
  const e = f32x4.splat(outside);
  update<Adamax>(n, theta, g, m, u, 0, scale, limit, coupled, decay, rate, a, b, c, d, e, ZERO, ZERO);
}
