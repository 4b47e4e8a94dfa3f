/** Adam and its AMSGrad variant. AdamW is the same step with decoupled weight decay. */
import { splat } from "../vmath";
import { FLOOR, meanSquare, movingAverage } from "./moving-average";
import { update } from "./update";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class Adam {
  @inline direction<W>(
    g: v128, m: usize, v: usize, s2: usize,
    beta1: v128, rest1: v128, beta2: v128, rest2: v128, epsilon: v128, floor: v128, h: v128,
  ): v128 {
    const w = changetype<W>(0);
    const m0 = w.load(m);
    const v0 = w.load(v);
    const m1 = movingAverage(beta1, m0, rest1, g);
    const v1 = meanSquare(beta2, v0, rest2, g, floor);
    w.store(m, m1);
    w.store(v, v1);
    return f32x4.div(m1, f32x4.add(f32x4.sqrt(v1), epsilon));
  }
}

/**
 * m = beta1 * m + rest1 * g; v = beta2 * v + rest2 * g²; theta = theta - rate * m / (sqrt(v) + epsilon).
 * rest = 1 - beta, rounded once: 1 - f32(0.999) would be off by 200 units. rate = learningRate * sqrt(1 - beta2^t) /
 * (1 - beta1^t); PyTorch's form is the same with epsilon * sqrt(1 - beta2^t) in place of epsilon.
 * theta, g, m, v: n floats. Overwrites theta, m and v. Kingma & Ba 2015, end of section 2.
 */
export function adamStep(
  n: i32, theta: usize, g: usize, m: usize, v: usize,
  scale: f32, limit: f32, coupled: f32, decay: f32, rate: f32,
  beta1: f32, rest1: f32, beta2: f32, rest2: f32, epsilon: f32,
): void {
  const a = f32x4.splat(beta1);
  const b = f32x4.splat(rest1);
  const c = f32x4.splat(beta2);
  const d = f32x4.splat(rest2);
  const e = f32x4.splat(epsilon);
  const f = splat(FLOOR);
  update<Adam>(n, theta, g, m, v, 0, scale, limit, coupled, decay, rate, a, b, c, d, e, f, ZERO);
}

@unmanaged
@final
class Amsgrad {
  @inline direction<W>(
    g: v128, m: usize, v: usize, vMax: usize,
    beta1: v128, rest1: v128, beta2: v128, rest2: v128, epsilon: v128, floor: v128, h: v128,
  ): v128 {
    const w = changetype<W>(0);
    const m0 = w.load(m);
    const v0 = w.load(v);
    const vMax0 = w.load(vMax);
    const m1 = movingAverage(beta1, m0, rest1, g);
    const v1 = meanSquare(beta2, v0, rest2, g, floor);
    const vMax1 = f32x4.pmax(v1, vMax0); // a NaN in v stays, as the first operand
    w.store(m, m1);
    w.store(v, v1);
    w.store(vMax, vMax1);
    return f32x4.div(m1, f32x4.add(f32x4.sqrt(vMax1), epsilon));
  }
}

/**
 * As adamStep, with vMax = max(vMax, v) under the root.
 * theta, g, m, v, vMax: n floats. Overwrites theta, m, v and vMax. Reddi et al. 2018, algorithm 2.
 */
export function amsgradStep(
  n: i32, theta: usize, g: usize, m: usize, v: usize, vMax: usize,
  scale: f32, limit: f32, coupled: f32, decay: f32, rate: f32,
  beta1: f32, rest1: f32, beta2: f32, rest2: f32, epsilon: f32,
): void {
  const a = f32x4.splat(beta1);
  const b = f32x4.splat(rest1);
  const c = f32x4.splat(beta2);
  const d = f32x4.splat(rest2);
  const e = f32x4.splat(epsilon);
  const f = splat(FLOOR);
  update<Amsgrad>(n, theta, g, m, v, vMax, scale, limit, coupled, decay, rate, a, b, c, d, e, f, ZERO);
}
