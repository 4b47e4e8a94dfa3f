import { checkKeys, rangeError, typeError } from "../check.js";
import { Graph } from "../graph/graph.js";
import { Layer } from "../graph/layer.js";
import type { Node } from "../graph/node.js";
import type { Shape } from "../graph/shape.js";
import { input } from "./functional.js";
import { Model, type ModelOptions } from "./model.js";

/** Options of `sequential`. */
export interface SequentialOptions extends ModelOptions {
  /** Of one row of the input, without the batch axis. Default: that of a model in front, or of the first data seen. */
  inputShape?: Shape;
}

/**
 * A model of layers (or models) one after another.
 * Throws if the list is empty, holds something else, or shapes do not fit.
 */
export function sequential(layers: readonly (Layer | Model)[], options: SequentialOptions = {}): Model {
  if (!Array.isArray(layers) || layers.length === 0) {
    throw typeError("sequential", "layers must be an array of at least one layer", "layers", layers);
  }
  layers.forEach((layer, i) => {
    if (!(layer instanceof Layer) && !(layer instanceof Model)) {
      throw typeError("sequential", "every element must be a layer or a model", `layers[${i}]`, layer);
    }
  });
  checkKeys("sequential", options, ["inputShape", "seed", "name", "engine"]);
  const { inputShape, ...modelOptions } = options;
  const first = layers[0]!;
  const model = new Model("sequential", modelOptions);
  const chain = (shape: Shape): Graph => {
    const start = input({ shape });
    const end = layers.reduce<Node>((node, layer) => layer.apply(node), start);
    return new Graph([start], [end]);
  };
  const shape = inputShape ?? (first instanceof Model && first.isBuilt ? first.graph.inputs[0]!.shape : undefined);
  if (first instanceof Model && first.isBuilt && first.graph.inputs.length !== 1) {
    throw rangeError("sequential", "a model in front must have one input", "inputs", first.graph.inputs.length);
  }
  if (shape === undefined) model.buildLater(chain);
  else model.buildFrom(chain(shape));
  return model;
}
