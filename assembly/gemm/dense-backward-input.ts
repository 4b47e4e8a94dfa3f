import { madd } from "../simd";
import { bytes, Four, One } from "../lanes";
import { columnsInPanels } from "./panels";
import { dotProducts } from "./dot";
import { panelProducts } from "./panel-products";
import { storeTransposed } from "./transpose";
import { Four as Quad, Six } from "./tile-size";
import { ZEROS } from "./zeros";

/** From how many samples on it pays to transpose w: that takes an instruction for each weight, the product m / 2. */
const MANY_SAMPLES: i32 = 16;
/** Rows of w that are transposed at once, in the first-level cache. */
const BLOCK: i32 = 32;
/** Floats behind them where the pad columns of w come to lie: three rows of 8. */
const PADS: i32 = 24;

/** Floats of scratch that denseBackwardInput needs, the same for every m and for any part of the rows of w. */
export function denseBackwardInputScratch(m: i32, n: i32, k: i32): i32 {
  return columnsInPanels(n) > 0 ? n * min(k + 7 & ~7, BLOCK) + PADS : 0;
}

/**
 * dX = dY W', of which the columns first to first + count - 1 are computed.
 * dy: [m, n], rows ldy floats apart; w: [k, n] in panels (panels.ts); dx: [m, k], rows ldx floats apart; scratch:
 * denseBackwardInputScratch(m, n, k) floats. Overwrites those m x count floats of dx; dx must not overlap the rest.
 * With 16 samples or more every element is one chain in the order of n, from 0. With fewer, the columns of w that are in
 * panels are summed in dot form (dot-tile.ts), to which the narrow ones are added one by one. So an element depends on
 * its row, its column and on whether there are 16 samples: any columns give the same bits as the whole product.
 */
export function denseBackwardInput(
  m: i32, n: i32, k: i32, first: i32, count: i32, dy: usize, ldy: i32, w: usize, dx: usize, ldx: i32, scratch: usize,
): void {
  backwardInput<Six>(m, n, k, first, count, dy, bytes(ldy), w, dx, bytes(ldx), scratch);
}

/** denseBackwardInput with tiles at most 4 rows high: see denseForwardShort. */
export function denseBackwardInputShort(
  m: i32, n: i32, k: i32, first: i32, count: i32, dy: usize, ldy: i32, w: usize, dx: usize, ldx: i32, scratch: usize,
): void {
  backwardInput<Quad>(m, n, k, first, count, dy, bytes(ldy), w, dx, bytes(ldx), scratch);
}

function backwardInput<T>(
  m: i32, n: i32, k: i32, first: i32, count: i32, dy: usize, ldy: usize, w: usize, dx: usize, ldx: usize, scratch: usize,
): void {
  const inPanels = columnsInPanels(n);
  const panel = <usize>k << 5;
  let narrow = w + <usize>inPanels * bytes(k) + bytes(first);
  w += <usize>first << 5;
  dx += bytes(first);
  if (m >= MANY_SAMPLES && inPanels > 0) {
    for (; count > 0; count -= BLOCK) {
      const rows = min(count, BLOCK);
      transpose(n, rows, w, panel, narrow, bytes(k), scratch);
      panelProducts<T>(m, rows, n, dy, ldy, scratch, ZEROS, 0, dx, ldx);
      w += <usize>rows << 5;
      narrow += bytes(rows);
      dx += bytes(rows);
    }
    return;
  }
  if (inPanels > 0) dotProducts<T>(m, count, inPanels, dy, ldy, w, 32, panel, ZEROS, 0, dx, ldx);
  if (inPanels == n && n > 0) return;
  dy += bytes(inPanels);
  for (; m > 0; --m, dy += ldy, dx += ldx) {
    if (n == 0) memory.fill(dx, 0, bytes(count));
    else addNarrow(count, n - inPanels, inPanels == 0, dy, narrow, bytes(k), dx);
  }
}

/**
 * Some rows of w as panels of its transpose, [row / 8][n][8]. w: the first of them, the same row `panel` bytes further on
 * in the next panel; narrow: its element in the first narrow column, `column` bytes before that in the next.
 */
function transpose(n: i32, rows: i32, w: usize, panel: usize, narrow: usize, column: usize, target: usize): void {
  for (let r = 0; r < rows; r += 8) {
    transposeFour(n, rows - r, w, panel, narrow, column, target);
    if (rows - r > 4) transposeFour(n, rows - r - 4, w + 128, panel, narrow + 16, column, target + 16);
    w += 256;
    narrow += 32;
    target += <usize>n << 5;
  }
}

/**
 * Four rows of w, the last of `rows` repeated where there are fewer, as four columns of a panel. What comes behind the
 * rows in narrow columns only meets columns of dx that are not stored.
 */
function transposeFour(n: i32, rows: i32, w: usize, panel: usize, narrow: usize, column: usize, target: usize): void {
  const inPanels = columnsInPanels(n);
  const second: usize = rows > 1 ? 32 : 0;
  const third = rows > 2 ? second + 32 : second;
  const fourth = rows > 3 ? third + 32 : third;
  for (let left = inPanels; left > 0; left -= 8) {
    const w1 = w + second, w2 = w + third, w3 = w + fourth;
    storeTransposed(v128.load(w), v128.load(w1), v128.load(w2), v128.load(w3), target);
    storeTransposed(v128.load(w, 16), v128.load(w1, 16), v128.load(w2, 16), v128.load(w3, 16), target + 128);
    target += 256;
    w += panel;
  }
  for (let left = n - inPanels; left > 0; --left) {
    v128.store(target, v128.load(narrow));
    target += 32;
    narrow += column;
  }
}

/** One row: dx = dx (zero if fresh) + the n narrow columns of w, each times its dy, in order. */
function addNarrow(count: i32, n: i32, fresh: bool, dy: usize, w: usize, column: usize, dx: usize): void {
  const d0 = v128.load32_splat(dy);
  const body = dx + bytes(count & ~3);
  const end = dx + bytes(count);
  const d1 = n > 1 ? v128.load32_splat(dy, 4) : d0;
  const d2 = n > 2 ? v128.load32_splat(dy, 8) : d0;
  const d3 = n > 3 ? v128.load32_splat(dy, 12) : d0;
  for (; dx < body; dx += 16, w += 16) addNarrowLanes<Four>(n, fresh, d0, d1, d2, d3, w, column, dx);
  for (; dx < end; dx += 4, w += 4) addNarrowLanes<One>(n, fresh, d0, d1, d2, d3, w, column, dx);
}

@inline
function addNarrowLanes<L>(n: i32, fresh: bool, d0: v128, d1: v128, d2: v128, d3: v128, w: usize, column: usize, dx: usize): void {
  const lanes = changetype<L>(0);
  let sum = madd(d0, lanes.load(w), fresh ? f32x4.splat(0) : lanes.load(dx));
  if (n > 1) sum = madd(d1, lanes.load(w + column), sum);
  if (n > 2) sum = madd(d2, lanes.load(w + 2 * column), sum);
  if (n > 3) sum = madd(d3, lanes.load(w + 3 * column), sum);
  lanes.store(dx, sum);
}
