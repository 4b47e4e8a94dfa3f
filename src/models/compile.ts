import { checkKeys, checkNumber, rangeError } from "../check.js";
import { resolveLoss, type CustomLoss, type Loss, type LossName } from "../losses/index.js";
import { resolveMetric, type CustomMetric, type Metric, type MetricName, type MetricSpec } from "../metrics/index.js";
import { resolveOptimizer, type OptimizerName } from "../optimizers/index.js";
import type { OptimizerSpec } from "../optimizers/define-optimizer.js";
import { OptimizerRun } from "../optimizers/optimizer-run.js";
import type { Engine } from "../runtime/engine.js";
import { byPosition } from "./data.js";

/** A loss by name, from its factory, or a user's own. */
export type LossSpec = LossName | Loss | CustomLoss;
/** A metric by name, from its factory, or a user's own. */
export type MetricLike = MetricName | MetricSpec | CustomMetric;
/** An optimizer by name or from its factory. */
export type OptimizerLike = OptimizerName | OptimizerSpec;

/** What `compile` takes. Losses and metrics: one for each output, by position or by output name. */
export interface CompileOptions {
  /** Name, or what a factory of `optimizers` returns. */
  optimizer: OptimizerLike;
  /** Name, what a factory of `losses` returns, or an own function. */
  loss: LossSpec | readonly LossSpec[] | Readonly<Record<string, LossSpec>>;
  /** Weight of each output's loss in the sum. Default 1. */
  lossWeights?: readonly number[] | Readonly<Record<string, number>>;
  /** Names, what factories of `metrics` return, or own functions. */
  metrics?:
    readonly (MetricLike | readonly MetricLike[])[] | Readonly<Record<string, MetricLike | readonly MetricLike[]>>;
}

/** A metric of one output, under the name it is logged by. */
export interface NamedMetric {
  readonly output: number;
  readonly label: string;
  readonly metric: Metric;
}

/** How a model learns. */
export interface Compiled {
  readonly options: CompileOptions;
  readonly optimizer: OptimizerRun;
  readonly losses: readonly (Loss | undefined)[];
  readonly lossWeights: readonly number[];
  /** Log keys of the outputs' losses; none where one output has the only loss. */
  readonly lossLabels: readonly string[];
  readonly metrics: readonly { readonly output: number; readonly label: string; readonly spec: MetricSpec }[];
  /** New metrics with nothing counted: training and validation have their own. */
  createMetrics(): NamedMetric[];
}

/** Validates all options, then makes the optimizer: nothing is kept if anything is wrong. */
export function compileModel(engine: Engine, outputs: readonly string[], options: CompileOptions): Compiled {
  checkKeys("compile", options, ["optimizer", "loss", "lossWeights", "metrics"]);
  const specification = resolveOptimizer("compile", options.optimizer);
  if (options.loss === undefined) throw rangeError("compile", "a loss is needed", "loss", options.loss);
  const losses = perOutput("loss", outputs, options.loss).map((loss) =>
    loss === undefined || loss === null ? undefined : resolveLoss("compile", loss as LossSpec),
  );
  const lossWeights = perOutput("lossWeights", outputs, options.lossWeights ?? outputs.map(() => 1)).map((weight) =>
    checkNumber("compile", "lossWeights", weight ?? 1, { min: 0 }),
  );
  const metrics = resolveMetrics(outputs, options.metrics ?? outputs.map(() => []));
  return {
    options,
    optimizer: new OptimizerRun(specification, engine),
    losses,
    lossWeights,
    lossLabels: outputs.length > 1 ? outputs.map((name) => `${name}_loss`) : [],
    metrics,
    createMetrics: () => metrics.map(({ output, label, spec }) => ({ output, label, metric: spec.create() })),
  };
}

/** One value for each output: alone or in an array for one output, by position or by name for several. */
function perOutput(what: string, outputs: readonly string[], value: unknown): unknown[] {
  const inner: unknown = outputs.length === 1 && Array.isArray(value) && value.length === 1 ? value[0] : value;
  const isSpecification = inner === null || (typeof inner === "object" && "name" in inner && !Array.isArray(inner));
  if (isSpecification) return outputs.length === 1 ? [inner] : byPosition("compile", what, outputs, [inner]);
  return byPosition("compile", what, outputs, inner);
}

function resolveMetrics(outputs: readonly string[], value: NonNullable<CompileOptions["metrics"]>) {
  const nested =
    outputs.length === 1 && Array.isArray(value) ? [value.flat()] : byPosition("compile", "metrics", outputs, value);
  const found: { output: number; label: string; spec: MetricSpec }[] = [];
  nested.forEach((metrics, output) => {
    const prefix = outputs.length > 1 ? `${outputs[output]}_` : "";
    for (const metric of [metrics ?? []].flat()) {
      const spec = resolveMetric("compile", metric as MetricLike);
      const label = prefix + spec.name;
      if (found.some((other) => other.label === label)) {
        throw rangeError("compile", "each metric must have its own name", "metric", label);
      }
      found.push({ output, label, spec });
    }
  });
  return found;
}
