import { map1With, map2 } from "../lanes";
import {
  EXP_LOWEST, LN2_HIGH, LN2_LOW, MINUS_LOG2E, ONE, ROUND_90, S0, S1, S2, S3, S4, SIGMOID_HIGHEST, TWO_TO_MINUS_32,
  sigmoidOf, splat,
} from "../vmath";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class SigmoidForward {
  @inline of(
    x: v128, lowest: v128, highest: v128, minusLog2e: v128, round: v128, ln2High: v128, ln2Low: v128,
    s0: v128, s1: v128, s2: v128, s3: v128, s4: v128, one: v128,
  ): v128 {
    return sigmoidOf(x, lowest, highest, minusLog2e, round, ln2High, ln2Low, s0, s1, s2, s3, s4, one);
  }
}

/**
 * y = 1 / (1 + e^-x).
 * x, y: n floats; y may be x. Overwrites y.
 * 4 ULP.
 */
export function sigmoidForward(n: i32, x: usize, y: usize): void {
  map1With<SigmoidForward>(
    n, y, x, splat(EXP_LOWEST), splat(SIGMOID_HIGHEST), splat(MINUS_LOG2E), splat(ROUND_90), splat(LN2_HIGH), splat(LN2_LOW),
    splat(S0), splat(S1), splat(S2), splat(S3), splat(S4), splat(TWO_TO_MINUS_32),
  );
}

@unmanaged
@final
class SigmoidBackward {
  @inline of(y: v128, dy: v128, a: v128, b: v128, c: v128): v128 {
    return f32x4.mul(dy, f32x4.mul(y, f32x4.sub(splat(ONE), y)));
  }
}

/**
 * dx = dy * y * (1 - y).
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function sigmoidBackward(n: i32, y: usize, dy: usize, dx: usize): void {
  map2<SigmoidBackward>(n, dx, y, dy, ZERO, ZERO, ZERO);
}
