import { activations } from "../activations.js";
import { checkKeys, FormatError, MemoryError, rangeError } from "../check.js";
import { constraints } from "../constraints.js";
import { flatten, Graph } from "../graph/graph.js";
import type { Layer } from "../graph/layer.js";
import { Node } from "../graph/node.js";
import { sameShape, sizeOf, type Shape } from "../graph/shape.js";
import { initializers } from "../initializers.js";
import { layers } from "../layers/index.js";
import { losses, type CustomLoss } from "../losses/index.js";
import { metrics, type CustomMetric } from "../metrics/index.js";
import type { LossSpec, MetricLike } from "../models/compile.js";
import { Model } from "../models/model.js";
import { optimizerFromConfig } from "../optimizers/config.js";
import { regularizers } from "../regularizers.js";
import { defaultEngine, type Engine } from "../runtime/engine.js";
import type { OwnSchedules } from "../schedules/index.js";
import { formatError } from "./format-error.js";
import {
  MODEL_KEY,
  MODEL_VERSION,
  SLOT_PREFIX,
  type CalleeConfig,
  type CompileConfig,
  type CustomConfig,
  type GraphConfig,
  type ModelConfig,
  type NamedConfig,
} from "./model-config.js";
import { read, toFloat32, type StoredTensor } from "./safetensors.js";

/** Options of `loadModel`. */
export interface LoadOptions {
  /** A user's own losses, by the names that they were saved under. */
  losses?: Readonly<Record<string, CustomLoss>>;
  metrics?: Readonly<Record<string, CustomMetric>>;
  schedules?: OwnSchedules;
  /** What to do about NaN and infinite weights. Default "warn". */
  nonFinite?: "warn" | "refuse" | "allow";
  /** @internal */
  engine?: Engine;
}

/** Bounds on what a file may ask for, far above real models. */
const LIMITS = { layers: 10_000, depth: 64, values: 1_000_000 } as const;
const WHERE = "loadModel";

/** The file is sound, but names a function that only its user has. */
class OwnFunctionError extends RangeError {}

/** What a file's layers and models have been made into, and how much each model holds, nested ones included. */
interface Made {
  readonly callees: (Layer | Model)[];
  readonly sizes: Map<Layer | Model, { readonly layers: number; readonly depth: number }>;
  readonly models: Model[];
}

/**
 * A model from the bytes of `saveModel`: compiled as it was, and with optimizer state if that was saved, so that
 * training goes on with the same bits. Throws FormatError, with nothing allocated, for whatever is wrong with the file.
 */
export function loadModel(bytes: Uint8Array | ArrayBuffer, options: LoadOptions = {}): Model {
  checkKeys(WHERE, options, ["losses", "metrics", "schedules", "nonFinite", "engine"]);
  const { tensors, metadata } = read(bytes, options.nonFinite === undefined ? {} : { nonFinite: options.nonFinite });
  const config = parseConfig(metadata.get(MODEL_KEY));
  const engine = options.engine ?? defaultEngine();
  const made: Made = { callees: [], sizes: new Map(), models: [] };
  try {
    for (const callee of config.callees) made.callees.push(makeCallee(callee, made, config, engine));
    const { graph } = makeGraph(config.graph, made);
    checkTensors(graph, config, tensors);
    const model = makeModel(config.kind, config.name, config, engine, made);
    model.buildFrom(graph);
    model.trainable = config.trainable;
    model.steps = config.steps;
    model.epochs = config.epochs;
    for (const [path, parameter] of model.built.parameters) parameter.write(toFloat32(tensors.get(path)!));
    if (config.compile !== undefined) restoreTraining(model, config, config.compile, tensors, options);
    return model;
  } catch (error) {
    for (const model of made.models) model.dispose();
    const known = [FormatError, MemoryError, OwnFunctionError].some((kind) => error instanceof kind);
    // Anything else is somebody's own error, about what only this file can have given it.
    throw known
      ? error
      : new FormatError(`${WHERE}: the file is not valid: ${(error as Error).message}`, { cause: error });
  }
}

function makeModel(
  kind: "sequential" | "functional",
  name: string | undefined,
  { seed }: ModelConfig,
  engine: Engine,
  { models }: Made,
): Model {
  const model = new Model(kind, {
    seed: BigInt(seed) <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(seed) : BigInt(seed),
    ...(name === undefined ? {} : { name }),
    engine,
  });
  models.push(model);
  return model;
}

