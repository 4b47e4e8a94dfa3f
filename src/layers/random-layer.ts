import { checkNumber, type Bounds } from "../check.js";
import { Layer, type LayerOptions } from "../graph/layer.js";
import type { Lowered, Lowering } from "../graph/lowering.js";
import type { Shape } from "../graph/shape.js";
import { checkLayerOptions, withEssential } from "./options.js";
import { renamed } from "./reshape.js";

/** Applies the layer to n elements, the first of which is number `offset` of the data. */
export type RandomKernel = (
  n: number,
  offset: number,
  x: number,
  y: number,
  mask: number,
  key0: number,
  key1: number,
) => void;

/**
 * What the dropout family has in common: a random function of each element in training and in Monte Carlo prediction,
 * y = x otherwise, and one number `key` that says how strong it is; at 0 it does nothing.
 */
export abstract class RandomLayer<Key extends string> extends Layer<LayerOptions & Record<Key, number>> {
  readonly #strength: number;

  constructor(kind: string, key: Key, given: (LayerOptions & Record<Key, number>) | number, bounds: Bounds) {
    const options = withEssential<Key, LayerOptions & Record<Key, number>>(key, given);
    checkLayerOptions(kind, options, [key]);
    const strength = checkNumber(kind, key, options[key], bounds);
    super(options);
    this.#strength = strength;
  }

  override get stochastic(): boolean {
    return this.#strength > 0;
  }

  override get identityInInference(): boolean {
    return true;
  }

  outputShape([shape]: readonly Shape[]): Shape {
    return shape!;
  }

  /** The kernel at work, and whether backward needs the factors that it leaves in the mask. */
  protected abstract lowered(lower: Lowering, strength: number): { apply: RandomKernel; saves: "factor" | "none" };

  override forward(lower: Lowering): Lowered {
    if (!this.stochastic || !lower.random) return renamed(lower);
    const { apply, saves } = this.lowered(lower, this.#strength);
    return randomMap(lower, saves, apply);
  }
}

/**
 * The output is, element by element, a random function of the input whose derivative is `mask` (or 1, if it saves none);
 * identity where nothing is random. Elements are numbered over the whole data, row by row, and each Monte
 * Carlo sample has a key of its own: neither batches nor threads change a mask.
 */
function randomMap(lower: Lowering, saves: "factor" | "none", apply: RandomKernel): Lowered {
  const { kernels: k, state } = lower;
  const x = lower.inputs[0]!;
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
