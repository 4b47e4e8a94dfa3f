/**
 * How each kernel is cut into pieces for several threads: by elements, rows or columns of what it writes, never inside a
 * sum. A piece is the same kernel with a smaller count and moved addresses; the kernels give every element the same bits
 * whatever the piece (a test runs each of them both ways).
 *
 * A cut is a word with one letter for each leading argument; the others stay as they are:
 *
 *     n   the count that is cut: elements, rows or columns, in multiples of `grain`
 *     a   an address with one float per unit
 *     b   an address with one byte per unit
 *     r   an address with a row of w floats per unit
 *     L   an address with as many floats per unit as the next argument says (its leading dimension)
 *     p   an address with k floats per unit (a column of a kernel in panels)
 *     w   floats of a row
 *     k   floats of a column; marks a product, whose first three arguments are m n k
 *     o   the number of the first unit: for random numbers, and where addresses stay
 *     s   an address of scratch memory, one block for each thread
 *     .   anything that stays as it is
 *
 * An address 0 means "none" and stays 0.
 */
import { MAX_PIECES_PER_THREAD } from "./mailbox.js";
import type { Kernel, Pool } from "./pool.js";
import type { Kernels } from "./wasm.js";

/** Columns of a panel of a kernel (assembly/gemm/panels.ts). */
export const PANEL = 8;
/** Floats of a line of the cache. As the other grains, what the units of a piece are a multiple of. */
const LINE = 16;
const ROW = 1;
/** Rows of a product. */
const TILE = 4;

/** Work per float of a kernel with exponentials, logarithms or random numbers, against one that moves floats. */
const COSTLY = 8;
/** The same of an optimizer, with its square roots and divisions. */
const UPDATE = 3;

interface Cut {
  readonly word: string;
  readonly grain: number;
  /** Work of a float that it touches. Default 1. */
  readonly cost?: number;
  /** Units of a piece at least, if there are more pieces than threads: where every piece first packs an operand. */
  readonly atLeast?: number;
}

const elements = (word: string): Cut => ({ word, grain: LINE });
const rows = (word: string): Cut => ({ word, grain: ROW });
const columns = (word: string): Cut => ({ word, grain: LINE });
const costly = (cut: Cut): Cut => ({ ...cut, cost: COSTLY });
const update = (word: string): Cut => ({ word, grain: LINE, cost: UPDATE });

/** Products cut either way: by columns, where each thread reads its own part of the kernel, if there are enough of them. */
const FORWARD_BY_COLUMNS: Cut = { word: ".nk..paa.", grain: PANEL };
const FORWARD_BY_ROWS: Cut = { word: "n.kL...L.", grain: TILE };
const FEW_COLUMNS = 64;

const unary = elements("naa");
const binary = elements("naaa");
const costlyUnary = costly(unary);
const costlyBinary = costly(binary);
const lossForward = costly(rows("nwrra"));
const lossBackward = rows("nwrrar");
const sparseForward = rows("nwraa");
const sparseBackward = rows("nwraar");
/** General products: B and, where transposed, A are packed. */
const product = (word: string): Cut => ({ word, grain: 2 * PANEL, atLeast: 128 });

