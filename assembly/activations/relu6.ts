import { sweep2, sweep3 } from "../lanes";

const ZERO = f32x4.splat(0);
const SIX = f32x4.splat(6);

@unmanaged
@final
class Relu6Forward {
  @inline lanes<W>(y: usize, x: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(y, f32x4.pmin(f32x4.pmax(w.load(x), ZERO), SIX));
  }
}

/**
 * y = min(max(x, 0), 6).
 * x, y: n floats; y may be x. Overwrites y.
 * Krizhevsky 2010, "Convolutional deep belief networks on CIFAR-10". Exact; NaN stays NaN.
 */
export function relu6Forward(n: i32, x: usize, y: usize): void {
  sweep2<Relu6Forward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class Relu6Backward {
  @inline lanes<W>(dx: usize, y: usize, dy: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = w.load(y);
    w.store(dx, v128.and(w.load(dy), v128.and(f32x4.gt(v, ZERO), f32x4.lt(v, SIX))));
  }
}

/**
 * dx = dy where 0 < y < 6, else 0.
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function relu6Backward(n: i32, y: usize, dy: usize, dx: usize): void {
  sweep3<Relu6Backward>(n, dx, y, dy, ZERO, ZERO, ZERO);
}
