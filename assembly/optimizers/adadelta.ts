/** AdaDelta: steps as large as the recent steps, over the size of the recent gradients. */
import { splat } from "../vmath";
import { FLOOR, meanSquare } from "./moving-average";
import { update } from "./update";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class Adadelta {
  @inline direction<W>(
    g: v128, a: usize, d: usize, s2: usize,
    rho: v128, rest: v128, epsilon: v128, floor: v128, e: v128, f: v128, h: v128,
  ): v128 {
    const w = changetype<W>(0);
    const a0 = w.load(a);
    const d0 = w.load(d);
    const a1 = meanSquare(rho, a0, rest, g, floor);
    const ratio = f32x4.div(f32x4.add(d0, epsilon), f32x4.add(a1, epsilon));
    const change = f32x4.mul(f32x4.sqrt(ratio), g);
    w.store(a, a1);
    w.store(d, meanSquare(rho, d0, rest, change, floor));
    return change;
  }
}

/**
 * a = rho * a + rest * g²; change = sqrt((d + epsilon) / (a + epsilon)) * g; d = rho * d + rest * change²;
 * theta = theta - rate * change. rest = 1 - rho.
 * theta, g, a, d: n floats. Overwrites theta, a and d. Zeiler 2012, arXiv:1212.5701, algorithm 1.
 */
export function adadeltaStep(
  n: i32, theta: usize, g: usize, a: usize, d: usize,
  scale: f32, limit: f32, coupled: f32, decay: f32, rate: f32, rho: f32, rest: f32, epsilon: f32,
): void {
  const keep = f32x4.splat(rho);
  const take = f32x4.splat(rest);
  const e = f32x4.splat(epsilon);
  const f = splat(FLOOR);
  update<Adadelta>(n, theta, g, a, d, 0, scale, limit, coupled, decay, rate, keep, take, e, f, ZERO, ZERO, ZERO);
}