/** Every kernel that is cut. What is missing runs on the main thread: sums over everything, and small or rare things. */
const CUTS: { readonly [name in keyof Kernels]?: Cut | ((...values: number[]) => Cut) } = {
  saxpy: elements("n.aa"),
  sscal: elements("n.a"),
  addForward: binary,
  subtractForward: binary,
  mulForward: binary,
  maximumForward: binary,
  minimumForward: binary,
  gateEqual: binary,
  affineForward: unary,
  copyFloats: unary,
  copyRows: rows("n.L.L."),
  rowDots: rows("nwrra"),
  scaleRows: rows("nwrar"),
  standardizeForward: rows("nwr..r"),
  standardizeBackward: rows("nwr.r"),
  u8ToF32: elements("nba"),
  i32ToF32: unary,

  denseForward: (_m, n) => (n! >= FEW_COLUMNS ? FORWARD_BY_COLUMNS : FORWARD_BY_ROWS),
  denseBackwardWeights: { word: ".nk..a.p", grain: PANEL },
  denseBackwardInput: { word: "..kon.....s", grain: LINE },
  biasBackward: columns(".na.a"),
  sgemmNN: product(".nk...a..a.s"),
  sgemmTN: product(".nk...a..a.s"),
  sgemmNT: product(".nk...L..a.s"),
  sgemmTT: product(".nk...L..a.s"),

  reluForward: unary,
  reluBackward: binary,
  relu6Forward: unary,
  relu6Backward: binary,
  leakyReluForward: unary,
  leakyReluBackward: binary,
  eluForward: costlyUnary,
  eluBackward: binary,
  seluForward: costlyUnary,
  seluBackward: binary,
  celuForward: costlyUnary,
  celuBackward: binary,
  geluForward: costlyUnary,
  geluBackward: costlyBinary,
  geluTanhForward: costlyUnary,
  geluTanhBackward: costlyBinary,
  siluForward: costlyUnary,
  siluBackward: costlyBinary,
  mishForward: costlyUnary,
  mishBackward: costlyBinary,
  softplusForward: costlyUnary,
  softplusBackward: binary,
  softsignForward: unary,
  softsignBackward: binary,
  sigmoidForward: costlyUnary,
  sigmoidBackward: binary,
  hardSigmoidForward: unary,
  hardSigmoidBackward: binary,
  hardSiluForward: unary,
  hardSiluBackward: binary,
  tanhForward: costlyUnary,
  tanhBackward: binary,
  exponentialForward: costlyUnary,
  exponentialBackward: binary,
  absForward: unary,
  absBackward: binary,
  linearForward: unary,
  linearBackward: binary,
  rreluForward: binary,
  rreluBackward: elements("naaaa"),
  softmaxForward: costly(rows("nwrr")),
  softmaxBackward: rows("nwrrr"),
  logSoftmaxForward: costly(rows("nwrr")),
  logSoftmaxBackward: costly(rows("nwrrr")),

  batchNormStatistics: columns(".na.aa"),
  batchNormForward: columns(".na.aaaaa"),
  batchNormBackward: columns(".na.aaaaaaa"),
  batchNormInferenceBackward: columns(".na.aaaaaaa"),
  layerNormForward: rows("nwr..raa"),
  layerNormBackward: rows("nwrraa.r"),
  layerNormParameterGradient: columns(".na.a..aa"),

  bitsFill: costly(elements("noa")),
  uniformFill: costly(elements("noa")),
  normalFill: costly(elements("noa")),
  truncatedNormalFill: costly(elements("noa")),
  dropoutForward: costly(elements("noaaa")),
  dropoutMask: costly(elements("noa")),
  alphaDropoutForward: costly(elements("noaaa")),
  gaussianDropoutForward: costly(elements("noaaa")),
  gaussianNoiseForward: costly(elements("noaa")),

  meanSquaredErrorForward: lossForward,
  meanSquaredErrorBackward: lossBackward,
  meanAbsoluteErrorForward: lossForward,
  meanAbsoluteErrorBackward: lossBackward,
  huberForward: lossForward,
  huberBackward: lossBackward,
  logCoshForward: lossForward,
  logCoshBackward: lossBackward,
  hingeForward: lossForward,
  hingeBackward: lossBackward,
  squaredHingeForward: lossForward,
  squaredHingeBackward: lossBackward,
  poissonForward: lossForward,
  poissonBackward: lossBackward,
  klDivergenceForward: lossForward,
  klDivergenceBackward: lossBackward,
  cosineSimilarityForward: lossForward,
  cosineSimilarityBackward: lossBackward,
  binaryCrossentropyForward: lossForward,
  binaryCrossentropyBackward: lossBackward,
  binaryCrossentropyFromLogitsForward: lossForward,
  binaryCrossentropyFromLogitsBackward: lossBackward,
  sigmoidCrossentropyBackward: lossBackward,
  categoricalCrossentropyForward: lossForward,
  categoricalCrossentropyBackward: lossBackward,
  categoricalCrossentropyFromLogitsForward: lossForward,
  categoricalCrossentropyFromLogitsBackward: lossBackward,
  sparseCategoricalCrossentropyForward: sparseForward,
  sparseCategoricalCrossentropyBackward: sparseBackward,
  sparseCategoricalCrossentropyFromLogitsForward: sparseForward,
  sparseCategoricalCrossentropyFromLogitsBackward: sparseBackward,
  softmaxCrossentropyForward: costly(rows("nwrrra")),
  softmaxCrossentropyBackward: lossBackward,
  softmaxCrossentropySparseForward: costly(rows("nwrraa")),
  softmaxCrossentropySparseBackward: sparseBackward,

  sgdStep: update("naa"),
  momentumStep: update("naaa"),
  nesterovStep: update("naaa"),
  adagradStep: update("naaa"),
  lionStep: update("naaa"),
  adamStep: update("naaaa"),
  amsgradStep: update("naaaaa"),
  adadeltaStep: update("naaaa"),
  rmspropStep: update("naaa"),
  rmspropMomentumStep: update("naaaa"),
  rmspropCenteredStep: update("naaaa"),
  rmspropCenteredMomentumStep: update("naaaaa"),
  adamaxStep: update("naaaa"),
  nadamStep: update("naaaa"),
  averageStep: update("naa"),
  flushTiny: elements("na"),
  l1Backward: unary,
  nonNegativeConstraint: elements("na"),
};

