import { bytes } from "../lanes";
import { columnsInPanels, panelFloats } from "./panels";
import { columnsOfPanel, evenPart } from "./rows";
import { firstLanes } from "./store";
import { samplesTile } from "./samples-tile";
import { One, Two, Three, Four, Six } from "./tile-size";
import { ZEROS } from "./zeros";

/** Most samples at once: their rows of x stay in the second-level cache while the panels pass over them. */
const SAMPLES_AT_ONCE: i32 = 128;
/** Rows of a panel of dw that stay in the first-level cache while all samples are added to them. */
const ROWS_AT_ONCE: i32 = 512;
/** Pages of memory that a core can touch in turn without looking up an address again, a little below the usual 96. */
const PAGES: i32 = 88;

/**
 * dW = X' dY, in the storage of W.
 * x: [m, k], rows ldx floats apart; dy: [m, n], rows ldy floats apart; dw: panels of a [k, n] kernel (panels.ts).
 * Overwrites dw; its pad columns become zero.
 * Every element is one chain over the samples in order, from 0: any run of whole panels (with or without the narrow
 * columns after the last) gives the same bits as the whole product.
 */
export function denseBackwardWeights(m: i32, n: i32, k: i32, x: usize, ldx: i32, dy: usize, ldy: i32, dw: usize): void {
  backwardWeights<Six>(m, n, k, x, bytes(ldx), dy, bytes(ldy), dw);
}

/** denseBackwardWeights with tiles at most 4 rows high: see denseForwardShort. */
export function denseBackwardWeightsShort(m: i32, n: i32, k: i32, x: usize, ldx: i32, dy: usize, ldy: i32, dw: usize): void {
  backwardWeights<Four>(m, n, k, x, bytes(ldx), dy, bytes(ldy), dw);
}

function backwardWeights<T>(m: i32, n: i32, k: i32, x: usize, ldx: usize, dy: usize, ldy: usize, dw: usize): void {
  const inPanels = columnsInPanels(n);
  if (inPanels < n) narrowColumns(m, n - inPanels, k, x, ldx, dy + bytes(inPanels), ldy, dw + <usize>inPanels * bytes(k));
  if (m == 0) memory.fill(dw, 0, bytes(panelFloats(k, inPanels)));
  const inReach = samplesInReach(ldx, ldy);
  const byTiles = m > 16 && inReach >= 32;
  const most = byTiles ? inReach : SAMPLES_AT_ONCE;
  for (let done = 0; done < m; ) {
    const samples = evenPart(m - done, most);
    for (let j = 0; j < inPanels; j += 8) {
      const panel = dw + <usize>j * bytes(k);
      if (byTiles) {
        const from = done > 0 ? panel : ZEROS;
        const fromStep: usize = done > 0 ? 32 : 0;
        columnsOfPanel<T>(k, samples, 8, x, ldx, dy + bytes(j), ldy, from, fromStep, panel, 32);
      } else addSamples(k, samples, done > 0, x, ldx, dy + bytes(j), ldy, panel);
    }
    done += samples;
    x += <usize>samples * ldx;
    dy += <usize>samples * ldy;
  }
  if (inPanels & 7) clearPads(k, inPanels & 7, dw + <usize>(inPanels & ~7) * bytes(k));
}

/**
 * A tile of dw visits one place in every row of x and dy before it visits the next. This is how many rows it can visit
 * at full speed: their pages must be known to the core, and where rows are a multiple of 512 bytes apart the places
 * fall on so few lines of the cache that they push each other out (0 then). Beyond that samplesTile is faster, which
 * reads x along its rows. Either way the same chains, so the same bits.
 */
function samplesInReach(ldx: usize, ldy: usize): i32 {
  if ((ldx & 511) == 0 || (ldy & 511) == 0) return 0;
  const bytesOfPages = min(ldx, 4096) + min(ldy, 4096);
  return min(SAMPLES_AT_ONCE, <i32>((PAGES << 12) / bytesOfPages));
}

/** What some samples give to one panel of dw, added to it or, at first, put in its place. */
function addSamples(k: i32, samples: i32, add: bool, x: usize, ldx: usize, dy: usize, ldy: usize, dw: usize): void {
  while (k > 0) {
    const rows = evenPart(k, ROWS_AT_ONCE);
    let from = add ? dw : ZEROS;
    let fromStep: usize = add ? 32 : 0;
    let row = x;
    let gradient = dy;
    for (let left = samples; left > 0; ) {
      const few = evenPart(left, 4);
      if (few == 4) samplesTile<Four>(rows, row, ldx, gradient, ldy, from, fromStep, dw);
      else if (few == 3) samplesTile<Three>(rows, row, ldx, gradient, ldy, from, fromStep, dw);
      else if (few == 2) samplesTile<Two>(rows, row, ldx, gradient, ldy, from, fromStep, dw);
      else samplesTile<One>(rows, row, ldx, gradient, ldy, from, fromStep, dw);
      left -= few;
      row += <usize>few * ldx;
      gradient += <usize>few * ldy;
      from = dw;
      fromStep = 32;
    }
    k -= rows;
    x += bytes(rows);
    dw += <usize>rows << 5;
  }
}

/** The narrow columns: here the inputs lie along the vectors, and dy is broadcast. */
function narrowColumns(m: i32, n: i32, k: i32, x: usize, ldx: usize, dy: usize, ldy: usize, dw: usize): void {
  for (let i = 0; i < k; i += 8)
    columnsOfPanel<Four>(n, m, min(8, k - i), dy, ldy, x + bytes(i), ldx, ZEROS, 0, dw + bytes(i), bytes(k));
}

/** Sets the pad columns of one panel, all but its first 5 to 7, to zero. */
function clearPads(k: i32, columns: i32, panel: usize): void {
  const mask = firstLanes(columns - 4);
  for (const end = panel + (<usize>k << 5); panel != end; panel += 32)
    v128.store(panel, v128.and(v128.load(panel, 16), mask), 16);
}
