import { map1, map2 } from "../lanes";
import { madd, nmadd, select } from "../simd";
import { ONE, exp2, splat } from "../vmath";

const ZERO = f32x4.splat(0);

// log2 Phi(-a) = -1 + a (T0 + T1 a + ... + T7 a^7) for 0 <= a <= 6, so that Phi(-a) max(1, a) has an absolute error of
// 2^-25 (scripts/minimax.py). Beyond 6 the polynomial goes on falling.
const MINUS_ONE = memory.data<f32>([-1]);
const T0 = memory.data<f32>([-1.15110791]);
const T1 = memory.data<f32>([-0.459177166]);
const T2 = memory.data<f32>([-0.0526100993]);
const T3 = memory.data<f32>([0.00725194672]);
const T4 = memory.data<f32>([-0.000296535727]);
const T5 = memory.data<f32>([-0.000114800096]);
const T6 = memory.data<f32>([2.34116997e-5]);
const T7 = memory.data<f32>([-1.43512341e-6]);
/** Here the polynomial is -127, of which exp2 makes 0. */
const TAIL_HIGHEST = memory.data<f32>([10.8437]);

@unmanaged
@final
class GeluForward {
  @inline of(x: v128, a: v128, b: v128, c: v128): v128 {
    const size = f32x4.pmin(f32x4.abs(x), splat(TAIL_HIGHEST));
    let t = madd(splat(T7), size, splat(T6));
    t = madd(t, size, splat(T5));
    t = madd(t, size, splat(T4));
    t = madd(t, size, splat(T3));
    t = madd(t, size, splat(T2));
    t = madd(t, size, splat(T1));
    t = madd(t, size, splat(T0));
    const tail = exp2(madd(t, size, splat(MINUS_ONE)));
    return nmadd(size, tail, f32x4.pmax(x, ZERO));
  }
}

/**
 * y = x * Phi(x), Phi(x) = (1 + erf(x / sqrt(2))) / 2, computed as max(x, 0) - |x| * Phi(-|x|), which does not cancel.
 * x, y: n floats; y may be x. Overwrites y.
 * Hendrycks & Gimpel 2016, section 2. 10 eps absolute or 5 eps relative; 0 at -Infinity.
 */
export function geluForward(n: i32, x: usize, y: usize): void {
  map1<GeluForward>(n, y, x, ZERO, ZERO, ZERO);
}

// The derivative at -a is Phi(-a) - a phi(a) = e^(-a^2 / 2) (D0 + D1 a + ... + D10 a^10): 2^-23.4 absolute.
const MINUS_HALF_LOG2E = memory.data<f32>([-0.72134752]);
const D0 = memory.data<f32>([0.499999911]);
const D1 = memory.data<f32>([-0.797877014]);
const D2 = memory.data<f32>([0.249894783]);
const D3 = memory.data<f32>([-0.132410586]);
const D4 = memory.data<f32>([0.0609148964]);
const D5 = memory.data<f32>([-0.0240012333]);
const D6 = memory.data<f32>([0.00769745279]);
const D7 = memory.data<f32>([-0.00186160463]);
const D8 = memory.data<f32>([0.000308601855]);
const D9 = memory.data<f32>([-3.05717185e-5]);
const D10 = memory.data<f32>([1.3451903e-6]);
/** Here e^(-a^2 / 2) is 2^-127, of which exp2 makes 0. */
const BELL_HIGHEST = memory.data<f32>([13.27]);

@unmanaged
@final
class GeluBackward {
  @inline of(x: v128, dy: v128, a: v128, b: v128, c: v128): v128 {
    const size = f32x4.pmin(f32x4.abs(x), splat(BELL_HIGHEST));
    let d = madd(splat(D10), size, splat(D9));
    d = madd(d, size, splat(D8));
    d = madd(d, size, splat(D7));
    d = madd(d, size, splat(D6));
    d = madd(d, size, splat(D5));
    d = madd(d, size, splat(D4));
    d = madd(d, size, splat(D3));
    d = madd(d, size, splat(D2));
    d = madd(d, size, splat(D1));
    d = madd(d, size, splat(D0));
    const below = f32x4.mul(d, exp2(f32x4.mul(f32x4.mul(size, size), splat(MINUS_HALF_LOG2E))));
    return f32x4.mul(dy, select(f32x4.lt(x, ZERO), below, f32x4.sub(splat(ONE), below)));
  }
}

/**
 * dx = dy * (Phi(x) + x * phi(x)), phi(x) = e^(-x^2 / 2) / sqrt(2 pi). Above 0 it is 1 minus what it is at -x.
 * x, dy, dx: n floats; dx may be dy or x. Overwrites dx. Saved by forward: x.
 */
export function geluBackward(n: i32, x: usize, dy: usize, dx: usize): void {
  map2<GeluBackward>(n, dx, x, dy, ZERO, ZERO, ZERO);
}
