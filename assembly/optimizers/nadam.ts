/** Nadam: Adam with Nesterov momentum. */
import { madd } from "../simd";
import { movingAverage } from "./moving-average";
import { update } from "./update";

@unmanaged
@final
class Nadam {
  @inline delta<W>(
    g: v128, m: usize, v: usize, s2: usize,
    fromMomentum: v128, fromGradient: v128, beta1: v128, rest1: v128, beta2: v128, rest2: v128, epsilon: v128,
  ): v128 {
    const w = changetype<W>(0);
    const m0 = w.load(m);
    const v0 = w.load(v);
    const m1 = movingAverage(beta1, m0, rest1, g);
    const v1 = movingAverage(beta2, v0, f32x4.mul(rest2, g), g);
    w.store(m, m1);
    w.store(v, v1);
    const ahead = madd(fromMomentum, m1, f32x4.mul(fromGradient, g));
    return f32x4.div(ahead, f32x4.add(f32x4.sqrt(v1), epsilon));
  }
}

/**
 * m = beta1 * m + rest1 * g; v = beta2 * v + rest2 * g²;
 * delta = (fromMomentum * m + fromGradient * g) / (sqrt(v) + epsilon). rest = 1 - beta.
 * The published rule divides v by c = 1 - beta2^t before the root; here sqrt(c) is in the two factors and in epsilon.
 * theta, g, m, v: n floats. Overwrites theta, m and v. Dozat 2016.
 */
export function nadamStep(
  n: i32, theta: usize, g: usize, m: usize, v: usize,
  scale: f32, limit: f32, coupled: f32, decay: f32,
  fromMomentum: f32, fromGradient: f32, beta1: f32, rest1: f32, beta2: f32, rest2: f32, epsilon: f32,
): void {
  const a = f32x4.splat(fromMomentum);
  const b = f32x4.splat(fromGradient);
  const c = f32x4.splat(beta1);
  const d = f32x4.splat(rest1);
  const e = f32x4.splat(beta2);
  const f = f32x4.splat(rest2);
  const h = f32x4.splat(epsilon);
  update<Nadam>(n, theta, g, m, v, 0, scale, limit, coupled, decay, a, b, c, d, e, f, h);
}
