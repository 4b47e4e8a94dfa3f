/** AdaGrad: each weight's rate falls with the sum of its squared gradients. */
import { madd } from "../simd";
import { splat } from "../vmath";
import { FLOOR } from "./moving-average";
import { update } from "./update";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class Adagrad {
  @inline direction<W>(
    g: v128, a: usize, s1: usize, s2: usize,
    inside: v128, outside: v128, floor: v128, d: v128, e: v128, f: v128, h: v128,
  ): v128 {
    const w = changetype<W>(0);
    const a1 = madd(g, g, f32x4.pmax(w.load(a), floor)); // in this order NaN stays NaN
    w.store(a, a1);
    return f32x4.div(g, f32x4.add(f32x4.sqrt(f32x4.add(a1, inside)), outside));
  }
}

/**
 * a = a + g², at least 2^-120; theta = theta - rate * g / (sqrt(a + inside) + outside).
 * Keras's epsilon is inside the root, PyTorch's outside; the other one is 0.
 * theta, g, a: n floats. Overwrites theta and a. Duchi et al. 2011.
 */
export function adagradStep(
  n: i32, theta: usize, g: usize, a: usize,
  scale: f32, limit: f32, coupled: f32, decay: f32, rate: f32, inside: f32, outside: f32,
): void {
  const e1 = f32x4.splat(inside);
  const e2 = f32x4.splat(outside);
  const c = splat(FLOOR);
  update<Adagrad>(n, theta, g, a, 0, 0, scale, limit, coupled, decay, rate, e1, e2, c, ZERO, ZERO, ZERO, ZERO);
}