/** Throws unless text is JSON of the right outline; factories check the rest. */
function parseConfig(text: string | undefined): ModelConfig {
  if (text === undefined)
    throw formatError(WHERE, `metadata must have a key ${MODEL_KEY}: is this a file of saveModel?`, MODEL_KEY, text);
  let config: ModelConfig;
  try {
    config = JSON.parse(text) as ModelConfig;
  } catch (error) {
    throw new FormatError(`${WHERE}: metadata ${MODEL_KEY} must be JSON. Received: ${(error as Error).message}.`);
  }
  checkSize(config);
  const expect = (condition: boolean, expected: string, name: string, value: unknown): void => {
    if (!condition) throw formatError(WHERE, expected, name, value);
  };
  expect(isRecord(config), "metadata must be an object", MODEL_KEY, config);
  expect(config.version === MODEL_VERSION, `this release reads version ${MODEL_VERSION}`, "version", config.version);
  expect(
    config.kind === "sequential" || config.kind === "functional",
    "kind must be sequential or functional",
    "kind",
    config.kind,
  );
  expect(config.name === undefined || typeof config.name === "string", "name must be a string", "name", config.name);
  expect(
    typeof config.seed === "string" && /^\d{1,20}$/.test(config.seed),
    "seed must be a decimal integer",
    "seed",
    config.seed,
  );
  expect(typeof config.trainable === "boolean", "trainable must be true or false", "trainable", config.trainable);
  for (const counter of ["steps", "epochs"] as const) {
    expect(
      Number.isSafeInteger(config[counter]) && config[counter] >= 0,
      `${counter} must be a count`,
      counter,
      config[counter],
    );
  }
  expect(Array.isArray(config.callees), "callees must be an array", "callees", config.callees);
  const { compile, optimizer } = config;
  const compiles =
    compile === undefined || (isRecord(compile) && [compile.losses, compile.metrics].every(Array.isArray));
  expect(compiles, "compile must have losses and metrics", "compile", compile);
  const hasState =
    optimizer === undefined || (isRecord(optimizer) && isRecord(optimizer.scalars) && isRecord(optimizer.overrides));
  expect(hasState, "optimizer must have scalars and overrides", "optimizer", optimizer);
  expect(optimizer === undefined || compile !== undefined, "the optimizer's state needs compile", "compile", compile);
  expect(config.callees.length <= LIMITS.layers, `at most ${LIMITS.layers} layers`, "callees", config.callees.length);
  return config;
}

/** Throws if the JSON is nested deeper, or has more values, than any model. */
function checkSize(root: unknown): void {
  let values = 0;
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > LIMITS.depth)
      throw formatError(WHERE, `metadata must be nested at most ${LIMITS.depth} deep`, "depth", depth);
    values += level.length;
    if (values > LIMITS.values)
      throw formatError(WHERE, `metadata must have at most ${LIMITS.values} values`, "values", values);
    level = level.flatMap((value) => (typeof value === "object" && value !== null ? Object.values(value) : []));
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a name of a closed list stands for. */
function lookUpFactory(family: string, table: object, name: unknown): (options: object) => unknown {
  if (typeof name !== "string" || !Object.hasOwn(table, name))
    throw formatError(WHERE, `${family} must be a known name`, family, name);
  return (table as Record<string, (options: object) => unknown>)[name]!;
}

function makeNamed(family: string, table: object, config: unknown): unknown {
  if (!isRecord(config) || !isRecord(config["options"] ?? {}))
    throw formatError(WHERE, `${family} must be a name and options`, family, config);
  return lookUpFactory(family, table, config["name"])((config["options"] ?? {}) as object);
}

/** Option values as factories take them: described activations, initializers, … are made again. */
function reviveOptions(options: unknown, { callees }: Made): Record<string, unknown> {
  if (!isRecord(options)) throw formatError(WHERE, "options must be an object", "options", options);
  const families = {
    activation: activations,
    initializer: initializers,
    regularizer: regularizers,
    constraint: constraints,
  };
  return Object.fromEntries(
    Object.entries(options).map(([key, value]) => {
      if (isRecord(value) && "callee" in value) {
        const layer = callees[value["callee"] as number];
        if (layer === undefined) throw formatError(WHERE, `${key} must be a layer made before`, key, value["callee"]);
        return [key, layer];
      }
      const family = Object.keys(families).find((name) => key.toLowerCase().endsWith(name)) as
        keyof typeof families | undefined;
      return [key, family !== undefined && isRecord(value) ? makeNamed(key, families[family], value) : value];
    }),
  );
}

