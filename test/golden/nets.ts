/** Builds the nets that the golden scripts describe: see keras_nets.py. */
import { activations } from "../../src/activations.js";
import { constraints } from "../../src/constraints.js";
import type { Layer } from "../../src/graph/layer.js";
import type { Node } from "../../src/graph/node.js";
import { layers } from "../../src/layers/index.js";
import { losses } from "../../src/losses/index.js";
import { functional, input } from "../../src/models/functional.js";
import type { Model, ModelOptions } from "../../src/models/model.js";
import { optimizers } from "../../src/optimizers/index.js";
import type { OptimizerSpec } from "../../src/optimizers/define-optimizer.js";
import { regularizers } from "../../src/regularizers.js";
import { schedules } from "../../src/schedules/index.js";

export type Options = Readonly<Record<string, unknown>>;

export interface LayerDescription {
  kind: string;
  name: string;
  options?: Options;
  /** Names of nodes; default the one before. */
  inputs?: string[];
  /** Name of the node; default that of the layer. */
  as?: string;
}

export interface NetDescription {
  inputs: Record<string, number[]>;
  layers: LayerDescription[];
  /** Names of nodes; default the last. */
  outputs?: string[];
}

type Factory = (options: Options) => unknown;
const families = { activations, regularizers, constraints, schedules, losses } as unknown as Readonly<
  Record<string, Readonly<Record<string, Factory>>>
>;

/** A value of a description: `{ regularizers: "l2", options: { l2: 0.1 } }` is made by its factory. */
function valueOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  for (const [family, factories] of Object.entries(families)) {
    if (!(family in value)) continue;
    const { [family]: name, options = {} } = value as Record<string, unknown>;
    return factories[name as string]!(optionsOf(options as Options));
  }
  return value;
}

export function optionsOf(options: Options): Options {
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [key, valueOf(value)]));
}

export function lossesOf(described: readonly unknown[]): never[] {
  return described.map(valueOf) as never[];
}

export function optimizerOf({ name, options }: { name: string; options: Options }): OptimizerSpec {
  return (optimizers as unknown as Record<string, Factory>)[name]!(optionsOf(options)) as OptimizerSpec;
}

export function layerOf({ kind, name, options = {} }: LayerDescription): Layer {
  return (layers as unknown as Record<string, Factory>)[kind]!({ name, ...optionsOf(options) }) as Layer;
}

export function buildNet(net: NetDescription, options: ModelOptions): Model {
  const nodes = new Map<string, Node>();
  for (const [name, shape] of Object.entries(net.inputs)) nodes.set(name, input({ name, shape }));
  const inputs = [...nodes.values()];
  const made = new Map<string, Layer>();
  let last = [...nodes.keys()][0]!;
  for (const description of net.layers) {
    const { name } = description;
    const layer = made.get(name) ?? layerOf(description);
    made.set(name, layer);
    const sources = (description.inputs ?? [last]).map((source) => nodes.get(source)!);
    last = description.as ?? name;
    nodes.set(last, layer.apply(...sources));
  }
  const outputs = (net.outputs ?? [last]).map((name) => nodes.get(name)!);
  return functional({ inputs, outputs, ...options });
}
