import type { Activation } from "../activations.js";
import type { Loss } from "../losses/index.js";
import { deriveKey } from "../random.js";
import type { Regularizer } from "../regularizers.js";
import type { Engine } from "../runtime/engine.js";
import { PANEL } from "../runtime/split.js";
import type { FlatGraph, Operation } from "./graph.js";
import {
  Buffer,
  Value,
  type Backward,
  type KernelGradient,
  type Lowered,
  type Lowering,
  type Mode,
  type StepState,
} from "./lowering.js";
import type { Parameter } from "./parameter.js";
import { Plan, type BlockwiseGradient, type Call, type PlanInput, type PlanLoss } from "./plan.js";
import { rowsOf, sizeOf, type Shape } from "./shape.js";
import { placeBuffers } from "./workspace.js";

/** What a monitor does with an operation's output: so many rows, readable until it returns. */
export type Observe = (operation: Operation, output: Value, rows: number) => void;

export interface PlanRequest {
  readonly mode: Mode;
  /** Most rows of a batch. */
  readonly capacity: number;
  /** Most Monte Carlo samples in one run. Default 1. */
  readonly samples?: number;
  /** One loss per output, or none. */
  readonly losses?: readonly (Loss | undefined)[];
  readonly lossWeights?: readonly number[];
  /** Whether the parameters of an operation learn. */
  readonly learns: (operation: Operation) => boolean;
  /** Called in each run with each operation's output, right after it is made: later calls may take its memory. */
  readonly observe?: Observe | undefined;
  /** Whether gradients may be made block by block when the optimizer takes them, and never be whole. Default false. */
  readonly blockwise?: boolean;
}

/** Floats of a block: 128 KB, which stay in the second-level cache between the product and the optimizer. */
const BLOCK = 32_768;

/** Makes the plan of a graph. All or nothing: throws MemoryError with no memory taken. */
export function buildPlan(engine: Engine, graph: FlatGraph, request: PlanRequest): Plan {
  return new PlanBuilder(engine, graph, request).build();
}

const bufferOf = (item: Value | Buffer): Buffer => (item instanceof Value ? item.buffer : item);

/** The record of an activation that an operation applied, until its backward pass is added. */
interface Activated {
  readonly activation: Activation;
  readonly z: Value;
  readonly y: Value;
}

class PlanBuilder {
  readonly #forward: Call[] = [];
  readonly #backward: Call[] = [];
  readonly #updates: Call[] = [];
  readonly #buffers: Buffer[] = [];
  readonly #values = new Map<number, Value>();
  readonly #losses: (PlanLoss | undefined)[] = [];
  readonly #gradients = new Map<Parameter, Buffer[]>();
  /** Gradients that are made block by block, as long as nothing else adds to them. */
  readonly #blockwise = new Map<Parameter, { reads: readonly (Value | Buffer)[]; run: KernelGradient }>();
  readonly #penalty = { value: 0 };
  readonly #state: StepState = { rows: 0, samples: 1, step: 0, firstRow: 0, key: [0, 0] };
  /** Counts calls in the order they run, for lifetimes. */
  #clock = 0;

  constructor(
    readonly engine: Engine,
    readonly graph: FlatGraph,
    readonly request: PlanRequest,
  ) {}