function makeCallee(config: CalleeConfig, made: Made, file: ModelConfig, engine: Engine): Layer | Model {
  if (!isRecord(config)) throw formatError(WHERE, "a layer must be an object", "layer", config);
  const { trainable } = config;
  if (typeof trainable !== "boolean")
    throw formatError(WHERE, "trainable must be true or false", "trainable", trainable);
  if (!("graph" in config)) {
    const layer = lookUpFactory("layer", layers, config.layer)(reviveOptions(config.options, made)) as Layer;
    layer.trainable = trainable;
    return layer;
  }
  if (config.model !== "sequential" && config.model !== "functional")
    throw formatError(WHERE, "model must be sequential or functional", "model", config.model);
  const { graph, ...size } = makeGraph(config.graph, made);
  const model = makeModel(config.model, config.name, file, engine, made);
  made.sizes.set(model, size);
  model.trainable = trainable;
  model.describe(graph);
  return model;
}

function makeGraph(config: GraphConfig, { callees, sizes }: Made): { graph: Graph; layers: number; depth: number } {
  if (!isRecord(config) || ![config.inputs, config.applications, config.outputs].every(Array.isArray)) {
    throw formatError(WHERE, "a graph must have inputs, applications and outputs", "graph", config);
  }
  if (config.inputs.length === 0 || config.outputs.length === 0)
    throw formatError(WHERE, "a graph must have an input and an output", "graph", config);
  const inputs = config.inputs.map(({ shape, name }) => {
    const valid = Array.isArray(shape) && shape.every((extent) => Number.isSafeInteger(extent) && extent > 0);
    if (!valid) throw formatError(WHERE, "an input must have a shape of positive integers", "shape", shape);
    if (name !== undefined && typeof name !== "string")
      throw formatError(WHERE, "an input's name must be a string", "name", name);
    return new Node(shape, undefined, 0, name);
  });
  const nodes: Node[] = [...inputs];
  const nodeAt = (index: number): Node => {
    const node = Number.isInteger(index) ? nodes[index] : undefined;
    if (node === undefined) throw formatError(WHERE, `nodes are numbered 0 to ${nodes.length - 1}`, "node", index);
    return node;
  };
  let [count, depth] = [0, 1];
  for (const { callee: index, inputs: from } of config.applications) {
    const callee = Number.isInteger(index) ? callees[index] : undefined;
    if (callee === undefined || !Array.isArray(from))
      throw formatError(WHERE, "an application must name a layer made before", "callee", index);
    // Models are replaced by their layers at each use: a short file must not stand for a model without end.
    const inner = sizes.get(callee);
    count += inner?.layers ?? 1;
    depth = Math.max(depth, 1 + (inner?.depth ?? 0));
    if (count > LIMITS.layers) throw formatError(WHERE, `at most ${LIMITS.layers} uses of layers`, "layers", count);
    if (depth > LIMITS.depth) throw formatError(WHERE, `models nested at most ${LIMITS.depth} deep`, "depth", depth);
    nodes.push(...(callee instanceof Model ? callee.applyAll(from.map(nodeAt)) : [callee.apply(from.map(nodeAt))]));
  }
  return { graph: new Graph(inputs, config.outputs.map(nodeAt)), layers: count, depth };
}

