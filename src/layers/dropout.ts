import { checkNumber } from "../check.js";
import { Layer, type LayerOptions } from "../graph/layer.js";
import type { Lowered, Lowering } from "../graph/lowering.js";
import type { Shape } from "../graph/shape.js";
import { checkLayerOptions, withEssential } from "./options.js";
import { renamed } from "./reshape.js";

/** Options of `layers.dropout`. */
export interface DropoutOptions extends LayerOptions {
  /** Share of the values to drop, in [0, 1]. */
  rate: number;
}

/**
 * Inverted dropout: in training each value is kept with probability 1 - rate and divided by it, else zero; otherwise
 * y = x. A mask is a function of (seed, layer, step, element), new at each step. Srivastava et al. 2014, JMLR 15.
 */
export class Dropout extends Layer<DropoutOptions> {
  readonly kind = "dropout";

  constructor(options: DropoutOptions | number) {
    const given = withEssential<"rate", DropoutOptions>("rate", options);
    checkLayerOptions("dropout", given, ["rate"]);
    super({ ...given, rate: checkNumber("dropout", "rate", given.rate, { min: 0, max: 1 }) });
  }

  override get stochastic(): boolean {
    return this.options.rate > 0;
  }

  outputShape([shape]: readonly Shape[]): Shape {
    return shape!;
  }

  override forward(lower: Lowering): Lowered {
    const { kernels: k } = lower;
    const { rate } = this.options;
    return randomMap(lower, this.stochastic, "factor", (n, offset, x, y, mask, key0, key1) =>
      k.dropoutForward(n, offset, x, y, mask, key0, key1, rate),
    );
  }
}

/**
 * A layer whose output is, element by element, a random function of its input whose derivative is `mask` (or 1, if it
 * saves none); identity where nothing is random. Elements are numbered over the whole data, row by row, and each Monte Carlo sample has a key
 * of its own: neither batches nor threads change a mask.
 */
export function randomMap(
  lower: Lowering,
  active: boolean,
  saves: "factor" | "none",
  apply: (n: number, offset: number, x: number, y: number, mask: number, key0: number, key1: number) => void,
): Lowered {
  const { kernels: k, state } = lower;
  const x = lower.inputs[0]!;
  if (!active || !lower.random) return renamed(lower);
  const y = lower.value(x.shape);
  const mask = saves === "factor" ? lower.buffer({ perRow: x.width }) : undefined;
  lower.call([x], mask ? [y, mask] : [y], () => {
    const n = state.rows * x.width;
    for (let sample = 0; sample < state.samples; sample++) {
      const [key0, key1] = lower.maskKey(state.step + sample);
      const at = sample * n * 4;
      apply(n, state.firstRow * x.width, x.address + at, y.address + at, (mask?.address ?? 0) + at, key0, key1);
    }
  });
  return {
    output: y,
    backward: (back) => {
      const dy = back.gradientOf(y);
      if (dy === undefined) return;
      if (mask === undefined) return back.pass(x, dy);
      const dx = back.into(x);
      if (dx === undefined) return;
      back.call([dy, mask], [dx], (rows) => k.mulForward(rows * x.width, dy.address, mask.address, dx.address));
    },
  };
}
