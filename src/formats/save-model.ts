import { checkBoolean, checkKeys, typeError } from "../check.js";
import type { Graph } from "../graph/graph.js";
import { Layer } from "../graph/layer.js";
import type { Callee, Node } from "../graph/node.js";
import type { Compiled } from "../models/compile.js";
import type { Model } from "../models/model.js";
import { optimizerConfig } from "../optimizers/config.js";
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
  type OptimizerStateConfig,
} from "./model-config.js";
import { write, type WritableTensor } from "./safetensors.js";

/** Options of `saveModel`. */
export interface SaveOptions {
  /** Whether to keep the optimizer's state, so that training goes on with the same bits. Default false. */
  includeOptimizer?: boolean;
}

/**
 * A model as one safetensors file: weights and statistics by path, architecture and training configuration in the
 * metadata. The same model gives the same bytes. User-written losses, metrics and schedules are saved by name.
 */
export function saveModel(model: Model, options: SaveOptions = {}): Uint8Array<ArrayBuffer> {
  if (typeof model !== "object" || model === null || !("built" in model)) {
    throw typeError("saveModel", "model must be a model", "model", model);
  }
  checkKeys("saveModel", options, ["includeOptimizer"]);
  const includeOptimizer = checkBoolean("saveModel", "includeOptimizer", options.includeOptimizer ?? false);
  const compiled = includeOptimizer ? model.compiledFor("saveModel({ includeOptimizer })") : model.compiled;
  const tensors = new Map<string, WritableTensor>();
  for (const [path, parameter] of model.built.parameters) {
    tensors.set(path, { data: parameter.read(), shape: parameter.shape });
  }
  const optimizer = includeOptimizer ? describeState(model, compiled!, tensors) : undefined;
  const config = describeModel(model, compiled, optimizer);
  return write(tensors, { format: "lanewise", [MODEL_KEY]: JSON.stringify(config) });
}

function describeModel(
  model: Model,
  compiled: Compiled | undefined,
  optimizer: OptimizerStateConfig | undefined,
): ModelConfig {
  const callees = new Map<Callee, number>();
  const configs: CalleeConfig[] = [];
  const graph = describeGraph(model.graph, callees, configs);
  return {
    version: MODEL_VERSION,
    kind: model.kind,
    ...(model.givenName === undefined ? {} : { name: model.givenName }),
    seed: String(model.seed),
    trainable: model.trainable,
    steps: model.steps,
    epochs: model.epochs,
    callees: configs,
    graph,
    ...(compiled === undefined ? {} : { compile: describeCompiled(compiled) }),
    ...(optimizer === undefined ? {} : { optimizer }),
  };
}

function describeGraph(graph: Graph, callees: Map<Callee, number>, configs: CalleeConfig[]): GraphConfig {
  const numbers = new Map<Node, number>();
  const inputs = graph.inputs.map((node) => {
    numbers.set(node, numbers.size);
    return { shape: node.shape, ...(node.name === undefined ? {} : { name: node.name }) };
  });
  const applications = graph.applications.map(({ callee, inputs: from, outputs }) => {
    let index = callees.get(callee);
    if (index === undefined) {
      const config = describeCallee(callee, callees, configs); // nested callees come first
      index = configs.push(config) - 1;
      callees.set(callee, index);
    }
    for (const node of outputs) numbers.set(node, numbers.size);
    return { callee: index, inputs: from.map((node) => numbers.get(node)!) };
  });
  return { inputs, applications, outputs: graph.outputs.map((node) => numbers.get(node)!) };
}

function describeCallee(callee: Callee, callees: Map<Callee, number>, configs: CalleeConfig[]): CalleeConfig {
  const { trainable } = callee;
  if (callee.graph !== undefined) {
    const name = callee.givenName === undefined ? {} : { name: callee.givenName };
    const model = callee.kind as "sequential" | "functional";
    return { model, ...name, trainable, graph: describeGraph(callee.graph, callees, configs) };
  }
  const layer = callee as Layer;
  return { layer: layer.kind, options: describeOptions(layer.options, "saveModel", callees), trainable };
}

/** Options as JSON: what factories made becomes its name and options, another layer its number. */
function describeOptions(
  options: object,
  where: string,
  callees?: ReadonlyMap<Callee, number>,
): Record<string, unknown> {
  const described: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || key === "trainable") continue;
    described[key] = describeValue(value, `${where}: ${key}`, callees);
  }
  return described;
}

function describeValue(value: unknown, where: string, callees?: ReadonlyMap<Callee, number>): unknown {
  if (value instanceof Layer) {
    const callee = callees?.get(value);
    if (callee === undefined) throw new Error(`${where} is a layer that the model does not apply before.`);
    return { callee };
  }
  if (Array.isArray(value)) return value.map((item) => describeValue(item, where));
  if (typeof value === "object" && value !== null) {
    const { name, options } = value as Partial<NamedConfig>;
    if (typeof name !== "string" || options === undefined) throw new TypeError(`${where} cannot be saved.`);
    return { name, options: describeOptions(options, where) };
  }
  return value;
}

function describeCompiled(compiled: Compiled): CompileConfig {
  return {
    optimizer: optimizerConfig(compiled.optimizer.spec),
    losses: compiled.losses.map((loss) => {
      if (loss === undefined) return null;
      return loss.evaluate === undefined ? describeNamed(loss) : { custom: loss.name };
    }),
    lossWeights: compiled.lossWeights,
    metrics: compiled.losses.map((_, output) =>
      compiled.metrics.filter((metric) => metric.output === output).map(({ spec: metric }) => describeMetric(metric)),
    ),
  };
}

function describeMetric(metric: { name: string; options: object; custom?: unknown }): NamedConfig | CustomConfig {
  return metric.custom === undefined ? describeNamed(metric) : { custom: metric.name };
}

function describeNamed({ name, options }: { name: string; options: object }): NamedConfig {
  return { name, options: describeOptions(options, `saveModel: ${name}`) };
}

/** Adds the optimizer's slots to the tensors; returns its numbers. */
function describeState(
  model: Model,
  { optimizer }: Compiled,
  tensors: Map<string, WritableTensor>,
): OptimizerStateConfig {
  const scalars: Record<string, Readonly<Record<string, number>>> = {};
  for (const [path, parameter] of model.built.parameters) {
    const state = optimizer.state(parameter);
    if (state === undefined) continue;
    scalars[path] = { ...state.scalars };
    for (const [slot, address] of Object.entries(state.slots)) {
      tensors.set(`${SLOT_PREFIX}${path}/${slot}`, { data: parameter.read(address), shape: parameter.shape });
    }
  }
  return { iterations: optimizer.iterations, overrides: optimizer.overrides, scalars };
}
