import { bytes } from "../lanes";

const ZERO = f32x4.splat(0);

/**
 * db[j] = sum over the m samples of dy[i][j], n columns.
 * dy: rows ldy floats apart; db: n floats, overwritten. Every element is one chain over the samples in order, from 0:
 * any run of columns gives the same bits.
 */
export function biasBackward(m: i32, n: i32, dy: usize, ldy: i32, db: usize): void {
  const row = bytes(ldy);
  let j = 0;
  for (; j + 16 <= n; j += 16, dy += 64, db += 64) {
    let s0 = ZERO, s1 = ZERO, s2 = ZERO, s3 = ZERO;
    let p = dy;
    for (let i = m; i > 0; --i) {
      s0 = f32x4.add(s0, v128.load(p));
      s1 = f32x4.add(s1, v128.load(p, 16));
      s2 = f32x4.add(s2, v128.load(p, 32));
      s3 = f32x4.add(s3, v128.load(p, 48));
      p += row;
    }
    v128.store(db, s0);
    v128.store(db, s1, 16);
    v128.store(db, s2, 32);
    v128.store(db, s3, 48);
  }
  for (; j + 4 <= n; j += 4, dy += 16, db += 16) {
    let sum = ZERO;
    let p = dy;
    for (let i = m; i > 0; --i) {
      sum = f32x4.add(sum, v128.load(p));
      p += row;
    }
    v128.store(db, sum);
  }
  for (; j < n; ++j, dy += 4, db += 4) {
    let sum: f32 = 0;
    let p = dy;
    for (let i = m; i > 0; --i) {
      sum += load<f32>(p);
      p += row;
    }
    store<f32>(db, sum);
  }
}
