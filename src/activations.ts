import { checkChoice, typeError, type Bounds } from "./check.js";
import { number, readOptions } from "./options.js";
import type { Kernels } from "./runtime/wasm.js";

/** What an activation is, said once: its option type, factory and tests follow from it. */
export interface ActivationDefinition {
  /** What backward reads: the input or the output of forward. With "y" forward may run in place. */
  readonly saved: "x" | "y";
  /** The kernel initializer that keeps signals from vanishing or exploding through layers with this activation. */
  readonly initializer: "glorotUniform" | "heNormal" | "lecunNormal";
  /** Hyperparameters in the order of the kernels' arguments, with default and range. */
  readonly options?: Readonly<Record<string, Bounds & { readonly default: number }>>;
  /** Whether the kernels take (rows, width) because the values of a row depend on each other. */
  readonly rowwise?: true;
}

/** Only names with a forward and a backward kernel are keys of the table: any other does not compile. */
type HasKernels<Name extends string> = `${Name}Forward` | `${Name}Backward` extends keyof Kernels
  ? ActivationDefinition
  : never;

function defineActivations<const T extends Record<string, ActivationDefinition>>(
  table: T & { readonly [Name in keyof T & string]: HasKernels<Name> },
): T {
  return table;
}

export const activationDefinitions = defineActivations({
  /** x. */
  linear: { saved: "y", initializer: "glorotUniform" },
  /** max(x, 0); derivative 0 at 0. Nair & Hinton 2010, Rectified Linear Units Improve Restricted Boltzmann Machines. */
  relu: { saved: "y", initializer: "heNormal" },
  /** min(max(x, 0), 6); derivative 0 at 0 and 6. Krizhevsky 2010, Convolutional Deep Belief Networks on CIFAR-10. */
  relu6: { saved: "y", initializer: "heNormal" },
  /** x where x > 0, else alpha x; derivative alpha at 0. Maas, Hannun & Ng 2013, section 2. */
  leakyRelu: { saved: "y", initializer: "heNormal", options: { alpha: { default: 0.2, min: 0 } } },
  /**
   * x where x > 0, else alpha (e^x - 1); derivative alpha at 0. Clevert, Unterthiner & Hochreiter 2015,
   * arXiv:1511.07289.
   */
  elu: { saved: "y", initializer: "heNormal", options: { alpha: { default: 1, min: 0 } } },
  /**
   * scale x where x > 0, else scale alpha (e^x - 1), alpha 1.6732632, scale 1.0507010. Klambauer et al. 2017,
   * arXiv:1706.02515.
   */
  selu: { saved: "y", initializer: "lecunNormal" },
  /** x where x > 0, else alpha (e^(x / alpha) - 1). Barron 2017, arXiv:1704.07483. */
  celu: { saved: "y", initializer: "heNormal", options: { alpha: { default: 1, above: 0 } } },
  /** x Phi(x), Phi(x) = (1 + erf(x / sqrt 2)) / 2. Hendrycks & Gimpel 2016, arXiv:1606.08415. */
  gelu: { saved: "x", initializer: "heNormal" },
  /** x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))). Hendrycks & Gimpel 2016, arXiv:1606.08415. */
  geluTanh: { saved: "x", initializer: "heNormal" },
  /**
   * x sigmoid(x); also "swish". Elfwing, Uchibe & Doya 2017, arXiv:1702.03118; Ramachandran, Zoph & Le 2017,
   * arXiv:1710.05941.
   */
  silu: { saved: "x", initializer: "heNormal" },
  /** x tanh(log(1 + e^x)). Misra 2019, arXiv:1908.08681. */
  mish: { saved: "x", initializer: "heNormal" },
  /** log(1 + e^x). Dugas et al. 2001, Incorporating Second-Order Functional Knowledge. */
  softplus: { saved: "y", initializer: "heNormal" },
  /** x / (1 + |x|). Glorot & Bengio 2010, section 3. */
  softsign: { saved: "x", initializer: "glorotUniform" },
  /** 1 / (1 + e^-x). */
  sigmoid: { saved: "y", initializer: "glorotUniform" },
  /** min(max(x + 3, 0), 6) / 6; derivative 0 at -3 and 3. Howard et al. 2019, arXiv:1905.02244, section 5.2. */
  hardSigmoid: { saved: "y", initializer: "glorotUniform" },
  /** x min(max(x + 3, 0), 6) / 6; derivative 0 at -3, 1 at 3. Howard et al. 2019, arXiv:1905.02244, section 5.2. */
  hardSilu: { saved: "x", initializer: "heNormal" },
  /** tanh(x). */
  tanh: { saved: "y", initializer: "glorotUniform" },
  /** e^x. */
  exponential: { saved: "y", initializer: "glorotUniform" },
  /**
   * e^x / sum of e^x over the last axis. Bridle 1990, Probabilistic Interpretation of Feedforward Classification
   * Network Outputs.
   */
  softmax: { saved: "y", initializer: "glorotUniform", rowwise: true },
  /** x - log(sum of e^x over the last axis). */
  logSoftmax: { saved: "y", initializer: "glorotUniform", rowwise: true },
  /** |x|; derivative 0 at 0. */
  abs: { saved: "x", initializer: "heNormal" },
});

