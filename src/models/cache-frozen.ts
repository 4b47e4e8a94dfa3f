import type { FlatGraph, Operation } from "../graph/graph.js";
import { Node } from "../graph/node.js";
import { sizeOf, type Shape } from "../graph/shape.js";
import { BatchNormalization } from "../layers/batch-normalization.js";
import { loadInputs, type Column, type Dataset } from "./data.js";
import { INFERENCE_ROWS } from "./evaluate.js";
import type { Model } from "./model.js";
import { isLearning, PlanCache } from "./plan-cache.js";

/** Whether training changes what the operation does: its weights, or statistics of the batch. */
function moves(operation: Operation): boolean {
  const { layer } = operation;
  const learns = layer instanceof BatchNormalization || layer.parameters.some(({ learned }) => learned);
  return learns && isLearning(operation);
}

/**
 * The operations of a model that give the same outputs in every step: neither they nor anything below them learns or
 * is random. A layer with a penalty on its output is not among them, since that is part of the loss.
 */
export function frozenOperations({ operations, inputs }: FlatGraph): Operation[] {
  const known = new Set(inputs.keys());
  return operations.filter((operation) => {
    const { layer } = operation;
    const penalized = (layer.options as { activityRegularizer?: unknown }).activityRegularizer !== undefined;
    const fixed = !moves(operation) && !layer.randomInTraining && !penalized && layer.kind !== "activityRegularization";
    if (!fixed || !operation.inputs.every((id) => known.has(id))) return false;
    known.add(operation.output);
    return true;
  });
}

/** Options of fit that decide. */
interface FitChoices {
  readonly cacheFrozen?: boolean | undefined;
  readonly epochs: number;
  readonly initialEpoch: number;
  readonly verbose?: number | undefined;
}

/** Models whose users know. */
const told = new WeakSet<Model>();

/** Where the frozen part ends, and what goes on from there. */
interface Parts {
  readonly trunk: FlatGraph;
  readonly head: FlatGraph;
}

/** Splits a graph behind its frozen operations. Values keep their numbers, but for the head's inputs. */
function split(flat: FlatGraph, frozen: readonly Operation[]): Parts {
  const isFrozen = new Set(frozen);
  const rest = flat.operations.filter((operation) => !isFrozen.has(operation));
  const made = new Set([...flat.inputs.keys(), ...frozen.map(({ output }) => output)]);
  const border = [...new Set([...rest.flatMap(({ inputs }) => inputs), ...flat.outputs])].filter((id) => made.has(id));
  const shapes = shapesOf(flat);
  const inputs = border.map((id) => new Node(shapes.get(id)!, undefined, 0));
  // Values of a graph are numbered from its inputs on: the head's border values come first.
  const numbers = new Map<number, number>(border.map((id, i) => [id, i]));
  rest.forEach(({ output }, i) => numbers.set(output, border.length + i));
  const head = {
    ...flat,
    inputs,
    operations: rest.map((operation) => ({
      ...operation,
      index: flat.operations.indexOf(operation),
      inputs: operation.inputs.map((id) => numbers.get(id)!),
      output: numbers.get(operation.output)!,
    })),
    outputs: flat.outputs.map((id) => numbers.get(id)!),
  };
  return { trunk: { ...flat, operations: frozen, outputs: border }, head };
}

/** Shape of every value's rows. */
function shapesOf(flat: FlatGraph): Map<number, Shape> {
  const shapes = new Map<number, Shape>(flat.inputs.map((node, id) => [id, node.shape]));
  for (const { layer, inputs, output } of flat.operations)
    shapes.set(output, layer.outputShape(inputs.map((id) => shapes.get(id)!)));
  return shapes;
}

/** The outputs of a model's frozen part, computed once, and the plans of what lies above it. */
export class FrozenFeatures {
  readonly #model: Model;
  readonly #frozen: readonly Operation[];
  readonly #trunk: FlatGraph;
  readonly #plans: PlanCache;

  /** Undefined where nothing with weights is frozen. */
  static of(model: Model): FrozenFeatures | undefined {
    const { flat } = model.built;
    const frozen = frozenOperations(flat);
    const pays = frozen.some(({ layer }) => layer.parameters.length > 0) && frozen.length < flat.operations.length;
    return pays ? new FrozenFeatures(model, frozen) : undefined;
  }

  private constructor(model: Model, frozen: readonly Operation[]) {
    const { trunk, head } = split(model.built.flat, frozen);
    this.#model = model;
    this.#frozen = frozen;
    this.#trunk = trunk;
    this.#plans = new PlanCache(model.engine, head);
  }

  /**
   * What fit computes once: nothing unless `cacheFrozen` is true. Where that was left open and would pay, says so once
   * for each model.
   */
  static forFit(model: Model, { cacheFrozen, epochs, initialEpoch, verbose }: FitChoices): FrozenFeatures | undefined {
    const features = cacheFrozen === false ? undefined : FrozenFeatures.of(model);
    if (cacheFrozen === true || features === undefined) return features;
    const rounds = epochs - initialEpoch;
    if (rounds > 1 && verbose !== 0 && !told.has(model)) {
      told.add(model);
      console.info(
        `fit: everything up to ${features.upTo} is frozen and the same in each epoch; ` +
          `cacheFrozen: true computes it once instead of ${rounds} times.`,
      );
    }
    return undefined;
  }

  /** Path of the last frozen layer that has weights. */
  get upTo(): string {
    return this.#frozen.findLast(({ layer }) => layer.parameters.length > 0)!.path;
  }

  /** Whether the same layers are frozen as when the features were computed. */
  get isCurrent(): boolean {
    return !this.#frozen.some(moves);
  }

  /** The data for each step: as the layers above the frozen ones see it, or itself once one of those learns again. */
  cache(dataset: Dataset): () => Dataset {
    const features = this.#compute(dataset);
    return () => (this.isCurrent ? features : dataset);
  }

  #compute(dataset: Dataset): Dataset {
    const { engine } = this.#model;
    const trunkPlans = new PlanCache(engine, this.#trunk);
    try {
      const shapes = shapesOf(this.#model.built.flat);
      const inputs: Column[] = this.#trunk.outputs.map((id) => {
        const width = sizeOf(shapes.get(id)!);
        return { data: new Float32Array(dataset.rows * width), width, rows: dataset.rows };
      });
      for (let start = 0; start < dataset.rows; start += INFERENCE_ROWS) {
        const rows = Math.min(INFERENCE_ROWS, dataset.rows - start);
        const plan = trunkPlans.find({ mode: "predict", rows });
        loadInputs(engine, plan, { dataset, start, rows, order: undefined });
        plan.forward();
        plan.outputs.forEach((output, i) => inputs[i]!.data.set(plan.view(output), start * output.width));
      }
      return { ...dataset, inputs, plans: this.#plans };
    } finally {
      trunkPlans.clear();
    }
  }

  dispose(): void {
    this.#plans.clear();
  }
}
