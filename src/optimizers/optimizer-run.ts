import { checkNumber, rangeError } from "../check.js";
import { clipNormFactor, globalClipFactor, globalNorm } from "../clipping.js";
import type { Engine } from "../runtime/engine.js";
import type { Kernels } from "../runtime/wasm.js";
import { valueAt, type Schedule } from "../schedules/schedule.js";
import type { Around, OptimizerSpec, Values } from "./define-optimizer.js";
import { flushInterval } from "./flush-interval.js";
import { RANGES } from "./hyperparameters.js";

/** What an optimizer needs to know of a parameter. */
export interface Optimizable {
  readonly name: string;
  readonly address: number;
  /** Floats as stored. */
  readonly size: number;
  readonly learningRateScale: number;
  readonly constraint?: { apply(kernels: Kernels): void } | undefined;
}

/** A parameter and the address of its gradient, as many floats, which the step may overwrite. */
export interface OptimizerItem {
  readonly parameter: Optimizable;
  readonly gradient: number;
  /**
   * Where the gradient is made block by block, right before each is used, so that it never travels to memory: `make`
   * puts that of the floats from `size * index` on in its place. Only for an optimizer that takes blocks.
   */
  readonly blocks?: { readonly size: number; make(index: number): void };
}

/** What the optimizer keeps for one parameter. */
export interface ParameterState {
  /** Addresses of arrays of the parameter's size, in its layout. */
  readonly slots: Readonly<Record<string, number>>;
  /** Running products and counts: plain numbers that a file keeps beside the slots. */
  readonly scalars: Readonly<Record<string, number>>;
}

interface State {
  readonly slots: Record<string, number>;
  /** `updates`, the definition's products and, if gradients accumulate, how many the accumulator holds. */
  readonly scalars: Record<string, number>;
}

/** The part of every step that one parameter has, with what of it stays the same. */
interface Update extends OptimizerItem {
  readonly state: State;
  /** The whole, or its blocks in order. */
  readonly parts: readonly Part[];
  /** Whether the parameter's weights decay. */
  readonly decays: boolean;
}

/** A run of a parameter's floats. */
interface Part {
  readonly size: number;
  readonly address: number;
  readonly slots: Readonly<Record<string, number>>;
}

/** State of all parameters, copied out of linear memory. */
export interface OptimizerState {
  iterations: number;
  /** Values set by hand, which replaced options. */
  overrides: Record<string, number>;
  /** `<parameter>/<slot>`, in the parameter's layout. */
  slots: Map<string, Float32Array>;
  /** By parameter name. */
  scalars: Map<string, Record<string, number>>;
}

/** Slots that the loop keeps beside the definition's own. */
const ACCUMULATOR = "accumulator";
const AVERAGE = "average";

/**
 * An optimizer at work: the state of a specification for the parameters of one model. State belongs to the parameter
 * object, so that freezing, unfreezing and replacing layers keeps the right state with the right weights; what is new
 * starts at t = 1.
 *
 * Order within a step: mean of accumulated gradients, clipping, weight decay, update rule, average of the weights,
 * constraints, iterations + 1.
 */
export class OptimizerRun {
  readonly spec: OptimizerSpec;
  readonly #engine: Engine;
  readonly #states = new Map<Optimizable, State>();
  /** Options that can be scheduled: the given ones, or numbers set by hand. */
  readonly #sources: Record<string, number | Schedule> = {};
  /** The same at the current step, beside the options that are fixed. */
  readonly #values: Record<string, unknown>;
  /** Names among them that may have another value at each step. */
  #changing: readonly string[] = [];
  /** The definition's products and moving averages: name of the product or slot, and what goes with it. */
  readonly #products;
  readonly #decays;
  /** What the items of the last step were, and what follows from them: nearly always those of the next one too. */
  #planned: { readonly items: readonly OptimizerItem[]; readonly updates: readonly Update[] } | undefined;
  readonly #around: Around = { scale: 1, limit: Infinity, coupled: 0, decay: 0 };
  readonly #overrides = new Map<string, number>();
  #iterations = 0;

  constructor(spec: OptimizerSpec, engine: Engine) {
    this.spec = spec;
    this.#engine = engine;
    this.#values = { ...spec.options };
    for (const [name, value] of Object.entries(spec.options)) {
      if (name in RANGES && value !== undefined) this.#setSource(name, value as number | Schedule);
    }
    const { products = {}, decays = {}, slots } = spec.definition;
    const made = slots(spec.options);
    this.#products = Object.entries(products);
    this.#decays = Object.entries(decays).filter(([slot]) => made.includes(slot)) as [string, string][];
  }