  build(): Plan {
    const { mode, capacity, samples = 1 } = this.request;
    const inputs = this.graph.inputs.map((node, i) => this.#addInput(node.shape, i));
    const lowered = this.graph.operations.map((operation) => this.#lower(operation));
    const outputs = this.graph.outputs.map((id) => this.#values.get(id)!);
    const lossGradients = outputs.map((output, i) => this.#addLoss(output, i));
    this.#addPenalties();
    if (mode === "train") {
      for (const addGradient of lossGradients) addGradient();
      for (const step of [...lowered].reverse()) step.addBackward();
    }
    const gradients = this.#collectGradients();
    const blockwise = this.#placeBlocks();
    for (const step of lowered) step.addUpdates();

    for (const output of outputs) {
      if (mode === "monteCarlo" && !output.buffer.sampled) this.#keep(output.buffer);
      else this.#pin(output.buffer);
    }
    for (const gradient of gradients.values()) this.#pin(gradient);
    for (const loss of this.#losses) if (loss !== undefined) [loss.target, loss.scale].forEach((b) => this.#pin(b));
    for (const { value, bytes } of inputs) {
      this.#touch([value.buffer, bytes], -1);
      this.#pin(bytes);
    }
    const live = this.#buffers.filter((buffer) => buffer.last >= buffer.first);
    const bytes = placeBuffers(live, capacity, samples);
    const parts = {
      forward: this.#forward,
      backward: this.#backward,
      updates: this.#updates,
      inputs,
      outputs,
      losses: this.#losses,
      learning: [...this.#learningParameters()],
      gradients,
      blockwise,
      penalty: this.#penalty,
      state: this.#state,
    };
    return new Plan(this.engine, mode, capacity, samples, parts, live, bytes);
  }

  #addInput(shape: Shape, id: number): PlanInput {
    const value = new Value(shape, this.#buffer({ perRow: sizeOf(shape) }, false), false);
    this.#values.set(id, value);
    return { value, bytes: this.#buffer({ perRow: Math.ceil(sizeOf(shape) / 4) }, false) };
  }

  /** Adds an operation's forward pass; what it returns adds the rest when its turn comes. */
  #lower(operation: Operation): { addBackward(): void; addUpdates(): void } {
    const { layer } = operation;
    const index = operation.index ?? this.graph.operations.indexOf(operation);
    const { mode } = this.request;
    const learning = mode === "train" && this.request.learns(operation);
    const random = mode === "train" || mode === "monteCarlo";
    let inputs = operation.inputs.map((id) => this.#values.get(id)!);
    const sampled = mode === "monteCarlo" && (layer.stochastic || inputs.some((input) => input.buffer.sampled));
    if (sampled) inputs = inputs.map((input) => (input.buffer.sampled ? input : this.#replicate(input)));

    const hasLearning = learning && layer.parameters.some((parameter) => parameter.learned);
    const wantsGradient = mode === "train" && (hasLearning || inputs.some((input) => input.wantsGradient));
    const activated: Activated[] = [];
    const updates: { reads: readonly Buffer[]; run: (rows: number) => void }[] = [];

    const lowering: Lowering = {
      kernels: this.engine.kernels,
      mode,
      inputs,
      learning,
      random,
      state: this.#state,
      maskKey: (step) => deriveKey(this.#state.key, index, step),
      value: (shape) => new Value(shape, this.#buffer({ perRow: sizeOf(shape) }, sampled), wantsGradient),
      reshape: (value, shape) => new Value(shape, value.buffer, value.wantsGradient),
      buffer: (size) => this.#buffer(size, sampled),
      call: (reads, writes, run) => this.#call(this.#forward, reads, writes, run, sampled),
      update: (reads, run) => updates.push({ reads, run }),
      activate: (activation, z) => {
        const y = this.#activate(operation, activation, z, !inputs.includes(z), wantsGradient, sampled);
        if (y !== z) activated.push({ activation, z, y });
        return y;
      },
      penalize: (value, regularizer) => {
        if (regularizer !== undefined) this.#penalize(value, regularizer, sampled);
      },
    };
    const lowered = layer.forward(lowering);
    this.#values.set(operation.output, lowered.output);
    const { observe } = this.request;
    if (observe !== undefined) lowering.call([lowered.output], [], (rows) => observe(operation, lowered.output, rows));
    return {
      addBackward: () => {
        if (wantsGradient) this.#addBackward(lowered, activated, learning, sampled);
      },
      addUpdates: () => {
        for (const { reads, run } of updates) this.#call(this.#updates, reads, [], run, sampled);
      },
    };
  }

  /**
   * y = f(z). In place where nothing reads z any more: z is this operation's own, the derivative is a function of y
   * (or not wanted), and no loss needs the logits.
   */
  #activate(
    operation: Operation,
    activation: Activation,
    z: Value,
    own: boolean,
    wantsGradient: boolean,
    sampled: boolean,
  ): Value {
    if (activation.identity) return z;
    const kernels = this.engine.kernels;
    const fusedWithLoss = this.graph.outputs.some(
      (id, i) => id === operation.output && this.request.losses?.[i]?.fused?.activation === activation.name,
    );
    const inPlace = own && !fusedWithLoss && (!wantsGradient || activation.saved === "y");
    const buffer = inPlace ? z.buffer : this.#buffer({ perRow: z.width }, sampled);
    const y = new Value(z.shape, buffer, z.wantsGradient || wantsGradient, { activation, from: z });
    const [positions, width] = rowsOf(z.shape);
    this.#call(
      this.#forward,
      [z],
      [y],
      (rows) => activation.forward(kernels, rows * positions, width, z.address, y.address),
      sampled,
    );
    return y;
  }

  #addBackward(lowered: Lowered, activated: readonly Activated[], learning: boolean, sampled: boolean): void {
    const kernels = this.engine.kernels;
    const call: Backward["call"] = (reads, writes, run) => this.#call(this.#backward, reads, writes, run, sampled);
    for (const { activation, z, y } of [...activated].reverse()) {
      const dy = this.#gradientOf(y);
      const dz = dy && this.#into(z);
      if (dy === undefined || dz === undefined) continue;
      const saved = activation.saved === "y" ? y : z;
      const [positions, width] = rowsOf(z.shape);
      call([saved, dy], [dz], (rows) =>
        activation.backward(kernels, rows * positions, width, saved.address, dy.address, dz.address),
      );
    }
    lowered.backward?.({
      gradientOf: (value) => this.#gradientOf(value),
      into: (value) => this.#into(value),
      pass: (value, gradient) => {
        if (value.wantsGradient) value.contributions.push(gradient);
      },
      parameter: (parameter) => (learning && parameter.learned ? this.#parameterGradient(parameter) : undefined),
      kernel: (parameter, reads, run) => {
        if (learning && parameter.learned) this.#kernelGradient(parameter, reads, run);
      },
      buffer: (size) => this.#buffer(size, sampled),
      call,
    });
  }

  #into(value: Value): Buffer | undefined {
    if (!value.wantsGradient) return undefined;
    const gradient = this.#buffer({ perRow: value.width }, value.buffer.sampled);
    value.contributions.push(gradient);
    return gradient;
  }

  /** Sums what reached a value. Sums go to new buffers: a contribution may be shared with another value. */
  #gradientOf(value: Value): Buffer | undefined {
    const { engine } = this;
    for (const regularizer of value.penalties.splice(0)) {
      const gradient = this.#buffer({ perRow: value.width }, false);
      this.#call(this.#backward, [value], [gradient], (rows) => {
        engine.floats(gradient.address, rows * value.width).fill(0);
        regularizer.backward(engine.kernels, rows * value.width, value.address, gradient.address, 1 / rows);
      });
      value.contributions.push(gradient);
    }
    while (value.contributions.length > 1) {
      const [a, b] = value.contributions.splice(0, 2) as [Buffer, Buffer];
      const sum = this.#buffer({ perRow: value.width }, false);
      this.#call(this.#backward, [a, b], [sum], (rows) =>
        engine.kernels.addForward(rows * value.width, a.address, b.address, sum.address),
      );
      value.contributions.unshift(sum);
    }
    return value.contributions[0];
  }

  /** A kernel's gradient: block by block where it is wanted so, and what must be kept for that is smaller than itself. */
  #kernelGradient(parameter: Parameter, reads: readonly (Value | Buffer)[], run: KernelGradient): void {
    const { blockwise = false, capacity } = this.request;
    const kept = reads.reduce((sum, item) => sum + capacity * bufferOf(item).perRow, 0);
    const only = !this.#gradients.has(parameter) && !this.#blockwise.has(parameter);
    if (blockwise && only && parameter.regularizer === undefined && kept < parameter.size) {
      this.#blockwise.set(parameter, { reads, run });
    } else this.#addWhole(parameter, reads, run);
  }

  #addWhole(parameter: Parameter, reads: readonly (Value | Buffer)[], run: KernelGradient): void {
    const gradient = this.#parameterGradient(parameter);
    const units = parameter.shape[1]!;
    this.#call(this.#backward, reads, [gradient], (rows) => run(rows, 0, units, gradient.address));
  }

  #parameterGradient(parameter: Parameter): Buffer {
    const waiting = this.#blockwise.get(parameter);
    if (waiting !== undefined) {
      this.#blockwise.delete(parameter);
      this.#addWhole(parameter, waiting.reads, waiting.run);
    }
    const gradient = this.#buffer({ fixed: parameter.size }, false);
    const contributions = this.#gradients.get(parameter);
    if (contributions === undefined) this.#gradients.set(parameter, [gradient]);
    else contributions.push(gradient);
    return gradient;
  }

  /** One gradient for each parameter: the sum over its uses, plus its regularizer's. */
  #collectGradients(): Map<Parameter, Buffer> {
    const { kernels } = this.engine;
    const totals = new Map<Parameter, Buffer>();
    for (const parameter of this.#learningParameters()) {
      const contributions = this.#gradients.get(parameter) ?? [];
      const { regularizer, size } = parameter;
      if (contributions.length === 0 && regularizer === undefined) continue;
      const total = contributions[0] ?? this.#buffer({ fixed: size }, false);
      if (contributions.length === 0) {
        this.#call(this.#backward, [], [total], () => this.engine.floats(total.address, size).fill(0));
      }
      for (const other of contributions.slice(1)) {
        this.#call(this.#backward, [total, other], [total], () =>
          kernels.addForward(size, total.address, other.address, total.address),
        );
      }
      if (regularizer !== undefined) {
        this.#call(this.#backward, [total], [total], () =>
          regularizer.backward(kernels, size, parameter.address, total.address, 1),
        );
      }
      totals.set(parameter, total);
    }
    return totals;
  }

  /** Keeps what the gradients made block by block need until all of them are made, each in the same place. */
  #placeBlocks(): Map<Parameter, BlockwiseGradient> {
    const placed = new Map<Parameter, BlockwiseGradient>();
    if (this.#blockwise.size === 0) return placed;
    const columnsOf = ({ shape }: Parameter): number => PANEL * Math.max(1, Math.floor(BLOCK / (PANEL * shape[0]!)));
    const sizes = [...this.#blockwise.keys()].map((each) => Math.min(columnsOf(each) * each.shape[0]!, each.size));
    const place = this.#buffer({ fixed: Math.max(...sizes) }, false);
    for (const [parameter, { reads, run }] of this.#blockwise) {
      this.#touch([place, ...reads.map(bufferOf)], this.#clock);
      placed.set(parameter, { columns: columnsOf(parameter), place, run });
    }
    this.#clock++;
    return placed;
  }

  /** Parameters that learn in this plan, each once, in model order. */
  #learningParameters(): Set<Parameter> {
    const learning = this.graph.operations.filter((operation) => this.request.learns(operation));
    return new Set(learning.flatMap(({ layer }) => layer.parameters.filter((parameter) => parameter.learned)));
  }

  #addPenalties(): void {
    const { mode } = this.request;
    if (mode !== "train" && mode !== "evaluate") return;
    for (const { regularizer, size, address } of this.#learningParameters()) {
      if (regularizer === undefined) continue;
      this.#call(this.#forward, [], [], () => {
        this.#penalty.value += regularizer.penalty(this.engine.kernels, size, address, 1);
      });
    }
  }

  #penalize(value: Value, regularizer: Regularizer, sampled: boolean): void {
    const { mode } = this.request;
    if (mode !== "train" && mode !== "evaluate") return;
    this.#call(
      this.#forward,
      [value],
      [],
      (rows) => {
        const n = rows * value.width;
        this.#penalty.value += regularizer.penalty(this.engine.kernels, n, value.address, 1 / rows);
      },
      sampled,
    );
    if (value.wantsGradient) value.penalties.push(regularizer);
  }

  /** Adds a loss to the forward pass; what it returns adds its gradient, once the whole forward pass is there. */
  #addLoss(output: Value, index: number): () => void {
    const { mode } = this.request;
    const loss = mode === "train" || mode === "evaluate" ? this.request.losses?.[index] : undefined;
    if (loss === undefined) {
      this.#losses.push(undefined);
      return () => {};
    }
    const { kernels } = this.engine;
    const weight = this.request.lossWeights?.[index] ?? 1;
    // A user's own loss gives one value per sample, whatever the shape.
    const [positions, width] = loss.evaluate ? [1, output.width] : rowsOf(output.shape);
    const perRow = { class: positions, values: positions * width, given: 0 }[loss.target];
    const target = this.#buffer({ perRow }, false);
    const scale = this.#buffer({ perRow: positions }, false);
    const rowLoss = this.#buffer({ perRow: positions }, false);
    const record: PlanLoss = { kind: loss.target, positions, width, target, scale, value: 0, weight };
    this.#losses.push(record);
    this.#touch([target, scale], -1);

    if (loss.evaluate) return this.#addCustomLoss(output, loss, record, rowLoss);
    const { activated } = output;
    const fused =
      activated !== undefined && loss.fused?.activation === activated.activation.name ? loss.fused : undefined;
    const logits = fused && activated!.from;
    this.#call(this.#forward, logits ? [logits, output, target] : [output, target], [rowLoss], (rows) => {
      const n = rows * positions;
      if (fused) fused.forward(kernels, n, width, logits!.address, output.address, target.address, rowLoss.address);
      else loss.forward(kernels, n, width, output.address, target.address, rowLoss.address);
    });
    this.#call(this.#forward, [rowLoss, scale], [], (rows) => {
      record.value = kernels.weightedSum(rows * positions, rowLoss.address, scale.address);
    });
    return () => {
      let rowScale = scale;
      if (weight !== 1) {
        const weighted = (rowScale = this.#buffer({ perRow: positions }, false));
        this.#call(this.#backward, [scale], [weighted], (rows) => {
          const n = rows * positions;
          this.engine.floats(weighted.address, n).set(this.engine.floats(scale.address, n));
          kernels.sscal(n, weight, weighted.address);
        });
      }
      const dz = this.#into(logits ?? output);
      if (dz === undefined) return;
      const reads = [...(logits ? [logits] : []), output, target, rowScale];
      this.#call(this.#backward, reads, [dz], (rows) => {
        const n = rows * positions;
        const [y, t, w, d] = [output.address, target.address, rowScale.address, dz.address];
        if (fused) fused.backward(kernels, n, width, logits!.address, y, t, w, d);
        else loss.backward(kernels, n, width, y, t, w, d);
      });
    };
  }

  /** A user's function gives value and gradient at once: the gradient waits for the backward pass. */
  #addCustomLoss(output: Value, loss: Loss, record: PlanLoss, rowLoss: Buffer): () => void {
    const { engine } = this;
    const { scale, weight } = record;
    const gradient = output.wantsGradient ? this.#buffer({ perRow: output.width }, false) : undefined;
    this.#call(this.#forward, [output, scale], gradient ? [rowLoss, gradient] : [rowLoss], (rows) => {
      const addresses = [output.address, rowLoss.address, scale.address, gradient?.address ?? 0] as const;
      loss.evaluate!(engine, [rows, ...output.shape], record.given!, ...addresses);
      record.value = engine.kernels.weightedSum(rows, rowLoss.address, scale.address);
      if (gradient && weight !== 1) engine.kernels.sscal(rows * output.width, weight, gradient.address);
    });
    return () => {
      if (gradient !== undefined) output.contributions.push(gradient);
    };
  }

  /** The same rows once for each Monte Carlo sample. They stay, so that more samples can be made of them. */
  #replicate(value: Value): Value {
    const copy = new Value(value.shape, this.#buffer({ perRow: value.width }, true), value.wantsGradient);
    const state = this.#state;
    const copyRows = (): void => {
      const bytes = state.rows * value.width * 4;
      for (let sample = 0; sample < state.samples; sample++) {
        this.engine.u8.copyWithin(copy.address + sample * bytes, value.address, value.address + bytes);
      }
    };
    this.#call(this.#forward, [value], [copy], copyRows, true);
    this.#keep(value.buffer);
    return copy;
  }

  #buffer({ perRow = 0, fixed = 0 }: { perRow?: number; fixed?: number }, sampled: boolean): Buffer {
    const buffer = new Buffer(perRow, fixed, sampled);
    this.#buffers.push(buffer);
    return buffer;
  }

  #call(
    list: Call[],
    reads: readonly (Value | Buffer)[],
    writes: readonly (Value | Buffer)[],
    run: (rows: number) => void,
    sampled = false,
  ): void {
    list.push({ run, sampled });
    this.#touch([...reads, ...writes].map(bufferOf), this.#clock++);
  }

  #touch(buffers: readonly Buffer[], time: number): void {
    for (const buffer of buffers) {
      buffer.first = Math.min(buffer.first, time);
      buffer.last = Math.max(buffer.last, time);
    }
  }

  /** Keeps a buffer for good: calls before the one that fills it run again when it does not. */
  #keep(buffer: Buffer): void {
    this.#touch([buffer], -1);
    this.#pin(buffer);
  }

  /** Keeps a buffer until the end of the run: somebody reads it afterwards. */
  #pin(buffer: Buffer): void {
    buffer.first = Math.min(buffer.first, this.#clock);
    buffer.last = Infinity;
  }
}
