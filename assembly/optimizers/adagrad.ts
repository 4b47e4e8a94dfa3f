/** AdaGrad: each weight's rate falls with the sum of its squared gradients. */
import { madd } from "../simd";
import { update } from "./update";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class Adagrad {
  @inline delta<W>(
    g: v128, a: usize, s1: usize, s2: usize,
    rate: v128, inside: v128, outside: v128, d: v128, e: v128, f: v128, h: v128,
  ): v128 {
    const w = changetype<W>(0);
    const a1 = madd(g, g, w.load(a));
    w.store(a, a1);
    const root = f32x4.add(f32x4.sqrt(f32x4.add(a1, inside)), outside);
    return f32x4.div(f32x4.mul(rate, g), root);
  }
}

/**
 * a = a + g²; delta = rate * g / (sqrt(a + inside) + outside).
 * Keras's epsilon is inside the root, PyTorch's outside; the other one is 0.
 * theta, g, a: n floats. Overwrites theta and a. Duchi et al. 2011.
 */
export function adagradStep(
  n: i32, theta: usize, g: usize, a: usize,
  scale: f32, limit: f32, coupled: f32, decay: f32, rate: f32, inside: f32, outside: f32,
): void {
  const r = f32x4.splat(rate);
  const e1 = f32x4.splat(inside);
  const e2 = f32x4.splat(outside);
  update<Adagrad>(n, theta, g, a, 0, 0, scale, limit, coupled, decay, r, e1, e2, ZERO, ZERO, ZERO, ZERO);
}
