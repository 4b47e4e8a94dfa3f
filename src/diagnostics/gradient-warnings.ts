import { activationDefinitions, type Activation } from "../activations.js";
import type { Operation } from "../graph/graph.js";
import { Activation as ActivationLayer } from "../layers/activation.js";
import { BatchNormalization } from "../layers/batch-normalization.js";
import { Dense } from "../layers/dense.js";
import type { Model } from "../models/model.js";
import { log } from "../runtime/math.js";
import type { LayerHealth } from "./gradient-report.js";

/**
 * Mean absolute gradients of the kernels differ so many times at most: a rate that suits the layer with the largest
 * moves the other by a thousandth of what it needs. Healthy deep nets stay within a factor of 100.
 */
const VANISHING_FACTOR = 1e3;
/** A healthy net, with inputs of variance 1 into each unit, has 3 % (sigmoid: none) of its outputs in the flat parts. */
const MOST_SATURATED = 0.25;
/** In a deep net all rows look alike, so that half of the units can be off for a whole batch by chance, not more. */
const MOST_DEAD = 0.75;
/** A step that rewrites half of a layer is none that follows a slope. Usual are 1e-3, in wide layers up to 0.2. */
const LARGEST_UPDATE = 0.5;
/** Changes below half a unit in the last place of float32 (2^-24) are lost when they are added. */
const SMALLEST_UPDATE = 6e-8;
/** The output of a unit whose variance is below epsilon is not normalized but shrunk. */
const MOST_BELOW_EPSILON = 0.5;
/** The loss of one step against the mean of those before: noise between batches does not reach ten times. */
const LOSS_BLOW_UP = 10;

const short = (value: number): string => value.toPrecision(2).replace("e+", "e");
const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** A factor in words: its power of ten where it is large. */
function factorOf(ratio: number): string {
  return ratio < 1e4 ? `${Math.round(ratio)}` : `10^${Math.floor(log(ratio) / log(10) + 1e-9)}`;
}

