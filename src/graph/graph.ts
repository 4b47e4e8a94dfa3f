import { rangeError } from "../check.js";
import type { Layer } from "./layer.js";
import type { Application, Callee, Node } from "./node.js";

/** Applications between input nodes and output nodes, each after those it depends on. */
export class Graph {
  readonly applications: readonly Application[];

  constructor(
    readonly inputs: readonly Node[],
    readonly outputs: readonly Node[],
  ) {
    this.applications = sortTopologically(inputs, outputs);
  }
}

/** What can be frozen as a whole: a model. */
export type Scope = Pick<Callee, "trainable">;

/** One layer call of the flattened graph. Values are numbered: the inputs first, then each operation's output. */
export interface Operation {
  readonly layer: Layer;
  readonly inputs: readonly number[];
  readonly output: number;
  /** The models it belongs to, outermost first: all must be trainable for its weights to learn. */
  readonly scopes: readonly Scope[];
  /** Path of the layer within the outermost model: `encoder/dense`. */
  readonly path: string;
  /** Its number in the whole graph, by which masks are drawn, where this is a part of one. Default: its position. */
  readonly index?: number;
}

export interface FlatGraph {
  readonly operations: readonly Operation[];
  readonly inputs: readonly Node[];
  /** Value numbers of the outputs. */
  readonly outputs: readonly number[];
  /** First path of each layer and nested model. */
  readonly paths: ReadonlyMap<Callee, string>;
}

/** Replaces every nested model by its operations, and names every layer by its first path. `root`: the model's switch. */
export function flatten(graph: Graph, root?: Scope): FlatGraph {
  const operations: Operation[] = [];
  const paths = new Map<Callee, string>();
  let values = graph.inputs.length;

  function visit(inner: Graph, inputValues: readonly number[], scopes: readonly Scope[], prefix: string): number[] {
    const valueOf = new Map<Node, number>();
    inner.inputs.forEach((node, i) => valueOf.set(node, inputValues[i]!));
    namePaths(inner, prefix, paths);
    for (const application of inner.applications) {
      const inputs = application.inputs.map((node) => valueOf.get(node)!);
      const { callee } = application;
      const path = paths.get(callee)!;
      if (callee.graph !== undefined) {
        const outputs = visit(callee.graph, inputs, [...scopes, callee], `${path}/`);
        application.outputs.forEach((node, i) => valueOf.set(node, outputs[i]!));
      } else {
        const output = values++;
        operations.push({ layer: callee as Layer, inputs, output, scopes, path });
        valueOf.set(application.outputs[0]!, output);
      }
    }
    return inner.outputs.map((node) => valueOf.get(node)!);
  }

  const outputs = visit(graph, [...graph.inputs.keys()], root === undefined ? [] : [root], "");
  return { operations, inputs: graph.inputs, outputs, paths };
}

/** Names callees as Keras does, counted per model: `dense`, `dense_1`, … A shared callee keeps its first path. */
function namePaths(graph: Graph, prefix: string, paths: Map<Callee, string>): void {
  const callees = [...new Set(graph.applications.map((application) => application.callee))];
  const taken = new Set<string>();
  for (const { givenName } of callees) {
    if (givenName === undefined) continue;
    if (taken.has(givenName))
      throw rangeError("functional", "layer names must be unique in a model", "name", givenName);
    taken.add(givenName);
  }
  for (const callee of callees) {
    let name = callee.givenName;
    for (let i = 0; name === undefined; i++) {
      const candidate = i === 0 ? callee.kind : `${callee.kind}_${i}`;
      if (!taken.has(candidate)) taken.add((name = candidate));
    }
    if (!paths.has(callee)) paths.set(callee, prefix + name);
  }
}

function sortTopologically(inputs: readonly Node[], outputs: readonly Node[]): Application[] {
  const order: Application[] = [];
  const done = new Set<Application>();
  const known = new Set(inputs);
  // An explicit stack: a deep net must not overflow JavaScript's.
  const stack = [...outputs].reverse().map((node) => ({ node, expanded: false }));
  while (stack.length > 0) {
    const { node, expanded } = stack.pop()!;
    const { application } = node;
    if (known.has(node) || (application !== undefined && done.has(application))) continue;
    if (application === undefined) {
      throw rangeError(
        "functional",
        "every output must depend on the given inputs only",
        "missing input",
        node.name ?? node.shape,
      );
    }
    if (expanded) {
      done.add(application);
      order.push(application);
    } else {
      stack.push({ node, expanded: true });
      for (const input of [...application.inputs].reverse()) stack.push({ node: input, expanded: false });
    }
  }
  return order;
}