type Definitions = typeof activationDefinitions;
export type ActivationName = keyof Definitions;

/** An activation with its hyperparameters, as layers hold it. Made by the factories in `activations`. */
export interface Activation {
  readonly name: ActivationName;
  /** Hyperparameters, in the order of the kernels' arguments. */
  readonly options: Readonly<Record<string, number>>;
  /** What backward reads: the input or the output of forward. With "y" forward may run in place. */
  readonly saved: "x" | "y";
  /** Whether it does nothing, so that a plan may leave it out. */
  readonly identity: boolean;
  /** y = f(x); x, y: [rows, width], y may be x. */
  forward(k: Kernels, rows: number, width: number, x: number, y: number): void;
  /** dx = dy * f'(saved); dx may be dy or saved. */
  backward(k: Kernels, rows: number, width: number, saved: number, dy: number, dx: number): void;
}

/** How an option names an activation: by name with its defaults, or made by a factory. */
export type ActivationSpec = ActivationName | "swish" | Activation;

type OptionsOf<D> = D extends { readonly options: infer O } ? { readonly [Key in keyof O]?: number } : never;
type Factory<D> = [OptionsOf<D>] extends [never] ? () => Activation : (options?: OptionsOf<D>) => Activation;

/**
 * The factories, one per activation: `activations.relu()`, `activations.leakyRelu({ alpha: 0.1 })`. Their keys are the
 * names that layers take as strings.
 */
export const activations = Object.fromEntries(
  names().map((name) => [name, (options?: Record<string, number>) => create(name, options)]),
) as { readonly [Name in ActivationName]: Factory<Definitions[Name]> };

function names(): ActivationName[] {
  return Object.keys(activationDefinitions) as ActivationName[];
}

/** Elementwise kernels take (n, ...), rowwise ones (rows, width, ...), then addresses and hyperparameters. */
type Kernel = (...args: number[]) => void;

function create(name: ActivationName, options: Record<string, number> = {}): Activation {
  const where = `activations.${name}`;
  const definition: ActivationDefinition = activationDefinitions[name];
  const table = Object.entries(definition.options ?? {}).map(
    ([key, { default: preset, ...bounds }]) => [key, number(bounds, preset)] as const,
  );
  const values = readOptions(where, options, Object.fromEntries(table));
  const scalars = Object.values(values);
  const { saved, rowwise } = definition;
  const forward: keyof Kernels = `${name}Forward`;
  const backward: keyof Kernels = `${name}Backward`;
  return Object.freeze<Activation>({
    name,
    options: Object.freeze(values),
    saved,
    identity: name === "linear",
    forward(k, rows, width, x, y) {
      if (rowwise) (k[forward] as Kernel)(rows, width, x, y, ...scalars);
      else (k[forward] as Kernel)(rows * width, x, y, ...scalars);
    },
    backward(k, rows, width, saved, dy, dx) {
      if (rowwise) (k[backward] as Kernel)(rows, width, saved, dy, dx, ...scalars);
      else (k[backward] as Kernel)(rows * width, saved, dy, dx, ...scalars);
    },
  });
}

/** An option that takes an activation, by name or made; linear where it is undefined. */
export function resolveActivation(where: string, name: string, spec: unknown = "linear"): Activation {
  if (typeof spec === "string") {
    const known = checkChoice(where, name, spec, [...names(), "swish" as const]);
    return create(known === "swish" ? "silu" : known);
  }
  if (typeof (spec as Partial<Activation> | null)?.forward === "function") return spec as Activation;
  throw typeError(where, `${name} must be a name or what a factory of activations returns`, name, spec);
}