/** Names of the kernels that are cut, in the order in which a pool numbers them. */
export const CUT_KERNELS = Object.keys(CUTS) as readonly (keyof Kernels)[];

/** The words of a kernel, for tests. */
export function wordsOf(name: keyof Kernels): string[] {
  const given = CUTS[name]!;
  return (typeof given === "function" ? [given(0, FEW_COLUMNS), given(0, 0)] : [given]).map(({ word }) => word);
}

/** Kernels that say how many floats of scratch memory a product needs: each thread has its own. */
const SCRATCH: { readonly [name in keyof Kernels]?: keyof Kernels } = {
  denseBackwardInput: "denseBackwardInputScratch",
  sgemmNN: "sgemmScratch",
  sgemmTN: "sgemmScratch",
  sgemmNT: "sgemmScratch",
  sgemmTT: "sgemmScratch",
};

/**
 * Work below which a call stays on one thread, and a piece is not made smaller, as floats touched: some 15 microseconds.
 * To begin and end a call on two threads takes about 2, and fetching what another core has just written takes longer.
 */
export const SPLIT_FROM = 131_072;
/** Multiply-adds of a product, beside reading its kernel, that take as long as one float touched. */
const PRODUCTS_PER_FLOAT = 2;

/** The kernels, with every call that is large enough cut into pieces for the threads of a pool. */
export function splitKernels(kernels: Kernels, pool: Pool, splitFrom: number): Kernels {
  const named = kernels as unknown as Record<string, Kernel>;
  const split: Record<string, Kernel> = {};
  CUT_KERNELS.forEach((name, index) => {
    const kernel = named[name]!;
    const given = CUTS[name]!;
    const scratch = SCRATCH[name] && named[SCRATCH[name]]!;
    const cutterOf = compileCuts(given);
    split[name] = (...values) => {
      const cutter = cutterOf(values);
      if (pool.alive === 1 || cutter.work(values) < splitFrom) return kernel(...values);
      const pieces = cutter.pieces(values, pool.threads, splitFrom);
      if (pieces < 2) return kernel(...values);
      const block = scratch === undefined ? 0 : 4 * (scratch(values[0]!, values[1]!, values[2]!) as number);
      const layOut = (piece: number, out: Float64Array, at: number): void =>
        cutter.layOut(values, piece, pieces, out, at);
      pool.run(index, kernel, values.length, pieces, layOut, cutter.scratch, block);
      return undefined;
    };
  });
  for (const name of new Set(Object.values(SCRATCH))) {
    split[name] = (...values) => pool.threads * (named[name]!(...values) as number);
  }
  return { ...kernels, ...(split as Partial<Kernels>) };
}

