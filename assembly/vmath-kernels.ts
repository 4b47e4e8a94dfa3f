/** Functions of vmath.ts over arrays, where no activation of the same formula exists. x, y: n floats; y may be x. */
import { map1 } from "./lanes";
import { erf, expm1, log, log1p } from "./vmath";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class Expm1 {
  @inline of(x: v128, a: v128, b: v128, c: v128): v128 {
    return expm1(x);
  }
}

/** y = e^x - 1. 3 ULP. */
export function vexpm1(n: i32, x: usize, y: usize): void {
  map1<Expm1>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class Log {
  @inline of(x: v128, a: v128, b: v128, c: v128): v128 {
    return log(x);
  }
}

/** y = log(x). 2 ULP. */
export function vlog(n: i32, x: usize, y: usize): void {
  map1<Log>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class Log1p {
  @inline of(x: v128, a: v128, b: v128, c: v128): v128 {
    return log1p(x);
  }
}

/** y = log(1 + x). 3 ULP. */
export function vlog1p(n: i32, x: usize, y: usize): void {
  map1<Log1p>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class Erf {
  @inline of(x: v128, a: v128, b: v128, c: v128): v128 {
    return erf(x);
  }
}

/** y = erf(x). 4 ULP. */
export function verf(n: i32, x: usize, y: usize): void {
  map1<Erf>(n, y, x, ZERO, ZERO, ZERO);
}
