import { rangeError, typeError } from "../check.js";
import type { Engine } from "../runtime/engine.js";
import type { Lowered, Lowering } from "./lowering.js";
import { Application, Node, type Callee } from "./node.js";
import { Parameter, type ParameterDeclaration } from "./parameter.js";
import { sameShape, showShape, type Shape } from "./shape.js";

/** Options that every layer has. */
export interface LayerOptions {
  /** Default: the layer's kind, numbered within its model (`dense`, `dense_1`). */
  name?: string;
  /** Whether its weights learn. Looked up at each step. Default true. */
  trainable?: boolean;
}

/** Frees the parameters of layers that nobody holds any more. */
const abandoned = new FinalizationRegistry<() => void>((free) => free());

/**
 * A layer: a shape rule, the parameters it needs, and the kernel calls of its forward and backward pass. It owns its
 * parameters, counted by the models that use it. The plan asks it nothing else.
 */
export abstract class Layer<Options extends LayerOptions = LayerOptions> implements Callee {
  /** Name of its factory in `layers`, which is also its name in files. */
  abstract readonly kind: string;
  /** As given, with defaults filled in. */
  readonly options: Readonly<Options>;
  trainable: boolean;
  #name: string | undefined;
  #parameters: Parameter[] | undefined;
  #builtOn: { engine: Engine; shapes: readonly Shape[] } | undefined;
  #users = 0;

  constructor(options: Options) {
    this.options = options;
    this.trainable = options.trainable ?? true;
    this.#name = options.name;
  }

  /** Whether masks or noise make it random while training and in Monte Carlo prediction. */
  get stochastic(): boolean {
    return false;
  }

  /** Whether training draws random numbers for it, in Monte Carlo prediction or not. */
  get randomInTraining(): boolean {
    return this.stochastic;
  }

  /** Whether it does nothing in inference: y = x. Folding looks through such layers. */
  get identityInInference(): boolean {
    return this.stochastic;
  }

  /** Shape of one output sample for these input samples; throws if they do not fit. */
  abstract outputShape(inputs: readonly Shape[]): Shape;

  /** Parameters for these input samples. Default none. */
  declare(_inputs: readonly Shape[]): ParameterDeclaration[] {
    return [];
  }

  /** Adds the forward pass to a plan. */
  abstract forward(lower: Lowering): Lowered;

  /** Applies the layer to nodes: a new node, with the same weights at every call. */
  apply(...inputs: (Node | readonly Node[])[]): Node {
    const nodes = inputs.flat() as Node[];
    for (const node of nodes) {
      if (!(node instanceof Node))
        throw typeError(this.where, "apply takes nodes made by input() or apply()", "input", node);
    }
    const shapes = nodes.map((node) => node.shape);
    this.checkInputCount(nodes.length);
    this.#checkBuiltFor(shapes);
    return new Application(this, nodes, [this.outputShape(shapes)]).outputs[0]!;
  }

  /** How many inputs it takes. Merge layers override it. */
  protected checkInputCount(count: number): void {
    if (count !== 1) throw rangeError(this.where, "the layer takes one input", "inputs", count);
  }

  /** As error messages call it. */
  get where(): string {
    return this.#name ?? this.kind;
  }

  /** Name in the model that first used it, once there is one. */
  get name(): string {
    return this.#name ?? this.kind;
  }

  get givenName(): string | undefined {
    return this.options.name;
  }

  get built(): boolean {
    return this.#parameters !== undefined;
  }

  get parameters(): readonly Parameter[] {
    return this.#parameters ?? [];
  }

  /** The parameter of this key; layers use it in their passes, after build. */
  parameter(key: string): Parameter {
    const found = this.parameters.find((parameter) => parameter.key === key);
    if (found === undefined)
      throw new Error(`${this.where}: has no parameter ${JSON.stringify(key)}, or is not built yet.`);
    return found;
  }

  /** Allocates the parameters under a path. All or nothing. Returns what the caller must initialize. */
  build(engine: Engine, path: string, shapes: readonly Shape[]): readonly [Parameter, ParameterDeclaration][] {
    this.#checkBuiltFor(shapes);
    if (this.#parameters !== undefined) {
      if (this.#builtOn!.engine !== engine) throw new Error(`${this.where}: the layer belongs to another engine.`);
      return [];
    }
    const made: [Parameter, ParameterDeclaration][] = [];
    try {
      for (const declaration of this.declare(shapes))
        made.push([new Parameter(engine, path, declaration), declaration]);
    } catch (error) {
      for (const [parameter] of made) parameter.free();
      throw error;
    }
    const parameters = made.map(([parameter]) => parameter);
    this.#parameters = parameters;
    abandoned.register(this, () => parameters.forEach((parameter) => parameter.free()), this);
    this.#builtOn = { engine, shapes };
    this.#name ??= path.slice(path.lastIndexOf("/") + 1);
    return made;
  }

  /** A layer of the same options, under another name if one is given, without weights. `copies`: of layers it refers to. */
  copy(name = this.options.name, _copies?: ReadonlyMap<Callee, Callee>): Layer<Options> {
    const options = name === undefined ? this.options : { ...this.options, name };
    const copy = new (this.constructor as new (options: Readonly<Options>) => Layer<Options>)(options);
    copy.trainable = this.trainable;
    return copy;
  }

  /** Counts one more model that uses the layer. */
  retain(): void {
    this.#users++;
  }

  /** Counts one model less; the last one frees the parameters. */
  release(): void {
    if (--this.#users > 0) return;
    abandoned.unregister(this);
    for (const parameter of this.parameters) parameter.free();
    this.#parameters = undefined;
    this.#builtOn = undefined;
    this.#name = this.options.name;
    this.#users = 0; // also when a build failed before anybody counted it
  }

  #checkBuiltFor(shapes: readonly Shape[]): void {
    const built = this.#builtOn?.shapes;
    if (built === undefined) return;
    const fits = this.declare(shapes).every((declaration, i) =>
      sameShape(declaration.shape, this.#parameters![i]!.shape),
    );
    if (fits) return;
    const expected = `the layer was built for inputs of shape ${built.map(showShape).join(", ")}`;
    throw rangeError(this.where, expected, "shape", shapes.map(showShape).join(", "));
  }
}
