import type { Callback } from "../callbacks/callback.js";
import { typeError } from "../check.js";
import type { Plan } from "../graph/plan.js";
import { Model, type ModelData } from "../models/model.js";
import { toDataset, trainStep, type StepObserver } from "../models/train.js";
import { callable, integer, optional, readOptions } from "../options.js";
import { StepMeasurement, type GradientReport } from "./gradient-report.js";
import { lossWarning, warningsOf } from "./gradient-warnings.js";

/** Options of `callbacks.gradientMonitor`. */
export interface GradientMonitorOptions {
  /** Look into every so many steps, the first included. Default 50. The loss is looked at in each step. */
  every?: number;
  /** Called with each report. */
  onReport?: (report: GradientReport) => void;
  /** Called with each warning, each kind once in a training. Default: console.warn. */
  onWarning?: (warning: string) => void;
}

/**
 * A callback that watches gradients, updates, dead and saturated units and the statistics of batch normalization, and
 * warns in plain words when a net cannot learn. Weights and random numbers are as without it.
 */
export function gradientMonitor(options: GradientMonitorOptions = {}): Callback {
  const where = "gradientMonitor";
  const given = readOptions(where, options, {
    every: integer(1, 50),
    onReport: optional(callable<(report: GradientReport) => void>()),
    onWarning: optional(callable<(warning: string) => void>()),
  });
  const { every, onReport, onWarning = (warning) => console.warn(`gradientMonitor: ${warning}`) } = given;
  return {
    onTrainBegin({ model }) {
      if (!(model instanceof Model))
        throw typeError(where, "the callback is for models of this library", "model", model);
      if (model.observer !== undefined)
        throw new Error(`${where}: the model is being watched already. Give one monitor.`);
      model.observer = new Monitor(model, every, onReport, onWarning);
    },
    onTrainEnd(_logs, { model }) {
      if (model instanceof Model) model.observer = undefined;
    },
  };
}

class Monitor implements StepObserver {
  /** One for the whole training: the plan that shows it outputs is kept. */
  readonly #measurement: StepMeasurement;
  readonly #told = new Set<string>();
  #step = 0;
  #losses = 0;
  #looking = false;

  constructor(
    readonly model: Model,
    readonly every: number,
    readonly onReport: ((report: GradientReport) => void) | undefined,
    readonly onWarning: (warning: string) => void,
  ) {
    this.#measurement = new StepMeasurement(model);
  }

  begin(): StepMeasurement["observe"] | undefined {
    this.#looking = this.#step % this.every === 0;
    return this.#looking ? this.#measurement.begin() : undefined;
  }

  gradients(plan: Plan): void {
    const { loss } = plan;
    const mean = this.#step === 0 ? undefined : this.#losses / this.#step;
    this.#tell("loss", lossWarning(this.model.steps, loss, mean));
    this.#losses += loss;
    if (this.#looking) this.#measurement.gradients(plan);
  }

  end(): void {
    this.#step++;
    if (!this.#looking) return;
    this.#measurement.end();
    const { loss, layers } = this.#measurement.read();
    const warnings = warningsOf(this.model, layers);
    for (const [kind, warning] of warnings) this.#tell(kind, warning);
    this.onReport?.({ step: this.model.steps - 1, loss, layers, warnings: [...warnings.values()] });
  }

  #tell(kind: string, warning: string | undefined): void {
    if (warning === undefined || this.#told.has(kind)) return;
    this.#told.add(kind);
    this.onWarning(warning);
  }
}

/**
 * What one training step on this batch looks like, layer by layer, with warnings in plain words. The model, its
 * optimizer and its random numbers are as before, to the bit.
 */
export function gradientReport(model: Model, x: ModelData, y: ModelData): GradientReport {
  const where = "gradientReport";
  if (!(model instanceof Model)) throw typeError(where, "a model is needed", "model", model);
  const dataset = toDataset(model, where, x, y);
  const restore = model.snapshot();
  const outer = model.observer;
  const measurement = new StepMeasurement(model);
  try {
    model.observer = measurement;
    trainStep(model, where, { dataset, start: 0, rows: dataset.rows, order: undefined });
    const step = model.steps - 1;
    const { loss, layers } = measurement.read();
    const first = lossWarning(step, loss, undefined);
    const warnings = [...(first === undefined ? [] : [first]), ...warningsOf(model, layers).values()];
    return { step, loss, layers, warnings };
  } finally {
    model.observer = outer;
    restore();
  }
}
