import { checkKeys, checkNumber, typeError } from "../check.js";
import { Graph } from "../graph/graph.js";
import { Node } from "../graph/node.js";
import type { Shape } from "../graph/shape.js";
import { Model, type ModelOptions } from "./model.js";

/** A node that data enters by: `shape` is that of one row, without the batch axis. */
export function input(options: { shape: Shape; name?: string }): Node {
  checkKeys("input", options, ["shape", "name"]);
  const { shape, name } = options;
  if (!Array.isArray(shape))
    throw typeError("input", "shape must be an array of row extents, such as [784]", "shape", shape);
  (shape as number[]).forEach((extent, axis) =>
    checkNumber("input", `shape[${axis}]`, extent, { min: 1, integer: true }),
  );
  return new Node([...(shape as number[])], undefined, 0, name);
}

/** Options of `functional`. */
export interface FunctionalOptions extends ModelOptions {
  inputs: Node | readonly Node[];
  outputs: Node | readonly Node[];
}

/**
 * A model of everything between input nodes and output nodes. Layers that were applied twice share their weights;
 * layers that already have weights, in another model, keep them.
 */
export function functional(options: FunctionalOptions): Model {
  checkKeys("functional", options, ["inputs", "outputs", "seed", "name", "engine"]);
  const { inputs, outputs, ...modelOptions } = options;
  const model = new Model("functional", modelOptions);
  model.buildFrom(new Graph(nodes("inputs", inputs), nodes("outputs", outputs)));
  return model;
}

function nodes(name: string, value: Node | readonly Node[]): Node[] {
  const list = [value].flat() as Node[];
  const wrong = list.find((node) => !(node instanceof Node));
  if (list.length === 0 || wrong !== undefined) {
    throw typeError("functional", `${name} must be one node or an array of nodes`, name, wrong ?? value);
  }
  return list;
}
