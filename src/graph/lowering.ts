import type { Activation } from "../activations.js";
import type { Regularizer } from "../regularizers.js";
import type { Key } from "../random.js";
import type { Kernels } from "../runtime/wasm.js";
import type { Parameter } from "./parameter.js";
import { sizeOf, type Shape } from "./shape.js";

/** What a plan is for. `evaluate` is prediction with losses; `monteCarlo` is prediction with dropout on. */
export type Mode = "train" | "evaluate" | "predict" | "monteCarlo";

/** A piece of the plan's workspace. Its address is fixed when the plan is complete; buffers share memory by lifetime. */
export class Buffer {
  address = 0;
  /** First and last call that touches it, set by the plan. */
  first = Infinity;
  last = -1;

  constructor(
    /** Floats for each row of the batch. */
    readonly perRow: number,
    /** Floats beyond those. */
    readonly fixed: number,
    /** Whether it holds a row for each Monte Carlo sample. */
    readonly sampled: boolean,
  ) {}
}

/** A buffer of rows with a shape, and what flows back into it. */
export class Value {
  /** Gradients that its uses contribute; their sum is the gradient. */
  readonly contributions: Buffer[] = [];
  readonly penalties: Regularizer[] = [];
  /** Floats per row. */
  readonly width: number;

  constructor(
    readonly shape: Shape,
    readonly buffer: Buffer,
    /** Whether anything below it learns. */
    readonly wantsGradient: boolean,
    /** How it was made, if by an activation: losses may fuse with that. */
    readonly activated?: { readonly activation: Activation; readonly from: Value },
  ) {
    this.width = sizeOf(shape);
  }

  get address(): number {
    return this.buffer.address;
  }
}

/** The numbers that change from run to run, read by calls when they run. */
export interface StepState {
  /** Rows of this batch. */
  rows: number;
  /** Passes over each row: 1, but for Monte Carlo prediction. Rows lie sample after sample. */
  samples: number;
  /** Number of the training step, or of the first Monte Carlo sample: masks are a function of it. */
  step: number;
  /** Position of the first row in the whole data. */
  firstRow: number;
  /** Key of all masks and noise of the model. */
  key: Key;
}

/** What a layer is given to add its forward pass to a plan. */
export interface Lowering {
  readonly kernels: Kernels;
  readonly mode: Mode;
  readonly inputs: readonly Value[];
  /** Whether the layer's parameters learn in this plan: training, and neither it nor a model around it is frozen. */
  readonly learning: boolean;
  /** Whether dropout and noise act. */
  readonly random: boolean;
  readonly state: Readonly<StepState>;
  /** Key of this operation's random numbers in a step: masks are a function of it and of the element's position. */
  maskKey(step: number): Key;
  /** New rows of a shape. */
  value(shape: Shape): Value;
  /** The rows of a value under another shape. */
  reshape(value: Value, shape: Shape): Value;
  /** Scratch or saved floats: so many per row of the batch, plus so many. */
  buffer(size: { perRow?: number; fixed?: number }): Buffer;
  /** Adds a call; run gets the number of rows, samples included. */
  call(reads: readonly (Value | Buffer)[], writes: readonly (Value | Buffer)[], run: (rows: number) => void): void;
  /** Adds a call that moves the layer's state, made only when a training step completes. */
  update(reads: readonly Buffer[], run: (rows: number) => void): void;
  /** Applies an activation; its backward pass comes before the layer's own. */
  activate(activation: Activation, z: Value): Value;
  /** Adds a penalty on a value, divided by the rows, to the loss. */
  penalize(value: Value, regularizer: Regularizer | undefined): void;
}

/**
 * Overwrites columns [first, first + count) of a kernel's gradient, in panels, at an address. Reads no weights: it may run
 * when the optimizer has moved some.
 */
export type KernelGradient = (rows: number, first: number, count: number, address: number) => void;

/** What a layer is given to add its backward pass. */
export interface Backward {
  /** Sum of the gradients that reached a value; undefined if none did. */
  gradientOf(value: Value): Buffer | undefined;
  /** A new buffer to be overwritten with a gradient of the value; undefined where none is wanted. */
  into(value: Value): Buffer | undefined;
  /** Hands an existing gradient on. */
  pass(value: Value, gradient: Buffer): void;
  /** A buffer to be overwritten with the parameter's gradient; undefined if it does not learn. */
  parameter(parameter: Parameter): Buffer | undefined;
  /** Adds the gradient of a kernel in panels, if it learns. run gets all its columns, or some whole panels at a time. */
  kernel(parameter: Parameter, reads: readonly (Value | Buffer)[], run: KernelGradient): void;
  buffer(size: { perRow?: number; fixed?: number }): Buffer;
  call(reads: readonly (Value | Buffer)[], writes: readonly (Value | Buffer)[], run: (rows: number) => void): void;
}

/** A lowered layer: its output, and how to add the backward pass once gradients have reached the output. */
export interface Lowered {
  readonly output: Value;
  backward?(back: Backward): void;
}
