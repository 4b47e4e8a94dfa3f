/**
 * A metric sees a run batch by batch and gives one number for all of it. Batches of any split give the same number up
 * to the rounding of float64 sums.
 */
import { checkKeys } from "../check.js";
import { boolean, choice, integer, number, type Values } from "../options.js";
import type { Tensor } from "../tensor.js";

/** One batch, valid during the call. */
export interface MetricBatch {
  readonly rows: number;
  readonly width: number;
  /** rows x width, only read. */
  readonly prediction: Float32Array;
  /** Class indices, one per row, in an Int32Array, or rows x width floats. */
  readonly target: Float32Array | Int32Array;
  /** The targets as a user gave them for a loss of their own. */
  readonly given?: Tensor | undefined;
  /** One per row; 1 if absent. */
  readonly weights?: Float32Array | undefined;
}

/** Whether more is better. Callbacks in "auto" mode ask. */
export type Direction = "up" | "down";

/** What accumulates. */
export interface MetricState {
  reset(): void;
  update(batch: MetricBatch): void;
  /** 0 before any row, as in Keras, unless the metric has no such value. */
  result(): number;
}

export interface Metric extends MetricState {
  readonly name: string;
  readonly options: Readonly<Partial<OptionValues>>;
  readonly direction: Direction | undefined;
}

/** A metric as the user names it: a plain value, which makes fresh state for every use. */
export interface MetricSpec {
  readonly name: string;
  readonly options: Readonly<Partial<OptionValues>>;
  readonly direction: Direction | undefined;
  /** A user's own function: files keep its name only. */
  readonly custom?: true;
  create(): Metric;
}

/** Every option that a metric may have, and how it is checked. */
const optionChecks = {
  /** Predictions above it count as positive. */
  threshold: number(),
  k: integer(1),
  /** Count the k largest of a row as positive. */
  topK: integer(1),
  /** Look at one column only. */
  classId: integer(0),
  average: choice(["macro", "micro", "weighted"]),
  curve: choice(["ROC", "PR"]),
  numThresholds: integer(2),
  summationMethod: choice(["interpolation", "minoring", "majoring"]),
  /** The prediction is a logit, before the sigmoid. */
  fromLogits: boolean(),
  classAggregation: choice(["uniformAverage", "varianceWeightedAverage"]),
} as const;

type OptionValues = Values<typeof optionChecks>;
type OptionName = keyof OptionValues;
/** Options of a metric; those without a default may be undefined. */
type Options<K extends OptionName, U extends OptionName> = Pick<OptionValues, K> & Partial<Pick<OptionValues, U>>;

/** One metric: the literal from which its factory, option type and name follow. */
export interface MetricDefinition<N extends string, K extends OptionName, U extends OptionName> {
  readonly name: N;
  readonly direction: Direction;
  readonly defaults: Pick<OptionValues, K>;
  /** Options that are off unless given. */
  readonly optional?: readonly U[];
  create(options: Options<K, U>): MetricState;
}

export interface MetricFactory<
  N extends string = string,
  K extends OptionName = OptionName,
  U extends OptionName = OptionName,
> {
  (options?: Partial<Pick<OptionValues, K | U>>): MetricSpec;
  readonly definition: MetricDefinition<N, K, U>;
}

export function defineMetric<const N extends string, K extends OptionName = never, U extends OptionName = never>(
  definition: MetricDefinition<N, K, U>,
): MetricFactory<N, K, U> {
  const { name, direction } = definition;
  const where = `metrics.${name}`;
  const known = [...(Object.keys(definition.defaults) as K[]), ...(definition.optional ?? [])];
  const factory = (given: Partial<Pick<OptionValues, K | U>> = {}): MetricSpec => {
    checkKeys(where, given, known);
    const options: Record<string, unknown> = { ...definition.defaults };
    for (const key of known) {
      if (given[key] !== undefined) options[key] = optionChecks[key](where, key, given[key]);
    }
    Object.freeze(options);
    const { threshold } = options;
    // Predictions are f32: one of 0.1 is not above 0.1, but above the float64 nearest to 0.1.
    const rounded = typeof threshold === "number" ? { ...options, threshold: Math.fround(threshold) } : options;
    const create = () =>
      Object.assign(definition.create(rounded as Options<K, U>), { name, options, direction }) as Metric;
    return Object.freeze({ name, options, direction, create });
  };
  return Object.assign(factory, { definition });
}

/** Whether the target is a class index that stands for a one-hot row. With one output it stands for itself. */
export function isSparse({ target, width }: MetricBatch): boolean {
  return width > 1 && !(target instanceof Float32Array);
}

/** The target of output j in row r. `sparse` is isSparse of the batch: asked once, as asking costs more than the rest. */
export function targetAt({ target, width }: MetricBatch, sparse: boolean, r: number, j: number): number {
  return sparse ? Number(target[r] === j) : target[r * width + j]!;
}

/** The weighted mean of a value per row. */
export class RunningMean {
  total = 0;
  count = 0;

  reset(): void {
    this.total = 0;
    this.count = 0;
  }

  add(value: number, weight: number): void {
    this.total += value * weight;
    this.count += weight;
  }

  result(): number {
    return ratio(this.total, this.count);
  }
}

/** a / b, and 0 where b is 0. */
export function ratio(a: number, b: number): number {
  return b === 0 ? 0 : a / b;
}
