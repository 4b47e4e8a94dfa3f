/** Nadam: Adam with Nesterov momentum. */
import { madd } from "../simd";
import { splat } from "../vmath";
import { FLOOR, meanSquare, movingAverage } from "./moving-average";
import { update } from "./update";

@unmanaged
@final
class Nadam {
  @inline direction<W>(
    g: v128, m: usize, v: usize, s2: usize,
    ahead: v128, beta1: v128, rest1: v128, beta2: v128, rest2: v128, epsilon: v128, floor: v128,
  ): v128 {
    const w = changetype<W>(0);
    const m0 = w.load(m);
    const v0 = w.load(v);
    const m1 = movingAverage(beta1, m0, rest1, g);
    const v1 = meanSquare(beta2, v0, rest2, g, floor);
    w.store(m, m1);
    w.store(v, v1);
    return f32x4.div(madd(ahead, m1, g), f32x4.add(f32x4.sqrt(v1), epsilon));
  }
}

/**
 * m = beta1 * m + rest1 * g; v = beta2 * v + rest2 * g²;
 * theta = theta - rate * (ahead * m + g) / (sqrt(v) + epsilon). rest = 1 - beta.
 * The published rule divides v by c = 1 - beta2^t before the root, and has a factor of its own for g; here sqrt(c) and
 * that factor are in rate, sqrt(c) also in epsilon, and ahead is the ratio of the two factors.
 * theta, g, m, v: n floats. Overwrites theta, m and v. Dozat 2016.
 */
export function nadamStep(
  n: i32, theta: usize, g: usize, m: usize, v: usize,
  scale: f32, limit: f32, coupled: f32, decay: f32, rate: f32,
  ahead: f32, beta1: f32, rest1: f32, beta2: f32, rest2: f32, epsilon: f32,
): void {
  const a = f32x4.splat(ahead);
  const b = f32x4.splat(beta1);
  const c = f32x4.splat(rest1);
  const d = f32x4.splat(beta2);
  const e = f32x4.splat(rest2);
  const f = f32x4.splat(epsilon);
  const h = splat(FLOOR);
  update<Nadam>(n, theta, g, m, v, 0, scale, limit, coupled, decay, rate, a, b, c, d, e, f, h);
}