/** What is wrong, by kind: each kind once, about the worst layer. */
export function warningsOf(model: Model, layers: readonly LayerHealth[]): Map<string, string> {
  const kernels = layers.filter(
    ({ layer, meanAbsoluteGradient }) =>
      meanAbsoluteGradient !== undefined && operationOf(model, layer).layer instanceof Dense,
  );
  const warnings = {
    vanishing: vanishing(model, kernels),
    saturated: saturated(model, layers),
    dead: dead(model, layers),
    tooFar: tooFar(kernels),
    tooShort: tooShort(kernels),
    shrunk: layers.map(shrunk).find((warning) => warning !== undefined),
  };
  return new Map(Object.entries(warnings).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** A warning about the loss of a step, if it has left all bounds; `mean` is of the steps before. */
export function lossWarning(step: number, loss: number, mean: number | undefined): string | undefined {
  const remedy = "Use a lower learning rate, or globalClipNorm: 1";
  if (!Number.isFinite(loss)) return `loss is ${loss} at step ${step}: it has exploded. ${remedy}.`;
  if (mean === undefined || !(Math.abs(loss) > LOSS_BLOW_UP * Math.abs(mean))) return undefined;
  const factor = factorOf(Math.abs(loss / mean));
  return `loss is ${short(loss)} at step ${step}, ${factor} times the mean of the steps before: exploding. ${remedy}.`;
}

function vanishing(model: Model, kernels: readonly LayerHealth[]): string | undefined {
  const worst = extreme(kernels, "meanAbsoluteGradient", -1);
  const best = extreme(kernels, "meanAbsoluteGradient", 1);
  if (worst === undefined || best === undefined) return undefined;
  const [small, large] = [worst.meanAbsoluteGradient!, best.meanAbsoluteGradient!];
  if (!(small * VANISHING_FACTOR < large)) return undefined;
  const size =
    small === 0
      ? `gradients are 0, in ${best.layer} ${short(large)}`
      : `gradients ${short(small)}, ${factorOf(large / small)} times smaller than in ${best.layer}`;
  const { words, remedy } = setupOf(model, worst.layer);
  return `${worst.layer}: ${size}: vanishing. ${words}; ${remedy}.`;
}

function saturated(model: Model, layers: readonly LayerHealth[]): string | undefined {
  const worst = extreme(layers, "saturated", 1);
  if (worst === undefined || worst.saturated! <= MOST_SATURATED) return undefined;
  const { words, remedy } = setupOf(model, worst.layer);
  return `${worst.layer}: ${percent(worst.saturated!)} of the outputs are in the flat parts: saturated. ${words}; ${remedy}.`;
}

function dead(model: Model, layers: readonly LayerHealth[]): string | undefined {
  const worst = extreme(layers, "dead", 1);
  if (worst === undefined || worst.dead! <= MOST_DEAD) return undefined;
  const { words } = setupOf(model, worst.layer);
  return (
    `${worst.layer}: ${percent(worst.dead!)} of the units are 0 for every row: dead. ${words}; ` +
    "try a lower learning rate, leakyRelu or elu, or batch normalization."
  );
}

function tooFar(kernels: readonly LayerHealth[]): string | undefined {
  const worst = extreme(kernels, "updateRatio", 1);
  if (worst === undefined || !(worst.updateRatio! > LARGEST_UPDATE || Number.isNaN(worst.updateRatio)))
    return undefined;
  const ratio = worst.updateRatio!;
  const step = ratio < 100 ? `by ${percent(ratio)} of their size` : `to ${factorOf(ratio)} times their size`;
  return (
    `${worst.layer}: one step changes the weights ${step} (gradient norm ${short(worst.gradientNorm!)}): exploding. ` +
    "Use a lower learning rate, an initializer that suits the activation, or globalClipNorm: 1."
  );
}

function tooShort(kernels: readonly LayerHealth[]): string | undefined {
  const moving = kernels.filter(({ updateRatio = 0, gradientNorm = 0 }) => updateRatio > 0 && gradientNorm > 0);
  const largest = extreme(moving, "updateRatio", 1);
  if (largest === undefined || largest.updateRatio! >= SMALLEST_UPDATE) return undefined;
  return (
    `${largest.layer}: one step changes the weights by ${short(largest.updateRatio!)} of their size, and the others by ` +
    "less: lost in rounding. Use a higher learning rate (findLearningRate suggests one)."
  );
}

function shrunk({ layer, statistics }: LayerHealth): string | undefined {
  if (statistics === undefined || statistics.belowEpsilon <= MOST_BELOW_EPSILON) return undefined;
  return (
    `${layer}: ${percent(statistics.belowEpsilon)} of the units have a moving variance below epsilon (smallest ` +
    `${short(statistics.smallestVariance)}): their inputs hardly vary. Scale the inputs, or use a smaller epsilon.`
  );
}

type Measure = "meanAbsoluteGradient" | "updateRatio" | "dead" | "saturated";

/** The layer with the largest (sign 1) or smallest (-1) measure; NaN is the largest. */
function extreme(layers: readonly LayerHealth[], measure: Measure, sign: 1 | -1): LayerHealth | undefined {
  let found: LayerHealth | undefined;
  for (const layer of layers) {
    const value = layer[measure];
    if (value === undefined) continue;
    if (found === undefined || sign * (value - found[measure]!) > 0 || (sign > 0 && Number.isNaN(value))) found = layer;
  }
  return found;
}

function operationOf(model: Model, path: string): Operation {
  return model.built.flat.operations.find((operation) => operation.path === path)!;
}

/** How a layer is set up, and what to try instead. */
function setupOf(model: Model, path: string): { words: string; remedy: string } {
  const { operations } = model.built.flat;
  const at = operations.findIndex((operation) => operation.path === path);
  const activation = activationFrom(operations, at);
  const dense = operations.slice(0, at + 1).findLast(({ layer }) => layer instanceof Dense)?.layer as Dense | undefined;
  const initializer = dense?.options.kernelInitializer;
  const normalized = operations.some(({ layer }) => layer instanceof BatchNormalization);
  const name = activation?.name ?? "linear";
  const words = `${capital(name)} with ${initializer?.name ?? "these"} weights`;
  const suited = activationDefinitions[name as keyof typeof activationDefinitions]?.initializer;
  const remedies: string[] = [];
  if (name === "sigmoid" || name === "tanh") remedies.push("ReLU with heNormal");
  else if (suited !== undefined && initializer !== undefined && family(initializer.name) !== family(suited))
    remedies.push(`${suited} weights`);
  if (!normalized) remedies.push("batch normalization");
  if (remedies.length === 0) remedies.push("fewer layers, or another learning rate");
  return { words, remedy: `try ${remedies.join(", or ")}` };
}

/** `heNormal` and `heUniform` are of one family. */
const family = (initializer: string): string => initializer.replace(/Normal|Uniform/, "").toLowerCase();

const capital = (name: string): string => (name === "relu" ? "ReLU" : name[0]!.toUpperCase() + name.slice(1));

/** The activation of an operation, or the next one behind it, up to the next dense layer. */
function activationFrom(operations: readonly Operation[], at: number): Activation | undefined {
  for (let i = at; i < operations.length; i++) {
    const { layer } = operations[i]!;
    if (layer instanceof Dense && i > at) return undefined;
    if ((layer instanceof Dense || layer instanceof ActivationLayer) && !layer.options.activation.identity)
      return layer.options.activation;
  }
  return undefined;
}
