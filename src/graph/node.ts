import type { Graph } from "./graph.js";
import type { Shape } from "./shape.js";

/** What can be applied to nodes: a layer, or a whole model (which then has a graph of its own). */
export interface Callee {
  trainable: boolean;
  readonly kind: string;
  readonly name: string;
  readonly givenName: string | undefined;
  readonly graph?: Graph;
}

/** One use of a layer or model: which nodes went in and which came out. */
export class Application {
  readonly outputs: readonly Node[];

  constructor(
    readonly callee: Callee,
    readonly inputs: readonly Node[],
    outputShapes: readonly Shape[],
  ) {
    this.outputs = outputShapes.map((shape, index) => new Node(shape, this, index));
  }
}

/** A value in a graph that is not computed yet: the output of an application, or an input of the graph. */
export class Node {
  constructor(
    /** Of one sample, without the batch axis. */
    readonly shape: Shape,
    /** What makes it; undefined for an input. */
    readonly application: Application | undefined,
    /** Which output of the application it is. */
    readonly index: number,
    /** Of an input, if the user gave one. */
    readonly name?: string,
  ) {}
}
