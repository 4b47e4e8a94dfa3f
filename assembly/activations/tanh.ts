import { map1With, map2 } from "../lanes";
import { E0, E1, E2, E3, E4, EXPM1_LOWEST, LN2, LOG2E, ONE, ROUND_127, SIGN, TWO, splat, tanhOf } from "../vmath";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class TanhForward {
  @inline of(
    x: v128, sign: v128, lowest: v128, log2e: v128, round: v128, ln2: v128,
    e0: v128, e1: v128, e2: v128, e3: v128, e4: v128, one: v128, two: v128,
  ): v128 {
    return tanhOf(x, sign, lowest, log2e, round, ln2, e0, e1, e2, e3, e4, one, two);
  }
}

/**
 * y = tanh(x).
 * x, y: n floats; y may be x. Overwrites y.
 * 3 ULP.
 */
export function tanhForward(n: i32, x: usize, y: usize): void {
  map1With<TanhForward>(
    n, y, x, splat(SIGN), splat(EXPM1_LOWEST), splat(LOG2E), splat(ROUND_127), splat(LN2),
    splat(E0), splat(E1), splat(E2), splat(E3), splat(E4), splat(ONE), splat(TWO),
  );
}

@unmanaged
@final
class TanhBackward {
  @inline of(y: v128, dy: v128, a: v128, b: v128, c: v128): v128 {
    return f32x4.mul(dy, f32x4.mul(f32x4.sub(splat(ONE), y), f32x4.add(splat(ONE), y)));
  }
}

/**
 * dx = dy * (1 - y) * (1 + y): unlike 1 - y^2 exact in its first factor, where y is near 1.
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function tanhBackward(n: i32, y: usize, dy: usize, dx: usize): void {
  map2<TanhBackward>(n, dx, y, dy, ZERO, ZERO, ZERO);
}
