import { map1, map2 } from "../lanes";
import { madd, select } from "../simd";
import { HALF, ONE, splat } from "../vmath";

const ZERO = f32x4.splat(0);
const THREE = memory.data<f32>([3]);
const MINUS_THREE = memory.data<f32>([-3]);
const SIX = memory.data<f32>([6]);
const SIXTH = memory.data<f32>([0.166666672]);
const THIRD = memory.data<f32>([0.333333343]);

@unmanaged
@final
class HardSiluForward {
  @inline of(x: v128, a: v128, b: v128, c: v128): v128 {
    const gate = f32x4.mul(f32x4.pmin(f32x4.pmax(f32x4.add(x, splat(THREE)), ZERO), splat(SIX)), splat(SIXTH));
    // The gate is 0 there: the limit instead of -Infinity * 0.
    return f32x4.mul(f32x4.pmax(x, splat(MINUS_THREE)), gate);
  }
}

/**
 * y = x * min(max(x + 3, 0), 6) / 6.
 * x, y: n floats; y may be x. Overwrites y.
 * Howard et al. 2019, section 5.2, there h-swish. 3 ULP; -0 at -Infinity.
 */
export function hardSiluForward(n: i32, x: usize, y: usize): void {
  map1<HardSiluForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class HardSiluBackward {
  @inline of(x: v128, dy: v128, a: v128, b: v128, c: v128): v128 {
    const slope = v128.and(madd(x, splat(THIRD), splat(HALF)), f32x4.gt(x, splat(MINUS_THREE)));
    return f32x4.mul(dy, select(f32x4.lt(x, splat(THREE)), slope, splat(ONE)));
  }
}

/**
 * dx = dy * (2 x + 3) / 6 where -3 < x < 3, 0 from -3 down and dy from 3 up.
 * x, dy, dx: n floats; dx may be dy or x. Overwrites dx. Saved by forward: x.
 */
export function hardSiluBackward(n: i32, x: usize, dy: usize, dx: usize): void {
  map2<HardSiluBackward>(n, dx, x, dy, ZERO, ZERO, ZERO);
}
