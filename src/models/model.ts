import { rangeError, typeError } from "../check.js";
import type { CallbackModel, Logs } from "../callbacks/callback.js";
import { flatten, type FlatGraph, type Graph } from "../graph/graph.js";
import type { Layer } from "../graph/layer.js";
import { Application, Node, type Callee } from "../graph/node.js";
import type { Parameter, ParameterDeclaration } from "../graph/parameter.js";
import { sameShape, showShape, type Shape } from "../graph/shape.js";
import { saveModel, type SaveOptions } from "../formats/save-model.js";
import { checkName } from "../layers/options.js";
import { deriveKey, drawSeed, keyOf, type Key, type Seed } from "../random.js";
import { defaultEngine, type Engine } from "../runtime/engine.js";
import { tensor, Tensor, type DataLike } from "../tensor.js";
import { cloneModel } from "./clone.js";
import { rowShapeOf } from "./data.js";
import { compileModel, type Compiled, type CompileOptions } from "./compile.js";
import { evaluate, type EvaluateOptions } from "./evaluate.js";
import { fit, type FitOptions, type History } from "./fit.js";
import { isLearning, PlanCache } from "./plan-cache.js";
import { predict, type PredictOptions } from "./predict.js";
import { predictMC, type MonteCarloOptions, type MonteCarloPrediction } from "./predict-mc.js";
import { summarize } from "./summary.js";
import { gradients, trainOnBatch, type StepObserver, type TrainOptions } from "./train.js";

/** What every model can be given. */
export interface ModelOptions {
  /** Of initial weights, shuffling and masks: an integer from 0, or a bigint. Default: drawn once. */
  seed?: Seed;
  /** Default: `sequential`, `functional`. */
  name?: string;
  /** @internal */
  engine?: Engine;
}

/** Streams of random numbers of one seed. */
const STREAMS = { weights: 1, shuffle: 2, masks: 3, monteCarlo: 4 } as const;

/** Data for one input or output, or for each: by position or by name. */
export type ModelData = DataLike | readonly DataLike[] | Readonly<Record<string, DataLike>>;

/** One line of `model.parameters`. */
export interface ParameterInfo {
  readonly name: string;
  readonly shape: Shape;
  readonly trainable: boolean;
  readonly count: number;
}

/** What `setWeights` did with each name. */
export interface WeightReport {
  /** Set. */
  readonly matched: string[];
  /** Parameters of the model that were not given: unchanged. */
  readonly missing: string[];
  /** Given, but not in the model: ignored. */
  readonly unexpected: string[];
}

/** Everything that exists once the input shapes are known. */
interface Built {
  readonly graph: Graph;
  readonly flat: FlatGraph;
  readonly layers: readonly Layer[];
  /** By path in this model. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly plans: PlanCache;
}

/** Frees what a model that nobody holds any more has left in linear memory. Layers keep their own. */
const abandoned = new FinalizationRegistry<() => void>((free) => free());

/**
 * Layers between inputs and outputs, and how they learn. Made by `sequential` or `functional`; itself applicable like
 * a layer. Shapes are `[batch, …]` everywhere.
 */
export class Model implements Callee, CallbackModel {
  readonly kind: "sequential" | "functional";
  readonly givenName: string | undefined;
  /** Of everything random in the model. */
  readonly seed: Seed;
  /** @internal */
  readonly engine: Engine;
  /** Training steps completed: masks are a function of it. @internal */
  steps = 0;
  /** Watches training steps, if anything does. @internal */
  observer: StepObserver | undefined;
  /** Epochs completed: the order of the data is a function of it. @internal */
  epochs = 0;
  readonly #key: Key;
  /** An object of its own, so that plans, which look it up, do not keep an abandoned model alive. */
  readonly #scope = { trainable: true };
  #built: Built | undefined;
  #compiled: Compiled | undefined;
  #chain: ((shape: Shape) => Graph) | undefined;
  #described: Graph | undefined;
  #disposed = false;
  readonly #resources: { workspaces?: ReadonlySet<number>; optimizer?: { dispose(): void } } = {};

  /** @internal */
  constructor(kind: "sequential" | "functional", options: ModelOptions) {
    checkName(kind, options.name);
    this.kind = kind;
    this.givenName = options.name;
    this.engine = options.engine ?? defaultEngine();
    this.seed = options.seed ?? drawSeed();
    this.#key = keyOf(this.seed);
    // The function must not refer to the model, or it would keep it alive.
    const resources = this.#resources;
    const { arena } = this.engine;
    abandoned.register(
      this,
      () => {
        for (const address of resources.workspaces ?? []) arena.free(address);
        resources.optimizer?.dispose();
      },
      this,
    );
  }

