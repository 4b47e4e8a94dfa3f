import { checkKeys, MemoryError, rangeError, typeError } from "../check.js";
import type { Logs } from "../callbacks/callback.js";
import type { Observe } from "../graph/build-plan.js";
import type { Plan, PlanLoss } from "../graph/plan.js";
import { rowsOf, type Shape } from "../graph/shape.js";
import { checkClasses } from "../losses/index.js";
import type { Engine } from "../runtime/engine.js";
import { Tensor } from "../tensor.js";
import type { Compiled, NamedMetric } from "./compile.js";
import {
  byPosition,
  commonRows,
  loadInputs,
  loadTargets,
  toColumn,
  toGivenColumn,
  type Batch,
  type Column,
  type Dataset,
} from "./data.js";
import type { Model, ModelData } from "./model.js";
import type { PlanCache } from "./plan-cache.js";

/** Options of `trainOnBatch` and `gradients`. */
export interface TrainOptions {
  /** Weight of each row's loss; one array, or one for each output by position or name. Default 1. */
  sampleWeight?: ModelData | undefined;
}

/** Reads data for training or evaluation, and checks all that can be known before anything runs. */
export function toDataset(
  model: Model,
  where: string,
  x: unknown,
  y: unknown,
  options: {
    sampleWeight?: unknown;
    classWeight?: Readonly<Record<number, number>> | undefined;
    checkFinite?: boolean | undefined;
  } = {},
): Dataset {
  const { losses, metrics } = model.compiledFor(where);
  const inputs = toInputs(model, where, x); // builds the model where its input shape was not given
  if (y === undefined || y === null) throw typeError(where, "y must hold the targets", "y", y);
  const names = model.outputNames;
  const targets = byPosition(where, "targets", names, y).map((data, i): Column | undefined => {
    const loss = losses[i];
    if (loss === undefined) return undefined;
    const name = labelOf(names, "y", i);
    const shape = model.graph.outputs[i]!.shape;
    if (loss.target === "given") {
      const column = toGivenColumn(where, name, data, inputs[0]?.rows ?? 0, shape);
      const metric = metrics.find(({ output, spec }) => output === i && spec.custom === undefined);
      if (metric !== undefined) checkMeasurable(where, name, metric.label, column, shape);
      return column;
    }
    if (loss.target === "values") return toColumn(where, name, data, shape);
    const [positions, classes] = rowsOf(shape);
    const column = toColumn(where, name, data, positions === 1 ? [] : shape.slice(0, -1));
    checkClasses(where, column.data, classes);
    return column;
  });
  const rows = commonRows(where, [...inputs, ...targets]);
  if (options.checkFinite === true) {
    inputs.forEach((column, i) => checkFinite(where, labelOf(model.inputNames, "x", i), column));
    targets.forEach((column, i) => column && checkFinite(where, labelOf(names, "y", i), column));
  }
  return { rows, inputs, targets, weights: toWeights(model, where, targets, rows, options) };
}

/** Throws unless the library's metrics can read targets meant for a user's own loss: values, or class indices. */
function checkMeasurable(where: string, name: string, metric: string, column: Column, shape: Shape): void {
  const [positions, width] = rowsOf(shape);
  if (column.width === positions * width) return;
  if (column.width !== positions) {
    const expected = `the metric ${metric} needs one class or ${width} values in ${name} for each prediction`;
    throw rangeError(where, expected, "shape", column.shape);
  }
  checkClasses(where, column.data, width);
}

/** `x`, or `x (name)` where there are several. */
function labelOf(names: readonly string[], what: string, index: number): string {
  return names.length > 1 ? `${what} (${names[index]})` : what;
}

/** Throws if a value is NaN or infinite, with its row and position. */
function checkFinite(where: string, name: string, { data, width }: Column): void {
  const index = data.findIndex((value: number) => !Number.isFinite(value));
  if (index < 0) return;
  const position = `${name}[${Math.floor(index / width)}][${index % width}]`;
  throw rangeError(where, `${name} must hold finite numbers`, position, data[index]);
}

export function toInputs(model: Model, where: string, x: unknown): Column[] {
  model.ensureBuilt(where, x);
  const names = model.inputNames;
  return byPosition(where, "inputs", names, x).map((data, i) => {
    return toColumn(where, labelOf(names, "x", i), data, model.graph.inputs[i]!.shape);
  });
}

