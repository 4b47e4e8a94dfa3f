/**
 * Plain passes over memory, the measure of the optimizer steps: as many arrays read and written, and next to no
 * arithmetic. n floats each, in place.
 */
import { Four, FourAt4, FourAt8, FourAt12, One, bytes, sweep2, sweep3 } from "./lanes";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class Pass2 {
  @inline lanes<W>(x: usize, y: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(x, f32x4.add(w.load(x), w.load(y)));
  }
}

/** a = a + b: reads 2, writes 1, as plain SGD. */
export function read2Write1(n: i32, a: usize, b: usize): void {
  sweep2<Pass2>(n, a, b, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class Pass3 {
  @inline lanes<W>(x: usize, y: usize, z: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const shared = w.load(z);
    const p = w.load(x);
    const q = w.load(y);
    w.store(x, f32x4.add(p, shared));
    w.store(y, f32x4.add(q, shared));
  }
}

/** a = a + c, b = b + c: reads 3, writes 2, as momentum, AdaGrad, RMSProp and Lion. */
export function read3Write2(n: i32, a: usize, b: usize, c: usize): void {
  sweep3<Pass3>(n, a, b, c, ZERO, ZERO, ZERO);
}

@inline
function pass4<W>(a: usize, b: usize, c: usize, d: usize): void {
  const w = changetype<W>(0);
  const shared = w.load(d);
  const p = w.load(a);
  const q = w.load(b);
  const r = w.load(c);
  w.store(a, f32x4.add(p, shared));
  w.store(b, f32x4.add(q, shared));
  w.store(c, f32x4.add(r, shared));
}

/** a = a + d, b = b + d, c = c + d: reads 4, writes 3, as Adam and AdaDelta. */
export function read4Write3(n: i32, a: usize, b: usize, c: usize, d: usize): void {
  const unrolled = a + bytes(n & ~15);
  const end = a + bytes(n);
  for (; a < unrolled; a += 64, b += 64, c += 64, d += 64) {
    pass4<Four>(a, b, c, d);
    pass4<FourAt4>(a, b, c, d);
    pass4<FourAt8>(a, b, c, d);
    pass4<FourAt12>(a, b, c, d);
  }
  for (; a < end; a += 4, b += 4, c += 4, d += 4) pass4<One>(a, b, c, d);
}

@inline
function pass5<W>(a: usize, b: usize, c: usize, d: usize, e: usize): void {
  const w = changetype<W>(0);
  const shared = w.load(e);
  const p = w.load(a);
  const q = w.load(b);
  const r = w.load(c);
  const s = w.load(d);
  w.store(a, f32x4.add(p, shared));
  w.store(b, f32x4.add(q, shared));
  w.store(c, f32x4.add(r, shared));
  w.store(d, f32x4.add(s, shared));
}

/** a, b, c, d = each + e: reads 5, writes 4, as AMSGrad. */
export function read5Write4(n: i32, a: usize, b: usize, c: usize, d: usize, e: usize): void {
  const unrolled = a + bytes(n & ~15);
  const end = a + bytes(n);
  for (; a < unrolled; a += 64, b += 64, c += 64, d += 64, e += 64) {
    pass5<Four>(a, b, c, d, e);
    pass5<FourAt4>(a, b, c, d, e);
    pass5<FourAt8>(a, b, c, d, e);
    pass5<FourAt12>(a, b, c, d, e);
  }
  for (; a < end; a += 4, b += 4, c += 4, d += 4, e += 4) pass5<One>(a, b, c, d, e);
}
