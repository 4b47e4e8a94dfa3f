import { madd } from "../simd";

/**
 * y[j] = from[j] + sum over k of x[k] * w[k][j], j < 32: one row and four panels, `panel` bytes apart, at once.
 * The same chains as rowsTile.
 */
export function oneRowTile(k: i32, x: usize, w: usize, panel: usize, from: usize, y: usize): void {
  let w1 = w + panel, w2 = w1 + panel, w3 = w2 + panel;
  let c0 = v128.load(from), c1 = v128.load(from, 16), c2 = v128.load(from, 32), c3 = v128.load(from, 48);
  let c4 = v128.load(from, 64), c5 = v128.load(from, 80), c6 = v128.load(from, 96), c7 = v128.load(from, 112);
  for (; k > 0; --k) {
    const v = v128.load32_splat(x);
    c0 = madd(v, v128.load(w), c0);
    c1 = madd(v, v128.load(w, 16), c1);
    c2 = madd(v, v128.load(w1), c2);
    c3 = madd(v, v128.load(w1, 16), c3);
    c4 = madd(v, v128.load(w2), c4);
    c5 = madd(v, v128.load(w2, 16), c5);
    c6 = madd(v, v128.load(w3), c6);
    c7 = madd(v, v128.load(w3, 16), c7);
    x += 4;
    w += 32;
    w1 += 32;
    w2 += 32;
    w3 += 32;
  }
  v128.store(y, c0);
  v128.store(y, c1, 16);
  v128.store(y, c2, 32);
  v128.store(y, c3, 48);
  v128.store(y, c4, 64);
  v128.store(y, c5, 80);
  v128.store(y, c6, 96);
  v128.store(y, c7, 112);
}

/** Two rows of x, ldx bytes apart, and two panels at once, from the same 16 values; rows of y ldy bytes apart. */
export function twoRowsTile(k: i32, x: usize, ldx: usize, w: usize, panel: usize, from: usize, y: usize, ldy: usize): void {
  let x1 = x + ldx;
  let w1 = w + panel;
  let c0 = v128.load(from), c1 = v128.load(from, 16), c2 = v128.load(from, 32), c3 = v128.load(from, 48);
  let d0 = c0, d1 = c1, d2 = c2, d3 = c3;
  for (; k > 0; --k) {
    const v = v128.load32_splat(x), u = v128.load32_splat(x1);
    const b0 = v128.load(w), b1 = v128.load(w, 16);
    c0 = madd(v, b0, c0);
    d0 = madd(u, b0, d0);
    c1 = madd(v, b1, c1);
    d1 = madd(u, b1, d1);
    const b2 = v128.load(w1), b3 = v128.load(w1, 16);
    c2 = madd(v, b2, c2);
    d2 = madd(u, b2, d2);
    c3 = madd(v, b3, c3);
    d3 = madd(u, b3, d3);
    x += 4;
    x1 += 4;
    w += 32;
    w1 += 32;
  }
  v128.store(y, c0);
  v128.store(y, c1, 16);
  v128.store(y, c2, 32);
  v128.store(y, c3, 48);
  y += ldy;
  v128.store(y, d0);
  v128.store(y, d1, 16);
  v128.store(y, d2, 32);
  v128.store(y, d3, 48);
}
