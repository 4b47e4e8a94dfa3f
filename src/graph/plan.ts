import type { Engine } from "../runtime/engine.js";
import type { Tensor } from "../tensor.js";
import type { Buffer, KernelGradient, Mode, StepState, Value } from "./lowering.js";
import type { Parameter } from "./parameter.js";

/** One kernel call with its addresses fixed. */
export interface Call {
  run(rows: number): void;
  /** Whether it makes the rows of all Monte Carlo samples. */
  readonly sampled: boolean;
}

/** An input of the plan: where its rows go, and where bytes wait to be converted. */
export interface PlanInput {
  readonly value: Value;
  readonly bytes: Buffer;
}

/** Where one output's loss is computed. */
export interface PlanLoss {
  readonly kind: "class" | "values" | "given";
  /** Rows of the loss for each row of the batch: 1, or positions of a sequence. */
  readonly positions: number;
  readonly width: number;
  readonly target: Buffer;
  /** The targets of this batch, where kind is "given": `target` is empty. */
  given?: Tensor;
  /** Weight of each loss row, divided by the number of rows. */
  readonly scale: Buffer;
  /** Mean loss of the last run, without its loss weight. */
  value: number;
  readonly weight: number;
}

/** The gradient of a kernel in panels, so many columns at a time. */
export interface BlockwiseGradient {
  readonly columns: number;
  readonly place: Buffer;
  readonly run: KernelGradient;
}

/** What a training step moves: a parameter, and its gradient for the optimizer. */
export interface PlanItem {
  readonly parameter: Parameter;
  /** Address of the gradient, or of that block of it which was made last. */
  readonly gradient: number;
  /** How to make the gradient of the floats from `size * index` on, where it is never whole. */
  readonly blocks?: { readonly size: number; make(index: number): void };
}

/** The parts that building a plan yields. */
export interface PlanParts {
  readonly forward: readonly Call[];
  readonly backward: readonly Call[];
  readonly updates: readonly Call[];
  readonly inputs: readonly PlanInput[];
  readonly outputs: readonly Value[];
  readonly losses: readonly (PlanLoss | undefined)[];
  /** Parameters that learn, those that no gradient reaches too. */
  readonly learning: readonly Parameter[];
  readonly gradients: ReadonlyMap<Parameter, Buffer>;
  readonly blockwise: ReadonlyMap<Parameter, BlockwiseGradient>;
  readonly penalty: { value: number };
  readonly state: StepState;
}

/**
 * A graph as an ordered list of kernel calls over one workspace, for batches of at most `capacity` rows. Running it
 * allocates nothing and looks nothing up. A smaller batch runs the same calls with fewer rows.
 */
export class Plan {
  readonly #engine: Engine;
  readonly #parts: PlanParts;
  #resampled: readonly Call[] | undefined;
  /** Address of the workspace, which the plan owns. */
  readonly workspace: number;
  /** What a training step moves. */
  readonly items: readonly PlanItem[];

  constructor(
    engine: Engine,
    readonly mode: Mode,
    readonly capacity: number,
    readonly samples: number,
    parts: PlanParts,
    buffers: readonly Buffer[],
    readonly workspaceBytes: number,
  ) {
    this.#engine = engine;
    this.#parts = parts;
    this.workspace = engine.arena.allocate(workspaceBytes);
    for (const buffer of buffers) buffer.address += this.workspace;
    const whole = Array.from(parts.gradients, ([parameter, { address }]) => ({ parameter, gradient: address }));
    this.items = [...whole, ...Array.from(parts.blockwise, (entry) => this.#inBlocks(...entry))];
  }

  get inputs(): readonly PlanInput[] {
    return this.#parts.inputs;
  }

  get outputs(): readonly Value[] {
    return this.#parts.outputs;
  }

  get losses(): readonly (PlanLoss | undefined)[] {
    return this.#parts.losses;
  }

  /** Parameters that learn in this plan, those that no gradient reaches too. */
  get learning(): readonly Parameter[] {
    return this.#parts.learning;
  }

  /** Gradient of each parameter that learns, where it is whole, laid out like the parameter. */
  get gradients(): ReadonlyMap<Parameter, Buffer> {
    return this.#parts.gradients;
  }

  /** Regularization penalties of the last run. */
  get penalty(): number {
    return this.#parts.penalty.value;
  }

  get state(): StepState {
    return this.#parts.state;
  }

  /** Kernel calls in the forward pass. */
  get callCount(): number {
    return this.#parts.forward.length;
  }

  /** The loss that is minimized: weighted losses and penalties. */
  get loss(): number {
    let total = this.penalty;
    for (const loss of this.losses) if (loss !== undefined) total += loss.weight * loss.value;
    return total;
  }

  /** Rows of an output, in memory until the next run. */
  view(value: Value): Float32Array {
    const rows = this.state.rows * (value.buffer.sampled ? this.state.samples : 1);
    return this.#engine.floats(value.address, rows * value.width);
  }

  forward(): void {
    this.#parts.penalty.value = 0;
    this.#run(this.#parts.forward);
  }

  /** Runs again, for other Monte Carlo samples of the same rows, what depends on them: nothing below the first dropout. */
  resample(): void {
    this.#resampled ??= this.#parts.forward.filter(({ sampled }) => sampled);
    this.#run(this.#resampled);
  }

  backward(): void {
    this.#run(this.#parts.backward);
  }

  /** Moves layer state, such as moving statistics: the step is going to be completed. */
  update(): void {
    this.#run(this.#parts.updates);
  }

  dispose(): void {
    this.#engine.arena.free(this.workspace);
  }

  #inBlocks(parameter: Parameter, { columns, place, run }: BlockwiseGradient): PlanItem {
    const [inputs, units] = parameter.shape as [number, number];
    let first = 0;
    const call: Call = {
      run: (rows) => run(rows, first, Math.min(columns, units - first), place.address),
      sampled: false,
    };
    const calls = [call];
    const make = (index: number): void => {
      first = index * columns;
      this.#run(calls);
    };
    return { parameter, gradient: place.address, blocks: { size: columns * inputs, make } };
  }

  #run(calls: readonly Call[]): void {
    const { rows, samples } = this.#parts.state;
    this.#engine.checkUsable();
    try {
      for (let i = 0; i < calls.length; i++) {
        const call = calls[i]!;
        call.run(call.sampled ? rows * samples : rows);
      }
    } catch (error) {
      this.#engine.noteTrap(error);
      throw error;
    }
  }
}
