import { sweep2, sweep3 } from "../lanes";

const ZERO = f32x4.splat(0);
const ONE = f32x4.splat(1);
const THREE = f32x4.splat(3);
const SIX = f32x4.splat(6);
const SIXTH = f32x4.splat(0.166666672);

@unmanaged
@final
class HardSigmoidForward {
  @inline lanes<W>(y: usize, x: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(y, f32x4.mul(f32x4.pmin(f32x4.pmax(f32x4.add(w.load(x), THREE), ZERO), SIX), SIXTH));
  }
}

/**
 * y = min(max(x + 3, 0), 6) / 6.
 * x, y: n floats; y may be x. Overwrites y.
 * Howard et al. 2019, "Searching for MobileNetV3", section 5.2. 2 ULP.
 */
export function hardSigmoidForward(n: i32, x: usize, y: usize): void {
  sweep2<HardSigmoidForward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class HardSigmoidBackward {
  @inline lanes<W>(dx: usize, y: usize, dy: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = w.load(y);
    w.store(dx, v128.and(f32x4.mul(w.load(dy), SIXTH), v128.and(f32x4.gt(v, ZERO), f32x4.lt(v, ONE))));
  }
}

/**
 * dx = dy / 6 where 0 < y < 1, else 0.
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function hardSigmoidBackward(n: i32, y: usize, dy: usize, dx: usize): void {
  sweep3<HardSigmoidBackward>(n, dx, y, dy, ZERO, ZERO, ZERO);
}
