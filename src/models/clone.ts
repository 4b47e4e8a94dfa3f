import { Graph } from "../graph/graph.js";
import type { Layer } from "../graph/layer.js";
import { Node, type Callee } from "../graph/node.js";
import type { Seed } from "../random.js";
import { Model } from "./model.js";

/** A model of the same structure, sharing included, with layers of its own. Weights are copied unless told not to. */
export function cloneModel(
  model: Model,
  { weights = true, seed = model.seed, name }: { weights?: boolean; seed?: Seed; name?: string },
): Model {
  const givenName = name ?? model.givenName;
  const copy = new Model(model.kind, {
    seed,
    engine: model.engine,
    ...(givenName === undefined ? {} : { name: givenName }),
  });
  copy.buildFrom(cloneGraph(model.graph, new Map(), seed));
  copy.trainable = model.trainable;
  try {
    if (weights) copy.setWeights(model.getWeights());
  } catch (error) {
    copy.dispose();
    throw error;
  }
  return copy;
}

function cloneGraph(graph: Graph, copies: Map<Callee, Callee>, seed: Seed): Graph {
  const nodes = new Map<Node, Node>();
  const inputs = graph.inputs.map((node) => {
    const copy = new Node(node.shape, undefined, 0, node.name);
    nodes.set(node, copy);
    return copy;
  });
  for (const { callee, inputs: from, outputs } of graph.applications) {
    const to = from.map((node) => nodes.get(node)!);
    let copy = copies.get(callee);
    if (copy === undefined) copies.set(callee, (copy = cloneCallee(callee, copies, seed)));
    const made = copy instanceof Model ? copy.applyAll(to) : [(copy as Layer).apply(to)];
    outputs.forEach((node, i) => nodes.set(node, made[i]!));
  }
  return new Graph(
    inputs,
    graph.outputs.map((node) => nodes.get(node)!),
  );
}

function cloneCallee(callee: Callee, copies: Map<Callee, Callee>, seed: Seed): Callee {
  if (!(callee instanceof Model)) return (callee as Layer).copy(callee.givenName, copies);
  const name = callee.givenName;
  const copy = new Model(callee.kind, { seed, engine: callee.engine, ...(name === undefined ? {} : { name }) });
  copy.describe(cloneGraph(callee.graph, copies, seed));
  copy.trainable = callee.trainable;
  return copy;
}
