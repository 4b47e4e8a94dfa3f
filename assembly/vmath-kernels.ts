/** Functions of vmath.ts over arrays, where no activation of the same formula exists. x, y: n floats; y may be x. */
import { sweep2 } from "./lanes";
import { erf, expm1, log, log1p } from "./vmath";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class Expm1 {
  @inline lanes<W>(y: usize, x: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(y, expm1(w.load(x)));
  }
}

/** y = e^x - 1. 3 ULP. */
export function vexpm1(n: i32, x: usize, y: usize): void {
  sweep2<Expm1>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class Log {
  @inline lanes<W>(y: usize, x: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(y, log(w.load(x)));
  }
}

/** y = log(x). 2 ULP. */
export function vlog(n: i32, x: usize, y: usize): void {
  sweep2<Log>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class Log1p {
  @inline lanes<W>(y: usize, x: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(y, log1p(w.load(x)));
  }
}

/** y = log(1 + x). 3 ULP. */
export function vlog1p(n: i32, x: usize, y: usize): void {
  sweep2<Log1p>(n, y, x, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class Erf {
  @inline lanes<W>(y: usize, x: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(y, erf(w.load(x)));
  }
}

/** y = erf(x). 4 ULP. */
export function verf(n: i32, x: usize, y: usize): void {
  sweep2<Erf>(n, y, x, ZERO, ZERO, ZERO);
}