  /** Whether the model's layers may learn: like each layer's own switch, looked up at each step. */
  get trainable(): boolean {
    return this.#scope.trainable;
  }

  set trainable(value: boolean) {
    this.#scope.trainable = value;
  }

  // Structure -------------------------------------------------------------------------------------------------------

  /** @internal Names the layers, allocates and initializes what is new. All or nothing. */
  buildFrom(graph: Graph): void {
    const flat = flatten(graph, this.#scope);
    const layers: Layer[] = [];
    const paths = new Map<Layer, string>();
    const fresh: Layer[] = [];
    const weightKey = this.stream("weights");
    try {
      const shapes = new Map<number, Shape>(flat.inputs.map((node, i) => [i, node.shape]));
      for (const { layer, inputs, output, path } of flat.operations) {
        const inputShapes = inputs.map((id) => shapes.get(id)!);
        shapes.set(output, layer.outputShape(inputShapes));
        if (paths.has(layer)) continue;
        const index = layers.push(layer) - 1;
        paths.set(layer, path);
        if (!layer.built) fresh.push(layer);
        const made = layer.build(this.engine, path, inputShapes);
        made.forEach(([parameter, { initializer }]: readonly [Parameter, ParameterDeclaration], i: number) =>
          parameter.initialize(initializer, deriveKey(weightKey, index, i)),
        );
      }
    } catch (error) {
      for (const layer of fresh) if (layer.built) layer.release();
      throw error;
    }
    for (const layer of layers) layer.retain();
    const parameters = new Map(
      layers.flatMap((layer) =>
        layer.parameters.map((parameter) => [`${paths.get(layer)!}/${parameter.key}`, parameter] as const),
      ),
    );
    const inputNames = uniqueNames(graph.inputs.map((node, i) => node.name ?? (i === 0 ? "input" : `input_${i}`)));
    const outputPaths = flat.outputs.map((id) => {
      const made = flat.operations.find((operation) => operation.output === id);
      return made === undefined ? inputNames[id]! : made.path.slice(made.path.lastIndexOf("/") + 1);
    });
    const plans = new PlanCache(this.engine, flat);
    this.#resources.workspaces = plans.workspaces;
    this.#built = { graph, flat, layers, parameters, inputNames, outputNames: uniqueNames(outputPaths), plans };
  }

  /** @internal The graph of a model that is only nested in others, which build its layers. */
  describe(graph: Graph): void {
    this.#described = graph;
  }

  /** @internal Builds the model when its input shape is known. */
  buildLater(chain: (shape: Shape) => Graph): void {
    this.#chain = chain;
  }

  /** @internal Builds a model whose input shape was not given, from the first data that it sees. */
  ensureBuilt(where: string, x: unknown): void {
    if (this.#disposed)
      throw new Error(`${where}: the model was disposed. Make a new one, or clone it before dispose().`);
    if (this.#built !== undefined) return;
    if (this.#described !== undefined) return this.buildFrom(this.#described);
    const shape = rowShapeOf(x);
    if (shape === undefined || this.#chain === undefined) {
      throw new Error(`${where}: the model has no input shape yet. Give sequential(layers, { inputShape }).`);
    }
    this.buildFrom(this.#chain(shape));
  }

  /** @internal */
  get built(): Built {
    this.ensureBuilt(this.name, undefined);
    return this.#built!;
  }

  /** @internal */
  get isBuilt(): boolean {
    return this.#built !== undefined;
  }

  get name(): string {
    return this.givenName ?? this.kind;
  }

  get graph(): Graph {
    return this.#described ?? this.built.graph;
  }

  /** Every layer, in order; those of nested models too. */
  get layers(): readonly Layer[] {
    return this.built.layers;
  }

  /** Names of the inputs, and of the layers that make the outputs. */
  get inputNames(): readonly string[] {
    return this.built.inputNames;
  }

  get outputNames(): readonly string[] {
    return this.built.outputNames;
  }

  /** A layer or nested model by its name or path in this model, or a layer by its position. */
  getLayer<Found extends Layer | Model = Layer>(nameOrIndex: string | number): Found {
    const { layers, flat } = this.built;
    if (typeof nameOrIndex === "number") {
      const layer = layers.at(nameOrIndex);
      if (layer === undefined) {
        throw rangeError(
          "getLayer",
          `index must be below ${layers.length}, the number of layers`,
          "index",
          nameOrIndex,
        );
      }
      return layer as Found;
    }
    const entries = [...flat.paths];
    const found =
      entries.find(([, path]) => path === nameOrIndex) ?? entries.find(([{ name }]) => name === nameOrIndex);
    if (found === undefined) {
      throw rangeError("getLayer", `name must be one of ${[...flat.paths.values()].join(", ")}`, "name", nameOrIndex);
    }
    return found[0] as Callee as Found;
  }

  /** Applies the model like a layer: a node for each output. With shared weights at every call. */
  apply(...inputs: (Node | readonly Node[])[]): Node {
    return this.applyAll(...inputs)[0]!;
  }

  /** As `apply`, for models with several outputs. */
  applyAll(...inputs: (Node | readonly Node[])[]): readonly Node[] {
    const nodes = inputs.flat() as Node[];
    for (const node of nodes) {
      if (!(node instanceof Node))
        throw typeError(this.name, "apply takes nodes made by input() or apply()", "input", node);
    }
    const buildable = !this.isBuilt && !this.#disposed && nodes.length === 1;
    if (buildable && this.#chain !== undefined) this.#described ??= this.#chain(nodes[0]!.shape);
    const { graph } = this;
    const fits =
      nodes.length === graph.inputs.length && nodes.every((node, i) => sameShape(node.shape, graph.inputs[i]!.shape));
    if (!fits) {
      const expected = `the model takes ${graph.inputs.map((node) => showShape(node.shape)).join(", ")}`;
      throw rangeError(this.name, expected, "shapes", nodes.map((node) => showShape(node.shape)).join(", "));
    }
    return new Application(
      this,
      nodes,
      graph.outputs.map((node) => node.shape),
    ).outputs;
  }

  /** A text table of layers, output shapes and parameter counts. */
  summary(): string {
    return summarize(this);
  }

  /** A model of the same structure with layers of its own, so that training it leaves this one as it is. */
  clone(options: { weights?: boolean; seed?: Seed; name?: string } = {}): Model {
    return cloneModel(this, options);
  }

  // Weights ---------------------------------------------------------------------------------------------------------

  /** Every parameter, statistics included, by its path. */
  get parameters(): readonly ParameterInfo[] {
    const learning = this.learningParameters();
    return [...this.built.parameters].map(([name, parameter]) => ({
      name,
      shape: parameter.shape,
      trainable: learning.has(parameter),
      count: parameter.count,
    }));
  }

  /** Number of values in all parameters. */
  countParams(): number {
    return this.parameters.reduce((sum, { count }) => sum + count, 0);
  }

  /** @internal Parameters that a training step would move now. */
  learningParameters(): Set<Parameter> {
    const learning = this.built.flat.operations.filter(isLearning);
    return new Set(learning.flatMap(({ layer }) => layer.parameters.filter((parameter) => parameter.learned)));
  }

  /** Copies of all parameters, by path. */
  getWeights(): Map<string, Tensor> {
    return new Map(
      [...this.built.parameters].map(([name, parameter]) => [name, new Tensor(parameter.read(), parameter.shape)]),
    );
  }

  /**
   * Overwrites parameters by path: a Map or record of tensors or arrays. Names that do not match are reported, not
   * refused, unless none matches; a wrong shape is refused before anything changes.
   */
  setWeights(named: ReadonlyMap<string, DataLike> | Readonly<Record<string, DataLike>>): WeightReport {
    const { parameters } = this.built;
    const given = named instanceof Map ? (named as Map<string, DataLike>) : new Map(Object.entries(named));
    const writes: [Parameter, ArrayLike<number>][] = [];
    const report: WeightReport = { matched: [], missing: [], unexpected: [] };
    for (const [name, value] of given) {
      const parameter = parameters.get(name);
      if (parameter === undefined) {
        report.unexpected.push(name);
        continue;
      }
      const values = value instanceof Tensor ? value : tensor(value);
      const flat = ArrayBuffer.isView(value) && values.size === parameter.count;
      if (!flat && !sameShape(values.shape, parameter.shape)) {
        throw rangeError("setWeights", `${name} has shape [${parameter.shape.join(", ")}]`, "shape", values.shape);
      }
      report.matched.push(name);
      writes.push([parameter, values.data]);
    }
    for (const name of parameters.keys()) if (!given.has(name)) report.missing.push(name);
    if (report.matched.length === 0 && parameters.size > 0) {
      throw rangeError("setWeights", `no name matches; the model has ${[...parameters.keys()].join(", ")}`, "names", [
        ...given.keys(),
      ]);
    }
    const undo: (() => void)[] = [];
    try {
      for (const [parameter, values] of writes) {
        undo.push(parameter.snapshot());
        parameter.write(values);
      }
    } catch (error) {
      for (const restore of undo) restore();
      throw error;
    }
    return report;
  }

  // Training and prediction -----------------------------------------------------------------------------------------

  /**
   * Says how the model learns. Makes fresh optimizer state; weights stay.
   * Throws on unknown names or options, with the model as it was.
   */
  compile(options: CompileOptions): void {
    if (this.#disposed) this.ensureBuilt("compile", undefined);
    const compiled = compileModel(this.engine, this.#built?.outputNames ?? ["output"], options);
    this.#compiled?.optimizer.dispose();
    this.#compiled = compiled;
    this.#resources.optimizer = compiled.optimizer;
    this.#built?.plans.clear();
  }

  /** @internal */
  compiledFor(where: string): Compiled {
    if (this.#disposed) this.ensureBuilt(where, undefined);
    if (this.#compiled === undefined) {
      throw new Error(`${where}: model is not compiled. Call model.compile({ optimizer, loss }) first.`);
    }
    return this.#compiled;
  }

  /** @internal */
  get compiled(): Compiled | undefined {
    return this.#compiled;
  }

  /** Whether more is better of what is logged under this name; undefined if that is not known. */
  metricDirection(name: string): "up" | "down" | undefined {
    return this.#compiled?.metrics.find(({ label }) => label === name)?.spec.direction;
  }

  /** The running optimizer: its learning rate can be read and set by hand. */
  get optimizer(): Compiled["optimizer"] {
    return this.compiledFor("optimizer").optimizer;
  }

  /**
   * @internal Remembers weights, statistics, optimizer state and counters; what it returns puts them back to the bit.
   */
  snapshot(): () => void {
    const restores = [...this.built.parameters.values()].map((parameter) => parameter.snapshot());
    const { steps, epochs } = this;
    const restoreOptimizer = this.#compiled?.optimizer.snapshot();
    return () => {
      for (const restore of restores) restore();
      restoreOptimizer?.();
      this.steps = steps;
      this.epochs = epochs;
    };
  }

  /** @internal A key for one purpose. */
  stream(purpose: keyof typeof STREAMS): Key {
    return deriveKey(this.#key, STREAMS[purpose]);
  }

  /**
   * Trains for a number of epochs, yielding to the event loop. Resolves with the history of losses and metrics, also
   * when a callback or the signal stops it. After a failure the model is at its last completed step.
   */
  async fit(x: ModelData | BatchSource, y?: ModelData | FitOptions, options?: FitOptions): Promise<History> {
    return fit(this, x, y, options);
  }

  /** One training step on one batch. Returns its loss and metrics. */
  trainOnBatch(x: ModelData, y: ModelData, options: TrainOptions = {}): Logs {
    return trainOnBatch(this, x, y, options);
  }

  /** Gradients of the loss (penalties included, before clipping) by parameter path. Nothing moves. */
  gradients(x: ModelData, y: ModelData, options: TrainOptions = {}): Map<string, Tensor> {
    return gradients(this, x, y, options);
  }

  /** Loss and metrics over the data, in inference mode. */
  evaluate(x: ModelData, y: ModelData, options: EvaluateOptions = {}): Logs {
    return evaluate(this, x, y, options);
  }

  /** Outputs in inference mode: a Tensor, or one for each output. */
  predict<Output extends Tensor | Tensor[] = Tensor>(x: ModelData, options: PredictOptions = {}): Output {
    return predict(this, x, options) as Output;
  }

  /** `predict` as one batch. */
  predictOnBatch<Output extends Tensor | Tensor[] = Tensor>(x: ModelData): Output {
    return predict(this, x, { batchSize: Infinity }) as Output;
  }

  /** Many passes with dropout on and everything else in inference mode: mean, spread and uncertainty. */
  predictMC<Output extends MonteCarloPrediction | MonteCarloPrediction[] = MonteCarloPrediction>(
    x: ModelData,
    options: MonteCarloOptions = {},
  ): Output {
    return predictMC(this, x, options) as Output;
  }

  /** The model as a file, as `saveModel` makes it. */
  save(options: SaveOptions = {}): Uint8Array<ArrayBuffer> {
    return saveModel(this, options);
  }

  /** Frees linear memory: plans, optimizer state, and layers that no other model uses. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    abandoned.unregister(this);
    this.#compiled?.optimizer.dispose();
    this.#built?.plans.clear();
    for (const layer of this.#built?.layers ?? []) layer.release();
    this.#built = undefined;
    this.#compiled = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Batches made by the caller: `[x, y]` or `[x, y, sampleWeight]`. */
export type BatchSource =
  Iterable<readonly [ModelData, ModelData, DataLike?]> | AsyncIterable<readonly [ModelData, ModelData, DataLike?]>;

/** Appends _1, _2, … to names that occur again. */
function uniqueNames(names: readonly string[]): string[] {
  const seen = new Set<string>();
  return names.map((name) => {
    let unique = name;
    for (let i = 1; seen.has(unique); i++) unique = `${name}_${i}`;
    seen.add(unique);
    return unique;
  });
}
