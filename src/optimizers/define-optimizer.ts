import { checkBoolean, checkChoice, checkKeys, checkNumber, rangeError, typeError } from "../check.js";
import type { Kernels } from "../runtime/wasm.js";
import type { Schedule } from "../schedules/schedule.js";
import { attach, type AttachedOptimizer } from "./attach.js";
import { RANGES } from "./hyperparameters.js";

/** Whose formula and defaults: Keras 3's, or PyTorch's where it has another. */
export type Compat = "keras" | "torch";

/** A definition's own hyperparameters with their defaults. */
export type Defaults = Readonly<Record<string, number | boolean>>;

/** Numbers that the step of one parameter uses: each hyperparameter at this step, and the preset. */
export type Values<D extends Defaults> = { readonly [K in keyof D]: D[K] extends boolean ? boolean : number } & {
  readonly compat: Compat;
};

/** What a step does to the gradient and the weights around its formula: see assembly/optimizers/update.ts. */
export interface Around {
  /** Factor of the gradient: one over the accumulated steps, times the clipping by norm. */
  scale: number;
  /** Bound of each gradient element after scaling; Infinity without clipping by value. */
  limit: number;
  /** L2 weight decay added to the gradient, as PyTorch does. */
  coupled: number;
  /** Decoupled weight decay times the learning rate. */
  decay: number;
}

/**
 * An optimizer, said once: option types, validation, slots, saving, string name, README row and test sweeps follow
 * from it.
 */
export interface OptimizerDefinition<
  D extends Defaults = Defaults,
  Extra extends Defaults = Defaults,
  Slot extends string = string,
  Product extends string = string,
> {
  readonly name: string;
  /** Keras's hyperparameters and defaults. */
  readonly defaults: D & { readonly learningRate: number };
  /** PyTorch's defaults where they differ; undefined if PyTorch has no such optimizer. */
  readonly torch?: Partial<{ [K in keyof NoInfer<D & Extra>]: number | boolean }> & { weightDecay?: number };
  /** Hyperparameters that only PyTorch has, with the values that make the rule Keras's. */
  readonly torchOnly?: Extra;
  /** Default of the option weightDecay. Default 0. */
  readonly weightDecay?: number;
  /** Whether weight decay is decoupled in PyTorch too. Default false: there it is added to the gradient. */
  readonly decoupled?: boolean;
  /** Throws if valid values do not fit together. */
  readonly check?: (where: string, options: Readonly<Record<string, unknown>>) => void;
  /** Arrays kept for each parameter, as many floats each. A scheduled hyperparameter counts as not zero. */
  readonly slots: (h: { readonly [K in keyof NoInfer<D & Extra>]: unknown }) => readonly Slot[];
  /**
   * Slots with a sign that are a moving average, and the hyperparameter that is the weight of the old average: what is
   * left of a gradient that has become 0 is set to 0 before it is subnormal (assembly/optimizers/moving-average.ts).
   */
  readonly decays?: Readonly<Partial<Record<NoInfer<Slot>, keyof NoInfer<D & Extra> & string>>>;
  /** First value of a slot's floats. Default 0. */
  readonly initial?: (slot: Slot, h: Readonly<Record<string, unknown>>) => number;
  /** Factors of running products over a parameter's updates, in float64, kept beside its slots; in this order. */
  readonly products?: Readonly<
    Record<Product, (h: Values<NoInfer<D & Extra>>, p: Readonly<Record<Product | "updates", number>>) => number>
  >;
  /**
   * One update of n floats at theta by the gradient at g. h: hyperparameters at this step, the learning rate scaled for
   * the parameter; s: addresses of its slots; p: its products and number of updates, this one included.
   */
  readonly step: (
    k: Kernels,
    n: number,
    theta: number,
    g: number,
    around: Readonly<Around>,
    s: Readonly<Record<Slot, number>>,
    h: Values<NoInfer<D & Extra>>,
    p: Readonly<Record<Product | "updates", number>>,
  ) => void;
}

/** Options that every optimizer has. */
export interface CommonOptions {
  /** Bound of each gradient element. At most one of clipValue, clipNorm and globalClipNorm. Default none. */
  clipValue?: number | Schedule;
  /** Bound of the norm of each parameter's gradient. */
  clipNorm?: number | Schedule;
  /** Bound of the norm of all gradients together. */
  globalClipNorm?: number | Schedule;
  /**
   * Weight decay: theta -= weightDecay * learningRate * theta before the update, as in Keras; with `compat: "torch"`
   * added to the gradient, unless decoupledWeightDecay is true. Default 0 (adamW .004, torch .01).
   */
  weightDecay?: number | Schedule;
  /** Parameters whose name contains one of these strings do not decay. Default none. */
  excludeFromWeightDecay?: readonly string[];
  /** Updates once in so many steps, by the mean of their gradients. An integer >= 1, default 1. */
  gradientAccumulationSteps?: number;
  /** Keeps an exponential moving average of the weights, which training ends with. Default false. */
  useEma?: boolean;
  /** Weight of the old average, in [0, 1]. Default .99. */
  emaMomentum?: number | Schedule;
  /** Overwrites the weights by their average every so many updates. An integer >= 1, default never. */
  emaOverwriteFrequency?: number;
  /** Whose formula and defaults. Default "keras". */
  compat?: Compat;
  /** With `compat: "torch"`: weight decay as in AdamW. Default false. */
  decoupledWeightDecay?: boolean;
}

type Scheduled<D> = { -readonly [K in keyof D]?: D[K] extends boolean ? boolean : number | Schedule };

