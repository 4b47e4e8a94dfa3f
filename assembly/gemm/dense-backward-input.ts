import { madd } from "../simd";
import { bytes, Four, One } from "../lanes";
import { columnsInPanels } from "./panels";
import { dotProducts } from "./dot";
import { Four as Quad, Six } from "./tile-size";
import { ZEROS } from "./zeros";

/** From how many samples on it pays to lay rows of w out in one piece first. */
const MANY_SAMPLES: i32 = 32;

/**
 * Whether it does: a row of w lies 8 floats here and 8 floats a panel further on. Where the row is long those are many
 * pages, and where a panel is a multiple of a page long (k of 128, 256, ...) they push each other out of the cache.
 */
@inline
function isScattered(m: i32, n: i32, k: i32): bool {
  return m >= MANY_SAMPLES && (n >= 512 || ((k & 127) == 0 && n >= 64));
}

/** Floats of those rows that are worked on at once, in the second-level cache. */
const SLAB: i32 = 65536;

/** Floats of scratch that denseBackwardInput needs, the same for every m: a part of the rows may bring its own. */
export function denseBackwardInputScratch(m: i32, n: i32, k: i32): i32 {
  return isScattered(MANY_SAMPLES, columnsInPanels(n), k) ? min(k, slabRows(n)) * slabStride(n) : 0;
}

@inline
function slabRows(n: i32): i32 {
  return max(2, SLAB / slabStride(n) & ~1);
}

/** Floats from row to row of a slab, never a multiple of a page. */
@inline
function slabStride(n: i32): i32 {
  return (n + 7 & ~7) + 16;
}

/**
 * dX = dY W'.
 * dy: [m, n], rows ldy floats apart; w: [k, n] in panels (panels.ts); dx: [m, k], rows ldx floats apart; scratch:
 * denseBackwardInputScratch(m, n, k) floats. Overwrites those m x k floats of dx; dx must not overlap the rest.
 * The panels in dot form (dot-tile.ts), then the narrow columns one by one: an element depends on its row and column
 * only, and any run of rows gives the same bits as the whole product.
 */
export function denseBackwardInput(m: i32, n: i32, k: i32, dy: usize, ldy: i32, w: usize, dx: usize, ldx: i32, scratch: usize): void {
  backwardInput<Six>(m, n, k, dy, ldy, w, dx, ldx, scratch);
}

/** denseBackwardInput with tiles at most 4 rows high: see denseForwardShort. */
export function denseBackwardInputShort(m: i32, n: i32, k: i32, dy: usize, ldy: i32, w: usize, dx: usize, ldx: i32, scratch: usize): void {
  backwardInput<Quad>(m, n, k, dy, ldy, w, dx, ldx, scratch);
}

function backwardInput<T>(m: i32, n: i32, k: i32, dy: usize, ldy: i32, w: usize, dx: usize, ldx: i32, scratch: usize): void {
  const inPanels = columnsInPanels(n);
  const panel = <usize>k << 5;
  const dyRow = bytes(ldy);
  const dxRow = bytes(ldx);
  if (isScattered(m, inPanels, k)) {
    const stride = bytes(slabStride(n));
    for (let i = 0; i < k; ) {
      const rows = min(k - i, slabRows(n));
      rowsFromPanels(inPanels, rows, w + (<usize>i << 5), panel, scratch, stride);
      dotProducts<T>(m, rows, inPanels, dy, dyRow, scratch, stride, 32, ZEROS, 0, dx + bytes(i), dxRow);
      i += rows;
    }
  } else if (inPanels > 0) dotProducts<T>(m, k, inPanels, dy, dyRow, w, 32, panel, ZEROS, 0, dx, dxRow);
  const narrow = n - inPanels;
  if (narrow == 0 && n > 0) return;
  dy += bytes(inPanels);
  w += <usize>inPanels * bytes(k);
  for (; m > 0; --m) {
    if (n == 0) memory.fill(dx, 0, bytes(k));
    else addNarrow(k, narrow, inPanels == 0, dy, w, dx);
    dy += dyRow;
    dx += dxRow;
  }
}

/** One row: dx = dx (zero if fresh) + the n narrow columns of w, each times its dy, in order. */
function addNarrow(k: i32, n: i32, fresh: bool, dy: usize, w: usize, dx: usize): void {
  const d0 = v128.load32_splat(dy);
  const column = bytes(k);
  const body = dx + bytes(k & ~3);
  const end = dx + bytes(k);
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

/** Copies some rows of n columns of panels, `panel` bytes apart, into rows `stride` bytes apart. */
function rowsFromPanels(n: i32, rows: i32, w: usize, panel: usize, target: usize, stride: usize): void {
  for (; n > 0; n -= 8) {
    let p = target;
    for (const end = w + (<usize>rows << 5); w != end; w += 32) {
      v128.store(p, v128.load(w));
      v128.store(p, v128.load(w, 16), 16);
      p += stride;
    }
    w += panel - (<usize>rows << 5);
    target += 32;
  }
}