function toWeights(
  model: Model,
  where: string,
  targets: readonly (Column | undefined)[],
  rows: number,
  { sampleWeight, classWeight }: { sampleWeight?: unknown; classWeight?: Readonly<Record<number, number>> | undefined },
): (Float32Array | undefined)[] {
  if (classWeight !== undefined) {
    if (sampleWeight !== undefined) throw new TypeError(`${where}: give sampleWeight or classWeight, not both.`);
    return [toClassWeights(model, where, targets, rows, classWeight)];
  }
  if (sampleWeight === undefined) return targets.map(() => undefined);
  const names = model.outputNames;
  const isOne = names.length === 1 || ArrayBuffer.isView(sampleWeight) || sampleWeight instanceof Tensor;
  const given = isOne ? targets.map(() => sampleWeight) : byPosition(where, "sampleWeight", names, sampleWeight);
  return given.map((weights) => {
    if (weights === undefined) return undefined;
    const column = toColumn(where, "sampleWeight", weights, []);
    if (column.rows !== rows) throw rangeError(where, `sampleWeight must have ${rows} values`, "length", column.rows);
    const bad = column.data.findIndex((weight: number) => !(weight >= 0 && weight < Infinity));
    if (bad >= 0)
      throw rangeError(where, "sampleWeight must be finite and not negative", `sampleWeight[${bad}]`, column.data[bad]);
    return Float32Array.from(column.data);
  });
}

/** The weight of each row's class: a class index, or the largest of a one-hot row. Classes not named weigh 1. */
function toClassWeights(
  model: Model,
  where: string,
  targets: readonly (Column | undefined)[],
  rows: number,
  classWeight: Readonly<Record<number, number>>,
): Float32Array {
  const column = targets[0];
  if (targets.length !== 1 || column === undefined) {
    throw rangeError(where, "classWeight is for models of one output", "outputs", targets.length);
  }
  const shape = model.graph.outputs[0]!.shape;
  if (rowsOf(shape)[0] !== 1) throw rangeError(where, "classWeight is for one class per row", "shape", shape);
  const classes = Math.max(column.width === 1 ? (rowsOf(shape)[1] === 1 ? 2 : rowsOf(shape)[1]) : column.width, 2);
  for (const [name, weight] of Object.entries(classWeight)) {
    const known = Number.isInteger(Number(name)) && Number(name) >= 0 && Number(name) < classes;
    if (!known) throw rangeError(where, `classWeight names classes 0 to ${classes - 1}`, "class", name);
    if (!(weight >= 0 && weight < Infinity))
      throw rangeError(where, "class weights must be finite and not negative", name, weight);
  }
  return Float32Array.from({ length: rows }, (_, row) => {
    const values = column.data.subarray(row * column.width, (row + 1) * column.width);
    const label = column.width === 1 ? values[0]! : values.indexOf(Math.max(...values));
    return classWeight[label] ?? 1;
  });
}

/** Sums of losses and metrics over the batches of an epoch, as means over rows. */
export class Tally {
  readonly #compiled: Compiled;
  readonly #metrics: readonly NamedMetric[];
  readonly #engine: Engine;
  #rows = 0;
  #loss = 0;
  readonly #losses: number[];

  constructor(compiled: Compiled, engine: Engine) {
    this.#compiled = compiled;
    this.#engine = engine;
    this.#metrics = compiled.createMetrics();
    this.#losses = compiled.losses.map(() => 0);
  }