/** What the factory of a definition accepts. */
export type OptimizerOptions<D extends Defaults, Extra extends Defaults> = Scheduled<D> &
  Scheduled<Extra> &
  CommonOptions;

/** Every option with its value, given or default. */
export interface ResolvedOptions extends Readonly<CommonOptions> {
  readonly compat: Compat;
  readonly learningRate: number | Schedule;
  readonly weightDecay: number | Schedule;
  readonly excludeFromWeightDecay: readonly string[];
  readonly gradientAccumulationSteps: number;
  readonly useEma: boolean;
  readonly emaMomentum: number | Schedule;
  readonly decoupledWeightDecay: boolean;
  readonly [hyperparameter: string]: unknown;
}

/** What an optimizer factory returns: plain data, validated. State is made by `compile` or `attach`, anew each time. */
export interface OptimizerSpec {
  readonly name: string;
  readonly options: ResolvedOptions;
  readonly definition: OptimizerDefinition;
  /** Optimizes a user's own arrays, in place. */
  attach(arrays: readonly Float32Array[]): AttachedOptimizer;
}

/** The factory of an optimizer, with its definition. */
export interface OptimizerFactory<D extends Defaults, Extra extends Defaults> {
  (options?: OptimizerOptions<D, Extra>): OptimizerSpec;
  readonly definition: OptimizerDefinition;
}

const CLIPPING = ["clipValue", "clipNorm", "globalClipNorm"] as const;

/** Turns a definition into its factory. */
export function defineOptimizer<
  D extends Defaults,
  const Slot extends string,
  Product extends string = never,
  Extra extends Defaults = Record<never, never>,
>(given: OptimizerDefinition<D, Extra, Slot, Product>): OptimizerFactory<D & { learningRate: number }, Extra> {
  const definition = given as unknown as OptimizerDefinition;
  const factory = (options = {}): OptimizerSpec => {
    const spec: OptimizerSpec = {
      name: definition.name,
      options: Object.freeze(resolveOptions(definition, options)),
      definition,
      attach: (arrays) => attach(spec, arrays),
    };
    return Object.freeze(spec);
  };
  return Object.assign(factory, { definition });
}

function resolveOptions(definition: OptimizerDefinition, given: Readonly<Record<string, unknown>>): ResolvedOptions {
  const where = definition.name;
  const { defaults, torch, torchOnly = {}, decoupled = false, weightDecay = 0 } = definition;
  const common = {
    ...Object.fromEntries(CLIPPING.map((name) => [name, undefined])),
    weightDecay,
    excludeFromWeightDecay: [],
    gradientAccumulationSteps: 1,
    useEma: false,
    emaMomentum: 0.99,
    emaOverwriteFrequency: undefined,
    compat: "keras",
  };
  const onlyTorch: Defaults = decoupled ? torchOnly : { ...torchOnly, decoupledWeightDecay: false };
  const presets = torch === undefined ? {} : onlyTorch;
  checkKeys(where, given, Object.keys({ ...defaults, ...presets, ...common }));
  const options = definedOnly(given);

  const compat = checkChoice(where, "compat", options["compat"] ?? "keras", ["keras", "torch"]);
  if (compat === "torch" && torch === undefined) {
    throw rangeError(where, 'compat must be "keras": PyTorch has no such optimizer', "compat", compat);
  }
  if (compat === "keras") {
    for (const name of Object.keys(presets)) {
      if (name in options) throw rangeError(where, `${name} needs compat: "torch"`, name, options[name]);
    }
  }
  const row = compat === "torch" ? torch : {};
  const resolved: Record<string, unknown> = {
    ...defaults,
    ...torchOnly,
    ...common,
    decoupledWeightDecay: decoupled || compat === "keras",
    ...row,
    ...options,
  };

  for (const [name, value] of Object.entries(resolved)) {
    if (name === "initialAccumulatorValue") checkNumber(where, name, value, RANGES[name]);
    else if (name in RANGES && value !== undefined) checkHyperparameter(where, name, value);
    else if (typeof value === "boolean" || name in { ...defaults, useEma: 0 }) checkBoolean(where, name, value);
  }
  for (const name of ["gradientAccumulationSteps", "emaOverwriteFrequency"]) {
    if (resolved[name] !== undefined) checkNumber(where, name, resolved[name], { min: 1, integer: true });
  }
  const excluded = resolved["excludeFromWeightDecay"];
  if (!Array.isArray(excluded) || !excluded.every((item) => typeof item === "string")) {
    const expected = "excludeFromWeightDecay must be an array of strings, parts of parameter names";
    throw typeError(where, expected, "excludeFromWeightDecay", excluded);
  }
  const clips = CLIPPING.filter((name) => resolved[name] !== undefined);
  if (clips.length > 1) {
    const expected = `at most one of ${CLIPPING.join(", ")} can be set`;
    throw rangeError(where, expected, clips[1]!, resolved[clips[1]!]);
  }
  if (!resolved["useEma"]) {
    for (const name of ["emaMomentum", "emaOverwriteFrequency"]) {
      if (name in options) throw rangeError(where, `${name} needs useEma: true`, name, options[name]);
    }
  }
  definition.check?.(where, resolved);
  return resolved as unknown as ResolvedOptions;
}

/** An option given as undefined is as good as not given. */
function definedOnly(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Throws unless value is a number in the hyperparameter's range, or a schedule, whose values are checked at each step. */
function checkHyperparameter(where: string, name: string, value: unknown): void {
  if (typeof value === "function") return;
  if (typeof value !== "number") throw typeError(where, `${name} must be a number or a schedule`, name, value);
  checkNumber(where, name, value, RANGES[name]);
}