/** Throws unless the file's tensors are just those of the architecture: before anything is allocated for it. */
function checkTensors(graph: Graph, config: ModelConfig, tensors: ReadonlyMap<string, StoredTensor>): void {
  const flat = flatten(graph);
  const shapes = new Map<number, Shape>(flat.inputs.map((node, i) => [i, node.shape]));
  const expected = new Map<string, Shape>();
  const seen = new Set<Layer>();
  for (const { layer, inputs, output, path } of flat.operations) {
    const inputShapes = inputs.map((id) => shapes.get(id)!);
    shapes.set(output, layer.outputShape(inputShapes));
    if (seen.has(layer)) continue;
    seen.add(layer);
    for (const { key, shape } of layer.declare(inputShapes)) expected.set(`${path}/${key}`, shape);
  }
  const missing = [...expected.keys()].filter((name) => !tensors.has(name));
  const unexpected = [...tensors.keys()].filter((name) => !expected.has(name) && !isSlotOf(name, expected, config));
  const wrong = [...expected].filter(
    ([name, shape]) => tensors.has(name) && !sameShape(tensors.get(name)!.shape, shape),
  );
  if (missing.length + unexpected.length + wrong.length === 0) return;
  const lines = [
    missing.length > 0 ? `missing: ${missing.join(", ")}` : "",
    unexpected.length > 0 ? `unexpected: ${unexpected.join(", ")}` : "",
    ...wrong.map(
      ([name, shape]) => `${name} must be [${shape.join(", ")}] but is [${tensors.get(name)!.shape.join(", ")}]`,
    ),
  ];
  throw new FormatError(`${WHERE}: the tensors do not fit the architecture; ${lines.filter(Boolean).join("; ")}.`);
}

function isSlotOf(name: string, expected: ReadonlyMap<string, Shape>, config: ModelConfig): boolean {
  if (config.optimizer === undefined || !name.startsWith(SLOT_PREFIX)) return false;
  return expected.has(name.slice(SLOT_PREFIX.length, name.lastIndexOf("/")));
}

/** A user's own function by its saved name. */
function custom<T>(family: string, { custom: name }: CustomConfig, given: Readonly<Record<string, T>> | undefined): T {
  if (given === undefined || !Object.hasOwn(given, name)) {
    const expected = `the file needs your own ${family} of this name: pass it in loadModel(bytes, { ${family} })`;
    throw new OwnFunctionError(rangeError(WHERE, expected, "name", name).message);
  }
  return given[name]!;
}

function restoreTraining(
  model: Model,
  { optimizer: state }: ModelConfig,
  compile: CompileConfig,
  tensors: ReadonlyMap<string, StoredTensor>,
  options: LoadOptions,
): void {
  const pick = <T>(family: "losses" | "metrics", table: object, config: NamedConfig | CustomConfig): T =>
    (isRecord(config) && "custom" in config
      ? custom<unknown>(family, config as CustomConfig, options[family])
      : makeNamed(family, table, config)) as T;

  model.compile({
    optimizer: optimizerFromConfig(WHERE, compile.optimizer, options.schedules),
    loss: compile.losses.map((loss) => (loss === null ? null : pick<LossSpec>("losses", losses, loss))) as LossSpec[],
    lossWeights: compile.lossWeights,
    metrics: compile.metrics.map((list) => list.map((metric) => pick<MetricLike>("metrics", metrics, metric))),
  });
  if (state === undefined) return;

  const run = model.optimizer;
  const { parameters } = model.built;
  const unknown = Object.keys(state.scalars).find((path) => !parameters.has(path));
  if (unknown !== undefined) throw formatError(WHERE, "the optimizer's state must be of parameters", "name", unknown);
  const withState = [...parameters].filter(([path]) => Object.hasOwn(state.scalars, path));
  run.prepare(withState.map(([, parameter]) => parameter));
  const unread = new Set([...tensors.keys()].filter((name) => name.startsWith(SLOT_PREFIX)));
  for (const [path, parameter] of withState) {
    run.restoreScalars(parameter, state.scalars[path]!);
    for (const [slot, address] of Object.entries(run.state(parameter)!.slots)) {
      const name = `${SLOT_PREFIX}${path}/${slot}`;
      const tensor = tensors.get(name);
      if (tensor === undefined || sizeOf(tensor.shape) !== parameter.count) {
        throw formatError(
          WHERE,
          `the file must hold the optimizer slot ${name} of ${parameter.count} values`,
          "values",
          tensor && sizeOf(tensor.shape),
        );
      }
      parameter.write(toFloat32(tensor), address);
      unread.delete(name);
    }
  }
  if (unread.size > 0)
    throw new FormatError(`${WHERE}: the tensors do not fit the optimizer; unexpected: ${[...unread].join(", ")}.`);
  run.iterations = state.iterations;
  for (const [name, value] of Object.entries(state.overrides)) run.override(name, value);
}