  reset(): void {
    this.#rows = 0;
    this.#loss = 0;
    this.#losses.fill(0);
    for (const { metric } of this.#metrics) metric.reset();
  }

  /** Counts the batch that a plan has just run. */
  add(plan: Plan): void {
    const { rows } = plan.state;
    this.#rows += rows;
    this.#loss += plan.loss * rows;
    for (let i = 0; i < this.#losses.length; i++) this.#losses[i]! += (plan.losses[i]?.value ?? 0) * rows;
    for (const { output, metric } of this.#metrics) {
      const loss = plan.losses[output];
      if (loss === undefined) continue;
      const value = plan.outputs[output]!;
      const [positions, width] = rowsOf(value.shape);
      const n = rows * positions;
      metric.update({
        rows: n,
        width,
        prediction: plan.view(value),
        target: this.#targetOf(loss, n, width),
        given: loss.given,
      });
    }
  }

  #targetOf({ kind, target, given }: PlanLoss, n: number, width: number): Float32Array | Int32Array {
    if (given !== undefined) return given.size === n && width > 1 ? Int32Array.from(given.data) : given.data;
    const start = target.address >>> 2;
    return kind === "class"
      ? this.#engine.i32.subarray(start, start + n)
      : this.#engine.floats(target.address, n * width);
  }

  logs(prefix = ""): Logs {
    const logs: Logs = { [`${prefix}loss`]: this.#loss / this.#rows };
    this.#compiled.lossLabels.forEach((label, i) => {
      if (this.#compiled.losses[i] !== undefined) logs[prefix + label] = this.#losses[i]! / this.#rows;
    });
    for (const { label, metric } of this.#metrics) logs[prefix + label] = metric.result();
    return logs;
  }
}

/** Sees training steps from inside. */
export interface StepObserver {
  /** A step begins. What it returns sees the outputs of its operations. */
  begin(): Observe | undefined;
  /** Loss and gradients are there; nothing has moved. The gradients are whole if `begin` returned something. */
  gradients(plan: Plan): void;
  /** The step is complete. */
  end(): void;
}

/** Makes whatever a training step of so many rows needs. Throws MemoryError with the model as it was. */
export function prepareTraining(model: Model, where: string, rows: number, plans: PlanCache, observe?: Observe): Plan {
  const { losses, lossWeights, optimizer } = model.compiledFor(where);
  // Who looks at gradients wants to see them whole; and several threads have more of a few large pieces.
  const blockwise = observe === undefined && optimizer.takesBlocks && model.engine.threads === 1;
  const findPlan = (): Plan => plans.find({ mode: "train", rows, losses, lossWeights, observe, blockwise });
  const plan = findPlan();
  const { learning } = plan;
  try {
    optimizer.prepare(learning);
    return plan;
  } catch (error) {
    if (!(error instanceof MemoryError)) throw error;
  }
  // The plans make room for the optimizer's state. What then still fails leaves nothing behind.
  plans.clear();
  const fresh = learning.filter((parameter) => optimizer.state(parameter) === undefined);
  optimizer.prepare(learning);
  try {
    return findPlan();
  } catch (error) {
    for (const parameter of fresh) optimizer.release(parameter);
    throw error;
  }
}

/** Forward and backward pass over a batch. */
function computeGradients(model: Model, plan: Plan, batch: Batch): void {
  const { state } = plan;
  loadInputs(model.engine, plan, batch);
  loadTargets(model.engine, plan, batch);
  state.samples = 1;
  state.firstRow = 0;
  state.step = model.steps;
  state.key = model.stream("masks");
  plan.forward();
  plan.backward();
}

/** One step: gradients, optimizer, layer state. */
export function trainStep(model: Model, where: string, batch: Batch): Plan {
  const { observer } = model;
  const plan = prepareTraining(model, where, batch.rows, batch.dataset.plans ?? model.built.plans, observer?.begin());
  if (plan.items.length === 0) {
    throw new Error(
      `${where}: nothing would learn; every layer with weights is frozen. Set trainable = true on some layer.`,
    );
  }
  computeGradients(model, plan, batch);
  observer?.gradients(plan);
  model.compiledFor(where).optimizer.step(plan.items);
  plan.update();
  model.steps++;
  observer?.end();
  return plan;
}

export function trainOnBatch(model: Model, x: ModelData, y: ModelData, options: TrainOptions): Logs {
  checkKeys("trainOnBatch", options, ["sampleWeight"]);
  const dataset = toDataset(model, "trainOnBatch", x, y, options);
  const tally = new Tally(model.compiledFor("trainOnBatch"), model.engine);
  tally.add(trainStep(model, "trainOnBatch", { dataset, start: 0, rows: dataset.rows, order: undefined }));
  return tally.logs();
}

export function gradients(model: Model, x: ModelData, y: ModelData, options: TrainOptions): Map<string, Tensor> {
  checkKeys("gradients", options, ["sampleWeight"]);
  const dataset = toDataset(model, "gradients", x, y, options);
  const { losses, lossWeights } = model.compiledFor("gradients");
  const plan = model.built.plans.find({ mode: "train", rows: dataset.rows, losses, lossWeights });
  computeGradients(model, plan, { dataset, start: 0, rows: dataset.rows, order: undefined });
  const found = new Map<string, Tensor>();
  for (const [name, parameter] of model.built.parameters) {
    const gradient = plan.gradients.get(parameter);
    if (gradient !== undefined) found.set(name, new Tensor(parameter.read(gradient.address), parameter.shape));
  }
  return found;
}
