/** Numbers of other types as floats. n counts elements. */
import { bytes } from "./lanes";

/** y[i] = x[i], x: n bytes at any address, each exact as a float. Overwrites y. */
export function u8ToF32(n: i32, x: usize, y: usize): void {
  const end = y + bytes(n);
  for (const body = y + bytes(n & ~15); y < body; y += 64, x += 16) {
    const low = v128.load8x8_u(x);
    const high = v128.load8x8_u(x, 8);
    v128.store(y, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(low)));
    v128.store(y, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(low)), 16);
    v128.store(y, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(high)), 32);
    v128.store(y, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(high)), 48);
  }
  for (; y < end; y += 4, ++x) store<f32>(y, <f32>load<u8>(x));
}

/** y[i] = the float nearest to the 32-bit integer x[i] (exact up to 2^24). Overwrites y, which may be x. */
export function i32ToF32(n: i32, x: usize, y: usize): void {
  const end = y + bytes(n);
  for (const body = y + bytes(n & ~3); y < body; y += 16, x += 16) v128.store(y, f32x4.convert_i32x4_s(v128.load(x)));
  for (; y < end; y += 4, x += 4) store<f32>(y, <f32>load<i32>(x));
}

/** y[i] = the float nearest to the f64 x[i]. Overwrites y, which may be x. */
export function f64ToF32(n: i32, x: usize, y: usize): void {
  const end = y + bytes(n);
  for (const body = y + bytes(n & ~3); y < body; y += 16, x += 32) {
    const low = f32x4.demote_f64x2_zero(v128.load(x));
    const high = f32x4.demote_f64x2_zero(v128.load(x, 16));
    v128.store(y, i8x16.shuffle(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
  }
  for (; y < end; y += 4, x += 8) store<f32>(y, <f32>load<f64>(x));
}
