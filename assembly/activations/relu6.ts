import { map1, map2 } from "../lanes";
import { splat } from "../vmath";

const ZERO = f32x4.splat(0);
const SIX = memory.data<f32>([6]);

@unmanaged
@final
class Relu6Forward {
  @inline of(x: v128, a: v128, b: v128, c: v128): v128 {
    return f32x4.pmin(f32x4.pmax(x, ZERO), splat(SIX));
  }
}

/**
 * y = min(max(x, 0), 6).
 * x, y: n floats; y may be x. Overwrites y.
 * Krizhevsky 2010, "Convolutional deep belief networks on CIFAR-10". Exact; NaN stays NaN.
 */
export function relu6Forward(n: i32, x: usize, y: usize): void {
  map1<Relu6Forward>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class Relu6Backward {
  @inline of(y: v128, dy: v128, a: v128, b: v128, c: v128): v128 {
    return v128.and(dy, v128.and(f32x4.gt(y, ZERO), f32x4.lt(y, splat(SIX))));
  }
}

/**
 * dx = dy where 0 < y < 6, else 0.
 * y, dy, dx: n floats; dx may be dy or y. Overwrites dx. Saved by forward: y.
 */
export function relu6Backward(n: i32, y: usize, dy: usize, dx: usize): void {
  map2<Relu6Backward>(n, dx, y, dy, ZERO, ZERO, ZERO);
}