  /** Whether each gradient is used once, from its first float to its last: no norm of it is needed, no sum kept. */
  get takesBlocks(): boolean {
    const { clipNorm, globalClipNorm, gradientAccumulationSteps } = this.spec.options;
    return clipNorm === undefined && globalClipNorm === undefined && gradientAccumulationSteps === 1;
  }

  /** The learning rate at this step. Setting it replaces a schedule. */
  get learningRate(): number {
    return this.#valueNow("learningRate");
  }

  set learningRate(value: number) {
    this.override("learningRate", value);
  }

  /** Steps done, each call of `step` counted: what schedules see. */
  get iterations(): number {
    return this.#iterations;
  }

  set iterations(value: number) {
    this.#iterations = checkNumber(this.spec.name, "iterations", value, { min: 0, integer: true });
  }

  /**
   * Sets a hyperparameter by hand from now on, in place of its number or schedule; undefined returns to what the
   * optimizer was made with.
   */
  override(name: string, value: number | undefined): void {
    const where = this.spec.name;
    if (!(name in this.#sources)) {
      throw rangeError(where, `name must be one of ${Object.keys(this.#sources).join(", ")}`, "name", name);
    }
    if (value === undefined) {
      this.#setSource(name, this.spec.options[name] as number | Schedule);
      this.#overrides.delete(name);
      return;
    }
    if (name === "momentum" && value !== 0 && this.spec.options["momentum"] === 0) {
      throw rangeError(where, "momentum was 0 when the optimizer was made and has no state", "momentum", value);
    }
    this.#setSource(name, checkNumber(where, name, value, RANGES[name]));
    this.#overrides.set(name, value);
  }

  /** Values set by hand, which replaced options. */
  get overrides(): Record<string, number> {
    return Object.fromEntries(this.#overrides);
  }

  /** Allocates and initializes the state of parameters that have none. All or nothing: may throw MemoryError. */
  prepare(parameters: readonly Optimizable[]): void {
    if (parameters.every((parameter) => this.#states.has(parameter))) return; // as before nearly every step
    const { arena } = this.#engine;
    const { definition, options } = this.spec;
    const names: string[] = [...definition.slots(options)];
    if (options.gradientAccumulationSteps > 1) names.push(ACCUMULATOR);
    if (options.useEma) names.push(AVERAGE);

    const made = new Map<Optimizable, State>();
    try {
      for (const parameter of parameters) {
        if (this.#states.has(parameter) || made.has(parameter)) continue;
        const state: State = { slots: {}, scalars: { updates: 0 } };
        made.set(parameter, state);
        for (const name of names) state.slots[name] = arena.allocate(parameter.size * 4);
        for (const product of Object.keys(definition.products ?? {})) state.scalars[product] = 1;
        if (options.gradientAccumulationSteps > 1) state.scalars["accumulated"] = 0;
      }
    } catch (error) {
      for (const state of made.values()) this.#free(state);
      throw error;
    }
    for (const [parameter, state] of made) {
      for (const name of names) {
        const own = name !== ACCUMULATOR && name !== AVERAGE;
        const first = own ? (definition.initial?.(name, options) ?? 0) : 0;
        this.#engine.floats(state.slots[name]!, parameter.size).fill(first);
      }
      this.#states.set(parameter, state);
    }
  }

  /** One training step. All parameters must be prepared. */
  step(items: readonly OptimizerItem[]): void {
    const updates = this.#updatesOf(items);
    this.#evaluate();

    const { gradientAccumulationSteps: window, useEma } = this.spec.options;
    const last = (this.#iterations + 1) % window === 0;
    if (window > 1) for (const update of updates) this.#accumulate(update, last);
    if (last) this.#update(updates, window);
    if (last && window > 1) for (const { scalars } of this.#states.values()) scalars["accumulated"] = 0;
    if (useEma) this.#average(updates, window);
    if (last || useEma) {
      for (const { parameter } of items) parameter.constraint?.apply(this.#engine.kernels);
    }
    this.#iterations++;
  }

  /** Overwrites parameters by their averages, if the optimizer keeps some: the end of training. */
  finalize(parameters: Iterable<Optimizable>): void {
    if (!this.spec.options.useEma) return;
    for (const parameter of parameters) {
      const state = this.#states.get(parameter);
      if (state !== undefined && state.scalars["updates"]! > 0) this.#overwriteByAverage(parameter, state);
    }
  }

  /** Slots and scalars of a parameter, or undefined if it has none yet. */
  state(parameter: Optimizable): ParameterState | undefined {
    return this.#states.get(parameter);
  }

  /** Sets scalars of a prepared parameter, as a file kept them; slots are written at the addresses of `state`. */
  restoreScalars(parameter: Optimizable, scalars: Readonly<Record<string, number>>): void {
    const state = this.#stateOf(parameter);
    const where = `${this.spec.name} (${parameter.name})`;
    for (const name of Object.keys(state.scalars)) checkNumber(where, name, scalars[name], { min: 0 });
    for (const name of Object.keys(state.scalars)) state.scalars[name] = scalars[name]!;
  }

  /** Everything that the next step depends on, copied out. */
  export(): OptimizerState {
    const slots = new Map<string, Float32Array>();
    const scalars = new Map<string, Record<string, number>>();
    for (const [parameter, state] of this.#states) {
      scalars.set(parameter.name, { ...state.scalars });
      for (const [name, address] of Object.entries(state.slots)) {
        slots.set(`${parameter.name}/${name}`, this.#engine.floats(address, parameter.size).slice());
      }
    }
    return { iterations: this.#iterations, overrides: Object.fromEntries(this.#overrides), slots, scalars };
  }

  /** Puts an exported state back, for these parameters. Those that it does not have start anew. */
  import(state: OptimizerState, parameters: readonly Optimizable[]): void {
    this.prepare(parameters);
    for (const parameter of parameters) {
      const scalars = state.scalars.get(parameter.name);
      if (scalars === undefined) continue;
      this.restoreScalars(parameter, scalars);
      for (const [name, address] of Object.entries(this.#stateOf(parameter).slots)) {
        const values = state.slots.get(`${parameter.name}/${name}`);
        if (values?.length !== parameter.size) {
          const expected = `state of ${parameter.name}/${name} has ${parameter.size} floats`;
          throw rangeError(this.spec.name, expected, "length", values?.length);
        }
        this.#engine.floats(address, parameter.size).set(values);
      }
    }
    this.iterations = state.iterations;
    for (const [name, value] of Object.entries(state.overrides)) this.override(name, value);
  }

  /** Remembers everything that the next step depends on; what it returns puts it back to the bit. */
  snapshot(): () => void {
    const iterations = this.#iterations;
    const overrides = new Map(this.#overrides);
    const saved = Array.from(this.#states, ([parameter, { slots, scalars }]) => ({
      parameter,
      scalars: { ...scalars },
      slots: Object.values(slots).map((address) => ({
        address,
        bytes: this.#engine.u8.slice(address, address + parameter.size * 4),
      })),
    }));
    return () => {
      const known = new Set(saved.map(({ parameter }) => parameter));
      for (const parameter of [...this.#states.keys()]) if (!known.has(parameter)) this.release(parameter);
      for (const { parameter, scalars, slots } of saved) {
        Object.assign(this.#stateOf(parameter).scalars, scalars);
        for (const { address, bytes } of slots) this.#engine.u8.set(bytes, address);
      }
      this.#iterations = iterations;
      for (const name of [...this.#overrides.keys()]) this.override(name, overrides.get(name));
      for (const [name, value] of overrides) this.override(name, value);
    };
  }

  /** Frees the state of a parameter that leaves the model. */
  release(parameter: Optimizable): void {
    const state = this.#states.get(parameter);
    if (state === undefined) return;
    this.#free(state);
    this.#states.delete(parameter);
    this.#planned = undefined;
  }

  /** Frees all state. */
  dispose(): void {
    for (const parameter of [...this.#states.keys()]) this.release(parameter);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #setSource(name: string, source: number | Schedule): void {
    this.#sources[name] = this.#values[name] = source;
    // The learning rate, which the update of each parameter scales, is one of them in any case.
    this.#changing = Object.keys(this.#sources).filter(
      (each) => each === "learningRate" || typeof this.#sources[each] === "function",
    );
  }

  /** Throws if a parameter is not prepared. */
  #updatesOf(items: readonly OptimizerItem[]): readonly Update[] {
    if (this.#planned?.items !== items) {
      const { excludeFromWeightDecay } = this.spec.options;
      const updates = items.map((item) => {
        const { parameter, blocks } = item;
        const state = this.#stateOf(parameter);
        const decays = !excludeFromWeightDecay.some((part) => parameter.name.includes(part));
        return { ...item, state, parts: partsOf(parameter, state, blocks?.size ?? parameter.size), decays };
      });
      this.#planned = { items, updates };
    }
    return this.#planned.updates;
  }

  #stateOf(parameter: Optimizable): State {
    const state = this.#states.get(parameter);
    if (state !== undefined) return state;
    throw new Error(`${this.spec.name}: ${parameter.name} has no state yet. Call prepare first.`);
  }

  #valueNow(name: string): number {
    return valueAt(this.spec.name, name, this.#sources[name]!, this.#iterations, RANGES[name]!);
  }

  /** Every hyperparameter at this step. A schedule that is out of range throws here, before anything changed. */
  #evaluate(): void {
    for (const name of this.#changing) this.#values[name] = this.#valueNow(name);
  }

  /** Keeps the sum of the window's gradients: in the accumulator, or at its end in the gradient itself. */
  #accumulate({ parameter, gradient, state }: Update, last: boolean): void {
    const { kernels, u8 } = this.#engine;
    const { slots, scalars } = state;
    const sum = slots[ACCUMULATOR]!;
    const empty = scalars["accumulated"] === 0;
    scalars["accumulated"]!++;
    if (last && !empty) kernels.saxpy(parameter.size, 1, sum, gradient);
    else if (!last && !empty) kernels.saxpy(parameter.size, 1, gradient, sum);
    else if (!last) u8.copyWithin(sum, gradient, gradient + parameter.size * 4);
  }

  #update(updates: readonly Update[], window: number): void {
    const { kernels } = this.#engine;
    const { definition, options } = this.spec;
    const { compat, decoupledWeightDecay } = options;
    const values = this.#values as Record<string, number>;
    const { learningRate, weightDecay, clipValue, clipNorm, globalClipNorm } = values as Record<
      string,
      number | undefined
    >;
    const around = this.#around;
    around.limit = clipValue ?? Infinity;
    let globalFactor = 1;
    if (globalClipNorm !== undefined) {
      const blocks = updates.map(({ parameter, gradient }) => ({ address: gradient, size: parameter.size }));
      globalFactor = globalClipFactor(globalNorm(kernels, blocks) / window, globalClipNorm, compat);
    }

    const h = values as unknown as Values<Record<string, number>>;
    for (const { parameter, gradient, blocks, state, parts, decays } of updates) {
      const { size } = parameter;
      const { slots, scalars } = state;
      values["learningRate"] = learningRate! * parameter.learningRateScale;
      around.scale = globalFactor / window;
      if (clipNorm !== undefined) {
        const norm = Math.sqrt(kernels.sumOfSquares(size, gradient)) / window;
        around.scale = clipNormFactor(norm, clipNorm) / window;
      }
      around.coupled = decays && !decoupledWeightDecay ? weightDecay! : 0;
      around.decay = decays && decoupledWeightDecay ? weightDecay! * values["learningRate"] : 0;

      const p = scalars as Record<"updates", number>;
      p.updates++;
      for (const [product, factor] of this.#products) scalars[product]! *= factor(h, p);
      // From the last to the first: with that the next forward pass begins, while it is still in the cache.
      for (let i = parts.length - 1; i >= 0; i--) {
        blocks?.make(i);
        const part = parts[i]!;
        definition.step(kernels, part.size, part.address, gradient, around, part.slots, h, p);
      }
      for (const [slot, kept] of this.#decays) this.#flush(slots[slot]!, size, values[kept]!, p.updates);
    }
    values["learningRate"] = learningRate!;
  }

  /**
   * Keras's average of the weights: also at steps that only accumulate gradients, and with momentum 0 up to the
   * parameter's first update. emaOverwriteFrequency counts updates.
   */
  #average(updates: readonly Update[], window: number): void {
    const { kernels } = this.#engine;
    const { emaOverwriteFrequency } = this.spec.options;
    const done = Math.floor(this.#iterations / window);
    const overwrites = emaOverwriteFrequency !== undefined && (done + 1) % emaOverwriteFrequency === 0;
    for (const { parameter, state } of updates) {
      const started = state.scalars["updates"]! > ((this.#iterations + 1) % window === 0 ? 1 : 0);
      const momentum = started ? (this.#values["emaMomentum"] as number) : 0;
      kernels.averageStep(parameter.size, state.slots[AVERAGE]!, parameter.address, momentum, 1 - momentum);
      this.#flush(state.slots[AVERAGE]!, parameter.size, momentum, this.#iterations + 1);
      if (overwrites) this.#overwriteByAverage(parameter, state);
    }
  }

  /** Frees a moving average of what is too small, in every so many steps. */
  #flush(address: number, size: number, decay: number, step: number): void {
    if (step % flushInterval(decay) === 0) this.#engine.kernels.flushTiny(size, address);
  }

  #overwriteByAverage(parameter: Optimizable, state: State): void {
    const average = state.slots[AVERAGE]!;
    this.#engine.u8.copyWithin(parameter.address, average, average + parameter.size * 4);
  }

  #free(state: State): void {
    for (const address of Object.values(state.slots)) this.#engine.arena.free(address);
  }
}

/** A parameter and its slots in runs of so many floats. */
function partsOf({ address, size }: Optimizable, { slots }: State, floats: number): Part[] {
  const parts: Part[] = [];
  for (let first = 0; first < size; first += floats) {
    const moved = Object.entries(slots).map(([name, slot]) => [name, slot + 4 * first] as const);
    parts.push({
      size: Math.min(floats, size - first),
      address: address + 4 * first,
      slots: Object.fromEntries(moved),
    });
  }
  return parts;
}
