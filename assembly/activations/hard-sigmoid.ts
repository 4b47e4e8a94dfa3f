import { map1, map2 } from "../lanes";
import { ONE, splat } from "../vmath";

const ZERO = f32x4.splat(0);
const THREE = memory.data<f32>([3]);
const SIX = memory.data<f32>([6]);
const SIXTH = memory.data<f32>([0.166666672]);

@unmanaged
@final
class HardSigmoidForward {
  @inline of(x: v128, a: v128, b: v128, c: v128): v128 {
    return f32x4.mul(f32x4.pmin(f32x4.pmax(f32x4.add(x, splat(THREE)), ZERO), splat(SIX)), splat(SIXTH));
  }
}

/**
 * y = min(max(x + 3, 0), 6) / 6.
 * x, y: n floats; y may be x. Overwrites y.
 * Howard et al. 2019, "Searching for MobileNetV3", section 5.2. 2 ULP.
 */
export function hardSigmoidForward(n: i32, x: usize, y: usize): void {
  map1<HardSigmoidForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class HardSigmoidBackward {
  @inline of(y: v128, dy: v128, a: v128, b: v128, c: v128): v128 {
    return v128.and(f32x4.mul(dy, splat(SIXTH)), v128.and(f32x4.gt(y, ZERO), f32x4.lt(y, splat(ONE))));
  }
}

/**
 * dx = dy / 6 where 0 < y < 1, else 0.
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function hardSigmoidBackward(n: i32, y: usize, dy: usize, dx: usize): void {
  map2<HardSigmoidBackward>(n, dx, y, dy, ZERO, ZERO, ZERO);
}
