import { bytes } from "../lanes";
import { columnsInPanels } from "./panels";
import { columnsOfPanel, evenPart } from "./rows";
import { firstLanes } from "./store";
import { Four, Six } from "./tile-size";
import { ZEROS } from "./zeros";

/** Samples whose panel of dy and columns of x stay in the first-level cache. */
const SAMPLES_AT_ONCE: i32 = 256;

/**
 * dW = X' dY, in the storage of W.
 * x: [m, k], rows ldx floats apart; dy: [m, n], rows ldy floats apart; dw: panels of a [k, n] kernel (panels.ts).
 * Overwrites dw; its pad columns become zero.
 * Every element is one chain over the samples in order, from 0: any run of whole panels (with or without the narrow
 * columns after the last) gives the same bits as the whole product.
 */
export function denseBackwardWeights(m: i32, n: i32, k: i32, x: usize, ldx: i32, dy: usize, ldy: i32, dw: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) backwardWeights<Six>(m, n, k, x, bytes(ldx), dy, bytes(ldy), dw);
  else backwardWeights<Four>(m, n, k, x, bytes(ldx), dy, bytes(ldy), dw);
}

/** denseBackwardWeights with tiles at most 4 rows high: see denseForwardShort. */
export function denseBackwardWeightsShort(m: i32, n: i32, k: i32, x: usize, ldx: i32, dy: usize, ldy: i32, dw: usize): void {
  backwardWeights<Four>(m, n, k, x, bytes(ldx), dy, bytes(ldy), dw);
}

function backwardWeights<T>(m: i32, n: i32, k: i32, x: usize, ldx: usize, dy: usize, ldy: usize, dw: usize): void {
  const inPanels = columnsInPanels(n);
  const panel = <usize>k << 5;
  for (let j = 0; j < inPanels; j += 8) {
    let from = ZEROS;
    let ldfrom: usize = 0;
    let done = 0;
    do {
      const samples = evenPart(m - done, SAMPLES_AT_ONCE);
      columnsOfPanel<T>(k, samples, 8, x + <usize>done * ldx, ldx, dy + <usize>done * ldy + bytes(j), ldy, from, ldfrom, dw, 32);
      done += samples;
      from = dw;
      ldfrom = 32;
    } while (done < m);
    if (inPanels - j < 8) clearPads(k, inPanels - j, dw);
    dw += panel;
  }
  if (inPanels < n) narrowColumns(m, n - inPanels, k, x, ldx, dy + bytes(inPanels), ldy, dw);
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
