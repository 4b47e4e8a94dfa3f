/** What the machine can do at most, for benches to measure against in the same run. */
import { bytes } from "./lanes";
import { madd } from "./simd";

const FACTOR: usize = memory.data<f32>([0.001]);

/**
 * n rounds of 12 multiply-adds on four lanes, all in registers: 96 floating-point operations a round, the limit of
 * arithmetic. Twelve independent chains hide the latency of one, and leave every engine enough registers.
 */
export function peak(n: i32): f32 {
  // From memory, so that no compiler makes it anew in every round; the chains soon stand at a / (1 - a).
  const a = v128.load32_splat(FACTOR);
  let c0 = f32x4.splat(0), c1 = f32x4.splat(1), c2 = f32x4.splat(2), c3 = f32x4.splat(3);
  let c4 = f32x4.splat(4), c5 = f32x4.splat(5), c6 = f32x4.splat(6), c7 = f32x4.splat(7);
  let c8 = f32x4.splat(8), c9 = f32x4.splat(9), c10 = f32x4.splat(10), c11 = f32x4.splat(11);
  for (; n > 0; --n) {
    c0 = madd(c0, a, a);
    c1 = madd(c1, a, a);
    c2 = madd(c2, a, a);
    c3 = madd(c3, a, a);
    c4 = madd(c4, a, a);
    c5 = madd(c5, a, a);
    c6 = madd(c6, a, a);
    c7 = madd(c7, a, a);
    c8 = madd(c8, a, a);
    c9 = madd(c9, a, a);
    c10 = madd(c10, a, a);
    c11 = madd(c11, a, a);
  }
  const sums = f32x4.add(f32x4.add(f32x4.add(c0, c1), f32x4.add(c2, c3)), f32x4.add(f32x4.add(c4, c5), f32x4.add(c6, c7)));
  return f32x4.extract_lane(f32x4.add(sums, f32x4.add(f32x4.add(c8, c9), f32x4.add(c10, c11))), 0);
}

/** y = x, n floats: the limit of memory, 8 bytes a float. */
export function copyFloats(n: i32, x: usize, y: usize): void {
  const end = y + bytes(n);
  for (const body = y + bytes(n & ~15); y < body; y += 64, x += 64) {
    v128.store(y, v128.load(x));
    v128.store(y, v128.load(x, 16), 16);
    v128.store(y, v128.load(x, 32), 32);
    v128.store(y, v128.load(x, 48), 48);
  }
  for (; y < end; y += 4, x += 4) store<f32>(y, load<f32>(x));
}
