import type { Operation } from "../graph/graph.js";
import type { Value } from "../graph/lowering.js";
import type { Parameter } from "../graph/parameter.js";
import type { Plan } from "../graph/plan.js";
import { BatchNormalization } from "../layers/batch-normalization.js";
import type { Model } from "../models/model.js";
import type { StepObserver } from "../models/train.js";

/** What one training step looked like in one layer. Shares are of units, in [0, 1]. */
export interface LayerHealth {
  /** Path in the model. */
  readonly layer: string;
  /** Mean absolute gradient of its weights: the kernel, where there is one. */
  readonly meanAbsoluteGradient?: number;
  /** Euclidean norm of the same gradient. */
  readonly gradientNorm?: number;
  /** Norm of what the step changed, divided by the norm of the weights. About 1e-3 is usual. */
  readonly updateRatio?: number;
  /** ReLU units that were 0 for every row. */
  readonly dead?: number;
  /** Outputs of sigmoid or tanh where the derivative is below a twentieth of its maximum. */
  readonly saturated?: number;
  /** Of batch normalization. */
  readonly statistics?: {
    readonly smallestVariance: number;
    readonly largestVariance: number;
    /** Units whose moving variance is below epsilon. */
    readonly belowEpsilon: number;
    readonly meanAbsoluteGamma: number;
  };
}

/** What one training step looked like. */
export interface GradientReport {
  /** Steps completed before it. */
  readonly step: number;
  readonly loss: number;
  /** In the order of the model: those that learn, normalize, or can die or saturate. */
  readonly layers: readonly LayerHealth[];
  /** In plain words, from stated thresholds; empty if nothing is wrong. */
  readonly warnings: readonly string[];
}

/** Fewer rows cannot tell a dead unit from one that these rows do not need. */
const ROWS_TO_JUDGE = 8;
/** A derivative below this share of its maximum (sigmoid beyond ±4.4, tanh beyond ±2.2) passes hardly any gradient. */
const SATURATED_SLOPE = 0.05;

interface Mutable {
  meanAbsoluteGradient?: number;
  gradientNorm?: number;
  updateRatio?: number;
  dead?: number;
  saturated?: number;
  statistics?: NonNullable<LayerHealth["statistics"]>;
}

/** Measures one step of a model from inside: outputs while they are there, gradients before the optimizer uses them. */
export class StepMeasurement implements StepObserver {
  readonly #model: Model;
  /** Paths of the layers that make the model's outputs. */
  readonly #outputs: ReadonlySet<string>;
  readonly #layers = new Map<string, Mutable>();
  /** Weights in front of the step, by parameter: arrays that are used again at the next look. */
  readonly #before = new Map<Parameter, Float32Array>();
  /** Where the gradient of each of this step's parameters lies: once it has been used, a place to compute in. */
  readonly #gradients = new Map<Parameter, number>();
  #loss = NaN;

  constructor(model: Model) {
    this.#model = model;
    const { operations, outputs } = model.built.flat;
    this.#outputs = new Set(operations.filter(({ output }) => outputs.includes(output)).map(({ path }) => path));
  }