function compileCuts(given: Cut | ((...values: number[]) => Cut)): (values: readonly number[]) => Cutter {
  if (typeof given !== "function") {
    const only = new Cutter(given);
    return () => only;
  }
  const cutters = new Map<Cut, Cutter>();
  return (values) => {
    const cut = given(...values);
    let cutter = cutters.get(cut);
    if (cutter === undefined) cutters.set(cut, (cutter = new Cutter(cut)));
    return cutter;
  };
}

/** A cut, read once. */
class Cutter {
  readonly #cut: Cut;
  readonly #count: number;
  readonly #width: number;
  readonly #depth: number;
  readonly #first: number;
  /** Position of the scratch memory; -1 if there is none. */
  readonly scratch: number;
  /** Addresses that move with the units. */
  readonly #moving: readonly number[];

  constructor(cut: Cut) {
    const { word } = cut;
    this.#cut = cut;
    this.#count = word.indexOf("n");
    this.#width = word.indexOf("w");
    this.#depth = word.indexOf("k");
    this.#first = word.indexOf("o");
    this.scratch = word.indexOf("s");
    this.#moving = [...word].flatMap((letter, i) => ("abrLp".includes(letter) ? [i] : []));
  }

  /** What a call costs, as floats touched. */
  work(values: readonly number[]): number {
    if (this.#depth >= 0) return values[1]! * values[2]! * (1 + values[0]! / PRODUCTS_PER_FLOAT);
    // Elements; rows of w; or columns, whose length is the first argument.
    const length = this.#width >= 0 ? values[this.#width]! : this.#count > 0 ? values[0]! : 1;
    return values[this.#count]! * length * this.#moving.length * (this.#cut.cost ?? 1);
  }

  /** How many pieces: one for each thread, and more where they have so much work each; not more than there are grains. */
  pieces(values: readonly number[], threads: number, least: number): number {
    const { atLeast = 1 } = this.#cut;
    const wanted = Math.min(this.work(values) / Math.max(least, 1), values[this.#count]! / atLeast);
    const most = Math.min(threads * MAX_PIECES_PER_THREAD, this.#grains(values));
    return Math.min(Math.max(threads, Math.floor(wanted)), most);
  }

  #grains(values: readonly number[]): number {
    return Math.ceil(values[this.#count]! / this.#cut.grain);
  }

  /** Writes the arguments of a piece. Pieces differ by at most a grain. */
  layOut(values: readonly number[], piece: number, pieces: number, out: Float64Array, at: number): void {
    const grains = this.#grains(values);
    const from = Math.floor((piece * grains) / pieces) * this.#cut.grain;
    const to = Math.min(Math.floor(((piece + 1) * grains) / pieces) * this.#cut.grain, values[this.#count]!);
    for (let i = 0; i < values.length; i++) out[at + i] = values[i]!;
    out[at + this.#count] = to - from;
    if (this.#first >= 0) out[at + this.#first] = values[this.#first]! + from;
    for (const i of this.#moving) {
      if (values[i] !== 0) out[at + i] = values[i]! + from * this.#stride(values, i);
    }
  }

  /** Bytes between the units of an address. */
  #stride(values: readonly number[], i: number): number {
    switch (this.#cut.word[i]) {
      case "b":
        return 1;
      case "r":
        return 4 * values[this.#width]!;
      case "L":
        return 4 * values[i + 1]!;
      case "p":
        return 4 * values[this.#depth]!;
      default:
        return 4;
    }
  }
}
