import { madd } from "../simd";

/**
 * y[j] = from[j] + sum over k of x[k] * w[k][j], j < 32: one row and four panels, `panel` bytes apart, at once.
 * The same chains as rowsTile.
 */
export function oneRowTile(k: i32, x: usize, w: usize, panel: usize, from: usize, y: usize): void {
  let w1 = w + panel, w2 = w1 + panel, w3 = w2 + panel;
  let c0 = v128.load(from), c1 = v128.load(from, 16), c2 = v128.load(from, 32), c3 = v128.load(from, 48);
  let c4 = v128.load(from, 64), c5 = v128.load(from, 80), c6 = v128.load(from, 96), c7 = v128.load(from, 112);
  // Four terms a pass, kept apart by the exits between them: see rowsTile. The exits inside a term are never taken, panels
  // having a length: some compilers put all loads of a block first, and those of a whole term are too many.
  for (; k > 0; k -= 4) {
    const v0 = v128.load32_splat(x);
    c0 = madd(v0, v128.load(w), c0);
    c1 = madd(v0, v128.load(w, 16), c1);
    c2 = madd(v0, v128.load(w1), c2);
    c3 = madd(v0, v128.load(w1, 16), c3);
    if (w1 == w) break;
    c4 = madd(v0, v128.load(w2), c4);
    c5 = madd(v0, v128.load(w2, 16), c5);
    c6 = madd(v0, v128.load(w3), c6);
    c7 = madd(v0, v128.load(w3, 16), c7);
    if (k == 1) break;
    const v1 = v128.load32_splat(x, 4);
    c0 = madd(v1, v128.load(w, 32), c0);
    c1 = madd(v1, v128.load(w, 48), c1);
    c2 = madd(v1, v128.load(w1, 32), c2);
    c3 = madd(v1, v128.load(w1, 48), c3);
    if (w1 == w) break;
    c4 = madd(v1, v128.load(w2, 32), c4);
    c5 = madd(v1, v128.load(w2, 48), c5);
    c6 = madd(v1, v128.load(w3, 32), c6);
    c7 = madd(v1, v128.load(w3, 48), c7);
    if (k == 2) break;
    const v2 = v128.load32_splat(x, 8);
    c0 = madd(v2, v128.load(w, 64), c0);
    c1 = madd(v2, v128.load(w, 80), c1);
    c2 = madd(v2, v128.load(w1, 64), c2);
    c3 = madd(v2, v128.load(w1, 80), c3);
    if (w1 == w) break;
    c4 = madd(v2, v128.load(w2, 64), c4);
    c5 = madd(v2, v128.load(w2, 80), c5);
    c6 = madd(v2, v128.load(w3, 64), c6);
    c7 = madd(v2, v128.load(w3, 80), c7);
    if (k == 3) break;
    const v3 = v128.load32_splat(x, 12);
    c0 = madd(v3, v128.load(w, 96), c0);
    c1 = madd(v3, v128.load(w, 112), c1);
    c2 = madd(v3, v128.load(w1, 96), c2);
    c3 = madd(v3, v128.load(w1, 112), c3);
    if (w1 == w) break;
    c4 = madd(v3, v128.load(w2, 96), c4);
    c5 = madd(v3, v128.load(w2, 112), c5);
    c6 = madd(v3, v128.load(w3, 96), c6);
    c7 = madd(v3, v128.load(w3, 112), c7);
    x += 16;
    w += 128;
    w1 += 128;
    w2 += 128;
    w3 += 128;
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
  for (; k > 0; k -= 2) {
    const v0 = v128.load32_splat(x), u0 = v128.load32_splat(x1);
    {
      const b0 = v128.load(w), b1 = v128.load(w, 16);
      c0 = madd(v0, b0, c0);
      d0 = madd(u0, b0, d0);
      c1 = madd(v0, b1, c1);
      d1 = madd(u0, b1, d1);
      const b2 = v128.load(w1), b3 = v128.load(w1, 16);
      c2 = madd(v0, b2, c2);
      d2 = madd(u0, b2, d2);
      c3 = madd(v0, b3, c3);
      d3 = madd(u0, b3, d3);
    }
    if (k == 1) break;
    const v1 = v128.load32_splat(x, 4), u1 = v128.load32_splat(x1, 4);
    {
      const b0 = v128.load(w, 32), b1 = v128.load(w, 48);
      c0 = madd(v1, b0, c0);
      d0 = madd(u1, b0, d0);
      c1 = madd(v1, b1, c1);
      d1 = madd(u1, b1, d1);
      const b2 = v128.load(w1, 32), b3 = v128.load(w1, 48);
      c2 = madd(v1, b2, c2);
      d2 = madd(u1, b2, d2);
      c3 = madd(v1, b3, c3);
      d3 = madd(u1, b3, d3);
    }
    x += 8;
    x1 += 8;
    w += 64;
    w1 += 64;
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