  readonly observe = (operation: Operation, output: Value, rows: number): void => {
    const name = output.activated?.activation.name;
    // An output that is sure of itself is no fault.
    if (this.#outputs.has(operation.path)) return;
    if (name === "relu" || name === "relu6") this.#countDead(operation.path, output, rows);
    else if (name === "sigmoid" || name === "tanh") this.#countSaturated(operation.path, output, rows, name);
  };

  begin(): typeof this.observe {
    this.#layers.clear();
    this.#gradients.clear();
    return this.observe;
  }

  gradients(plan: Plan): void {
    const { engine } = this.#model;
    this.#loss = plan.loss;
    this.#readStatistics();
    for (const [path, parameter] of this.#judged()) {
      const gradient = plan.gradients.get(parameter);
      if (gradient === undefined) continue;
      const { size, count } = parameter;
      // Rows of panels are padded with zeros, which add nothing to either sum.
      this.#layerOf(path).meanAbsoluteGradient = engine.kernels.sumOfAbsolutes(size, gradient.address) / count;
      this.#layerOf(path).gradientNorm = Math.sqrt(engine.kernels.sumOfSquares(size, gradient.address));
      let before = this.#before.get(parameter);
      if (before === undefined) this.#before.set(parameter, (before = new Float32Array(size)));
      before.set(engine.floats(parameter.address, size));
      this.#gradients.set(parameter, gradient.address);
    }
  }

  end(): void {
    const { engine } = this.#model;
    for (const [path, parameter] of this.#judged()) {
      const scratch = this.#gradients.get(parameter);
      if (scratch === undefined) continue;
      const { size, address } = parameter;
      engine.floats(scratch, size).set(this.#before.get(parameter)!);
      const norm = engine.kernels.sumOfSquares(size, scratch);
      engine.kernels.subtractForward(size, address, scratch, scratch);
      if (norm > 0) this.#layerOf(path).updateRatio = Math.sqrt(engine.kernels.sumOfSquares(size, scratch) / norm);
    }
  }

  /** Loss, and what was measured, in the order of the model. */
  read(): { loss: number; layers: LayerHealth[] } {
    const order = [...new Set(this.#model.built.flat.operations.map(({ path }) => path))];
    const layers = order.flatMap((layer) => {
      const measured = this.#layers.get(layer);
      return measured === undefined ? [] : [{ layer, ...measured }];
    });
    return { loss: this.#loss, layers };
  }

  /** The parameter that stands for each layer: its first that learns. */
  #judged(): Map<string, Parameter> {
    const found = new Map<string, Parameter>();
    for (const { path, layer } of this.#model.built.flat.operations) {
      const parameter = layer.parameters.find(({ learned }) => learned);
      if (parameter !== undefined) found.set(path, parameter);
    }
    return found;
  }

  #layerOf(path: string): Mutable {
    let layer = this.#layers.get(path);
    if (layer === undefined) this.#layers.set(path, (layer = {}));
    return layer;
  }

  #countDead(path: string, output: Value, rows: number): void {
    const units = output.shape.at(-1) ?? 1;
    const y = this.#model.engine.floats(output.address, rows * output.width);
    if (y.length / units < ROWS_TO_JUDGE) return;
    const alive = new Uint8Array(units);
    for (let i = 0; i < y.length; i += units) {
      for (let j = 0; j < units; j++) if (y[i + j]! > 0) alive[j] = 1;
    }
    this.#layerOf(path).dead = 1 - alive.reduce((sum, flag) => sum + flag, 0) / units;
  }

  #countSaturated(path: string, output: Value, rows: number, name: "sigmoid" | "tanh"): void {
    const y = this.#model.engine.floats(output.address, rows * output.width);
    let count = 0;
    for (let i = 0; i < y.length; i++) {
      const value = y[i]!;
      const slope = name === "sigmoid" ? 4 * value * (1 - value) : 1 - value * value;
      if (slope < SATURATED_SLOPE) count++;
    }
    this.#layerOf(path).saturated = count / y.length;
  }

  #readStatistics(): void {
    for (const { path, layer } of this.#model.built.flat.operations) {
      if (!(layer instanceof BatchNormalization)) continue;
      const variance = layer.parameter("movingVariance").read();
      const gamma = layer.options.scale ? layer.parameter("gamma").read() : Float32Array.of(1);
      const below = variance.filter((value) => value < layer.options.epsilon).length;
      this.#layerOf(path).statistics = {
        smallestVariance: variance.reduce((a, b) => Math.min(a, b)),
        largestVariance: variance.reduce((a, b) => Math.max(a, b)),
        belowEpsilon: below / variance.length,
        meanAbsoluteGamma: gamma.reduce((sum, value) => sum + Math.abs(value), 0) / gamma.length,
      };
    }
  }
}
