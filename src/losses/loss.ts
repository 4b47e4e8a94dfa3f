/**
 * What a loss is to the rest of the library: kernels that turn rows of predictions and targets into one value per row,
 * and the slope of each value. The mean over a batch, weights included, is the training loop's.
 */
import { checkKeys } from "../check.js";
import { boolean, number, type Values } from "../options.js";
import type { Kernels } from "../runtime/wasm.js";
import type { Engine } from "../runtime/engine.js";
import type { Tensor } from "../tensor.js";
import type { CustomAddresses } from "./custom-loss.js";

/** Every option that a loss may have, and how it is checked. */
const optionChecks = {
  /** The prediction is a logit, before sigmoid or softmax. */
  fromLogits: boolean(),
  /** Part of the target's weight that is spread evenly over all classes (over both, if binary). In [0, 1]. */
  labelSmoothing: number({ min: 0, max: 1 }),
  /** Error beyond which a loss grows linearly. Above 0. */
  delta: number({ above: 0 }),
} as const;

type OptionValues = Values<typeof optionChecks>;
type OptionName = keyof OptionValues;

/** Addresses of one call. prediction: rows x width floats. */
export type LossForward = (
  k: Kernels,
  rows: number,
  width: number,
  prediction: number,
  target: number,
  rowLoss: number,
) => void;

export type LossBackward = (
  k: Kernels,
  rows: number,
  width: number,
  prediction: number,
  target: number,
  rowScale: number,
  dPrediction: number,
) => void;

/** A loss together with the activation it follows: z are the logits, y the activation's output, already computed. */
export interface FusedLoss {
  readonly activation: "softmax" | "sigmoid";
  forward(k: Kernels, rows: number, width: number, z: number, y: number, target: number, rowLoss: number): void;
  /** dz[r][j] = rowScale[r] * d rowLoss[r] / d z[r][j]; overwrites; dz may be y. */
  backward(
    k: Kernels,
    rows: number,
    width: number,
    z: number,
    y: number,
    target: number,
    rowScale: number,
    dz: number,
  ): void;
}

export interface Loss {
  readonly name: string;
  readonly options: Readonly<Partial<OptionValues>>;
  /** "class": one i32 class index per row; "values": f32, as many as the prediction; "given": a user's own loss knows. */
  readonly target: "class" | "values" | "given";
  /** rowLoss[r] = loss of row r; overwrites. */
  readonly forward: LossForward;
  /** dPrediction[r][j] = rowScale[r] * d rowLoss[r] / d prediction[r][j]; overwrites. */
  readonly backward: LossBackward;
  /** The stable form for an output made by this activation; undefined from logits or where there is none. */
  readonly fused?: FusedLoss | undefined;
  /** Of a user's own loss, in place of forward and backward: runs it on copies of a batch with predictions of this shape. */
  readonly evaluate?:
    ((engine: Engine, shape: readonly number[], yTrue: Tensor, ...addresses: CustomAddresses) => void) | undefined;
}

/** One loss: the literal from which its factory, option type and name follow. */
export interface LossDefinition<N extends string, K extends OptionName> {
  readonly name: N;
  readonly target: "class" | "values";
  readonly defaults: Pick<OptionValues, K>;
  kernels(options: Pick<OptionValues, K>): {
    readonly forward: LossForward;
    readonly backward: LossBackward;
    readonly fused?: FusedLoss | undefined;
  };
}

export interface LossFactory<N extends string = string, K extends OptionName = OptionName> {
  (options?: Partial<Pick<OptionValues, K>>): Loss;
  readonly definition: LossDefinition<N, K>;
}

export function defineLoss<const N extends string, K extends OptionName = never>(
  definition: LossDefinition<N, K>,
): LossFactory<N, K> {
  const where = `losses.${definition.name}`;
  const known = Object.keys(definition.defaults) as K[];
  const factory = (given: Partial<Pick<OptionValues, K>> = {}): Loss => {
    checkKeys(where, given, known);
    const options = { ...definition.defaults };
    for (const key of known) {
      if (given[key] !== undefined) options[key] = optionChecks[key](where, key, given[key]) as OptionValues[K];
    }
    const { name, target } = definition;
    return Object.freeze({ name, options: Object.freeze(options), target, ...definition.kernels(options) });
  };
  return Object.assign(factory, { definition });
}
