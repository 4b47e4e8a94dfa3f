/**
 * Layers in float64 as plain loops, from their formulas: the oracle of layers and whole nets. Gradients are checked by
 * central differences, values against Keras, in layers.test.ts. Shapes have the batch in front.
 */
import type { ActivationName } from "../../src/activations.js";
import { elementwiseReferences, rowReferences } from "./activations.js";

export type Values = readonly number[];
export type Weights = Readonly<Record<string, Values>>;

/** A member of a family in a description: its name, or `{ activations: "elu", options: { alpha: 0.5 } }`. */
export type Member = string | Readonly<Record<string, unknown>>;
type Options = Readonly<Record<string, unknown>>;

/** One layer on inputs of given shapes, in training mode. */
export interface LayerReference {
  readonly shape: readonly number[];
  forward(x: readonly Values[], w: Weights): number[];
  /** Gradients of Σ y dy, and of the penalties. */
  backward(x: readonly Values[], w: Weights, dy: Values): { dx: number[][]; dw: Record<string, number[]> };
  /** Output of inference, where it differs. */
  inference?(x: readonly Values[], w: Weights): number[];
  /** State after a training step. */
  after?(x: readonly Values[], w: Weights): Record<string, number[]>;
  /** Regularization penalties. */
  penalty?(x: readonly Values[], w: Weights): number;
}

const product = (extents: readonly number[]): number => extents.reduce((p, extent) => p * extent, 1);
const sum = (x: Values): number => x.reduce((total, value) => total + value, 0);
const zeros = (n: number): number[] => new Array<number>(n).fill(0);
const plus = (a: Values, b: Values): number[] => a.map((value, i) => value + b[i]!);

// Members of families ------------------------------------------------------------------------------------------------

function nameOf(family: string, member: Member): string {
  return typeof member === "string" ? member : (member[family] as string);
}

function optionOf(member: Member, key: string, otherwise: number): number {
  const options = typeof member === "string" ? undefined : (member["options"] as Record<string, number> | undefined);
  return options?.[key] ?? otherwise;
}

/** y = f(x) and dx = f'(x) dy, over rows of `width`. */
export function activationReference(member: Member = "linear") {
  const name = nameOf("activations", member) as ActivationName;
  const alpha = optionOf(member, "alpha", name === "leakyRelu" ? 0.2 : 1);
  const inRows = (x: Values, width: number, row: (x: Values, at: number) => number[]): number[] =>
    Array.from({ length: x.length / width }, (_, r) => row(x.slice(r * width, (r + 1) * width), r * width)).flat();
  if (name === "softmax" || name === "logSoftmax") {
    const { forward, backward } = rowReferences[name];
    return {
      forward: (x: Values, width: number) => inRows(x, width, (row) => forward(row)),
      backward: (x: Values, width: number, dy: Values) =>
        inRows(x, width, (row, at) => backward(row, dy.slice(at, at + width))),
    };
  }
  const { forward, derivative } = elementwiseReferences[name];
  return {
    forward: (x: Values, _width: number) => x.map((value) => forward(value, alpha)),
    backward: (x: Values, _width: number, dy: Values) => x.map((value, i) => derivative(value, alpha) * dy[i]!),
  };
}

/** l1 Σ|x| + l2 Σx². */
export function regularizerReference(member: Member | undefined) {
  const name = member === undefined ? "" : nameOf("regularizers", member);
  const strength = (key: "l1" | "l2") => {
    if (name === key) return optionOf(member!, key, 0.01);
    return name === "l1l2" ? optionOf(member!, key, 0) : 0;
  };
  const [l1, l2] = [strength("l1"), strength("l2")];
  return {
    penalty: (x: Values) => sum(x.map((value) => l1 * Math.abs(value) + l2 * value * value)),
    gradient: (x: Values) => x.map((value) => l1 * Math.sign(value) + 2 * l2 * value),
  };
}

/** Adds the penalties of some weights to a layer. */
function withPenalties(layer: LayerReference, options: Options, keys: readonly string[]): LayerReference {
  const regularizers = keys.map((key) => [key, regularizerReference(options[`${key}Regularizer`] as Member)] as const);
  return {
    ...layer,
    penalty: (x, w) =>
      regularizers.reduce((total, [key, { penalty }]) => total + penalty(w[key] ?? []), layer.penalty?.(x, w) ?? 0),
    backward(x, w, dy) {
      const { dx, dw } = layer.backward(x, w, dy);
      for (const [key, { gradient }] of regularizers) if (dw[key]) dw[key] = plus(dw[key], gradient(w[key]!));
      return { dx, dw };
    },
  };
}

// Layers of one input ------------------------------------------------------------------------------------------------

/** A layer without weights that maps each element or row. */
function mapped(
  shape: readonly number[],
  forward: (x: Values) => number[],
  backward: (x: Values, dy: Values) => number[],
): LayerReference {
  return {
    shape,
    forward: ([x]) => forward(x!),
    backward: ([x], _, dy) => ({ dx: [backward(x!, dy)], dw: {} }),
  };
}

function activationLayer(member: Member, shape: readonly number[]): LayerReference {
  const { forward, backward } = activationReference(member);
  const width = shape.at(-1)!;
  return mapped(
    shape,
    (x) => forward(x, width),
    (x, dy) => backward(x, width, dy),
  );
}

/** y = f(x W + b). */
function dense(options: Options, [shape]: readonly (readonly number[])[]): LayerReference {
  const units = options["units"] as number;
  const inputs = shape!.at(-1)!;
  const rows = product(shape!) / inputs;
  const activation = activationReference(options["activation"] as Member | undefined);
  const activity = regularizerReference(options["activityRegularizer"] as Member | undefined);
  const logits = (x: Values, { kernel, bias }: Weights): number[] =>
    Array.from({ length: rows * units }, (_, i) => {
      const [r, u] = [Math.floor(i / units), i % units];
      let z = bias?.[u] ?? 0;
      for (let p = 0; p < inputs; p++) z += x[r * inputs + p]! * kernel![p * units + u]!;
      return z;
    });
  const layer: LayerReference = {
    shape: [...shape!.slice(0, -1), units],
    forward: ([x], w) => activation.forward(logits(x!, w), units),
    penalty: ([x], w) => activity.penalty(activation.forward(logits(x!, w), units)) / shape![0]!,
    backward([x], w, dy) {
      const z = logits(x!, w);
      const slope = activity.gradient(activation.forward(z, units)).map((value) => value / shape![0]!);
      const dz = activation.backward(z, units, plus(dy, slope));
      const dKernel = zeros(inputs * units);
      const dBias = zeros(units);
      const dx = zeros(rows * inputs);
      dz.forEach((slope, i) => {
        const [r, u] = [Math.floor(i / units), i % units];
        dBias[u]! += slope;
        for (let p = 0; p < inputs; p++) {
          dKernel[p * units + u]! += x![r * inputs + p]! * slope;
          dx[r * inputs + p]! += w["kernel"]![p * units + u]! * slope;
        }
      });
      return { dx: [dx], dw: w["bias"] ? { kernel: dKernel, bias: dBias } : { kernel: dKernel } };
    },
  };
  return withPenalties(layer, options, ["kernel", "bias"]);
}

/**
 * y = gamma (x - mean) / sqrt(variance + epsilon) + beta over groups of elements that share mean and variance.
 * group(i), unit(i): the group of element i, and its place in gamma and beta.
 */
function standardize(
  x: Values,
  groups: number,
  group: (i: number) => number,
  unit: (i: number) => number,
  epsilon: number,
) {
  const n = x.length / groups;
  const mean = zeros(groups);
  x.forEach((value, i) => (mean[group(i)]! += value / n));
  const variance = zeros(groups);
  x.forEach((value, i) => (variance[group(i)]! += (value - mean[group(i)]!) ** 2 / n));
  const inverse = variance.map((value) => 1 / Math.sqrt(value + epsilon));
  const hat = x.map((value, i) => (value - mean[group(i)]!) * inverse[group(i)]!);
  return {
    n,
    mean,
    variance,
    forward: ({ gamma, beta }: Weights) =>
      hat.map((value, i) => value * (gamma?.[unit(i)] ?? 1) + (beta?.[unit(i)] ?? 0)),
    backward({ gamma, beta }: Weights, dy: Values) {
      const dHat = dy.map((slope, i) => slope * (gamma?.[unit(i)] ?? 1));
      const [total, projected] = [zeros(groups), zeros(groups)];
      dHat.forEach((slope, i) => {
        total[group(i)]! += slope / n;
        projected[group(i)]! += (slope * hat[i]!) / n;
      });
      const dx = dHat.map(
        (slope, i) => inverse[group(i)]! * (slope - total[group(i)]! - hat[i]! * projected[group(i)]!),
      );
      return { dx: [dx], dw: affineGradients({ gamma, beta }, hat, dy, unit) };
    },
  };
}

function affineGradients(
  { gamma, beta }: Record<string, Values | undefined>,
  hat: Values,
  dy: Values,
  unit: (i: number) => number,
): Record<string, number[]> {
  const [dGamma, dBeta] = [zeros(gamma?.length ?? 0), zeros(beta?.length ?? 0)];
  dy.forEach((slope, i) => {
    if (gamma) dGamma[unit(i)]! += slope * hat[i]!;
    if (beta) dBeta[unit(i)]! += slope;
  });
  return { ...(gamma && { gamma: dGamma }), ...(beta && { beta: dBeta }) };
}

function batchNormalization(options: Options, [shape]: readonly (readonly number[])[]): LayerReference {
  const torch = options["compat"] === "torch";
  const epsilon = (options["epsilon"] as number | undefined) ?? (torch ? 1e-5 : 1e-3);
  const momentum = (options["momentum"] as number | undefined) ?? (torch ? 0.1 : 0.99);
  const units = shape!.at(-1)!;
  const unit = (i: number): number => i % units;
  const byMoving = (x: Values, { movingMean, movingVariance }: Weights): number[] =>
    x.map((value, i) => (value - movingMean![unit(i)]!) / Math.sqrt(movingVariance![unit(i)]! + epsilon));
  const inference: LayerReference["forward"] = ([x], w) =>
    byMoving(x!, w).map((value, i) => value * (w["gamma"]?.[unit(i)] ?? 1) + (w["beta"]?.[unit(i)] ?? 0));

  if (options["trainable"] === false) {
    return {
      shape: shape!,
      forward: inference,
      backward: (_, w, dy) => {
        const scale = (u: number) => (w["gamma"]?.[u] ?? 1) / Math.sqrt(w["movingVariance"]![u]! + epsilon);
        return { dx: [dy.map((slope, i) => slope * scale(unit(i)))], dw: {} };
      },
    };
  }
  const layer: LayerReference = {
    shape: shape!,
    inference,
    forward: ([x], w) => standardize(x!, units, unit, unit, epsilon).forward(w),
    backward: ([x], w, dy) => standardize(x!, units, unit, unit, epsilon).backward(w, dy),
    after([x], w) {
      const { mean, variance, n } = standardize(x!, units, unit, unit, epsilon);
      const [old, fresh] = torch ? [1 - momentum, momentum] : [momentum, 1 - momentum];
      const move = (name: string, batch: Values) => w[name]!.map((value, u) => old * value + fresh * batch[u]!);
      const unbiased = variance.map((value) => (torch ? (value * n) / (n - 1) : value));
      return { movingMean: move("movingMean", mean), movingVariance: move("movingVariance", unbiased) };
    },
  };
  return withPenalties(layer, options, ["gamma", "beta"]);
}

function layerNormalization(options: Options, [shape]: readonly (readonly number[])[]): LayerReference {
  const axes = [(options["axis"] as number | number[] | undefined) ?? -1].flat();
  const width = product(shape!.slice(-axes.length));
  const at = (x: Values) =>
    standardize(
      x,
      x.length / width,
      (i) => Math.floor(i / width),
      (i) => i % width,
      (options["epsilon"] as number | undefined) ?? 1e-3,
    );
  const layer: LayerReference = {
    shape: shape!,
    forward: ([x], w) => at(x!).forward(w),
    backward: ([x], w, dy) => at(x!).backward(w, dy),
  };
  return withPenalties(layer, options, ["gamma", "beta"]);
}

/** y = x where x > 0, else alpha x; sharedAxes have one slope. */
function prelu(options: Options, [shape]: readonly (readonly number[])[]): LayerReference {
  const shared = [(options["sharedAxes"] as number | number[] | undefined) ?? []].flat();
  const extents = shape!.slice(1);
  const slopeOf = (i: number): number => {
    const index = indicesOf(i, shape!).slice(1);
    return extents.reduce((at, extent, axis) => (shared.includes(axis + 1) ? at : at * extent + index[axis]!), 0);
  };
  const layer: LayerReference = {
    shape: shape!,
    forward: ([x], { alpha }) => x!.map((value, i) => (value > 0 ? value : alpha![slopeOf(i)]! * value)),
    backward([x], { alpha }, dy) {
      const dAlpha = zeros(alpha!.length);
      x!.forEach((value, i) => (dAlpha[slopeOf(i)]! += value > 0 ? 0 : dy[i]! * value));
      return { dx: [dy.map((slope, i) => (x![i]! > 0 ? slope : alpha![slopeOf(i)]! * slope))], dw: { alpha: dAlpha } };
    },
  };
  return withPenalties(layer, options, ["alpha"]);
}

function normalization(options: Options, [shape]: readonly (readonly number[])[]): LayerReference {
  const units = shape!.at(-1)!;
  const known = (w: Weights, name: "mean" | "variance"): Values => w[name] ?? (options[name] as Values);
  const deviation = (w: Weights, i: number): number => Math.max(Math.sqrt(known(w, "variance")[i % units]!), 1e-7);
  return {
    shape: shape!,
    forward: ([x], w) => x!.map((value, i) => (value - known(w, "mean")[i % units]!) / deviation(w, i)),
    backward: (_, w, dy) => ({ dx: [dy.map((slope, i) => slope / deviation(w, i))], dw: {} }),
  };
}

function reshape(options: Options, [shape]: readonly (readonly number[])[]): LayerReference {
  const target = (options["targetShape"] as number[] | undefined) ?? [-1];
  const known = -product(target);
  const extents = target.map((extent) => (extent === -1 ? product(shape!.slice(1)) / known : extent));
  return mapped(
    [shape![0]!, ...extents],
    (x) => [...x],
    (_, dy) => [...dy],
  );
}

function rescaling(options: Options, [shape]: readonly (readonly number[])[]): LayerReference {
  const { scale, offset = 0 } = options as { scale: number; offset?: number };
  return mapped(
    shape!,
    (x) => x.map((value) => scale * value + offset),
    (_, dy) => dy.map((slope) => scale * slope),
  );
}

function activityRegularization(options: Options, [shape]: readonly (readonly number[])[]): LayerReference {
  const { penalty, gradient } = regularizerReference({ regularizers: "l1l2", options });
  const rows = shape![0]!;
  return {
    shape: shape!,
    forward: ([x]) => [...x!],
    penalty: ([x]) => penalty(x!) / rows,
    backward: ([x], _, dy) => ({ dx: [gradient(x!).map((slope, i) => dy[i]! + slope / rows)], dw: {} }),
  };
}

// Merging layers -----------------------------------------------------------------------------------------------------

/** y from the elements at one place of all inputs; slope: of y by element j of them. */
function elementwise(y: (x: Values) => number, slope: (x: Values, j: number) => number) {
  return (_: Options, shapes: readonly (readonly number[])[]): LayerReference => {
    const column = (x: readonly Values[], i: number): number[] => x.map((input) => input[i]!);
    return {
      shape: shapes[0]!,
      forward: (x) => x[0]!.map((_, i) => y(column(x, i))),
      backward: (x, _, dy) => ({ dx: x.map((_, j) => dy.map((d, i) => d * slope(column(x, i), j))), dw: {} }),
    };
  };
}

function concatenate(options: Options, shapes: readonly (readonly number[])[]): LayerReference {
  const rank = shapes[0]!.length;
  const axis = (((options["axis"] as number | undefined) ?? -1) + rank) % rank;
  const spans = shapes.map((shape) => product(shape.slice(axis)));
  const span = sum(spans);
  const outer = product(shapes[0]!.slice(0, axis));
  const starts = spans.map((_, j) => sum(spans.slice(0, j)));
  const extent = sum(shapes.map((shape) => shape[axis]!));
  return {
    shape: shapes[0]!.map((value, i) => (i === axis ? extent : value)),
    forward: (x) =>
      Array.from({ length: outer }, (_, o) =>
        x.flatMap((each, j) => each.slice(o * spans[j]!, (o + 1) * spans[j]!)),
      ).flat(),
    backward: (x, _, dy) => ({
      dx: x.map((_, j) =>
        Array.from({ length: outer }, (_, o) =>
          dy.slice(o * span + starts[j]!, o * span + starts[j]! + spans[j]!),
        ).flat(),
      ),
      dw: {},
    }),
  };
}

/** Index on each axis of element i. */
function indicesOf(i: number, shape: readonly number[]): number[] {
  return shape.map((extent, axis) => Math.floor(i / product(shape.slice(axis + 1))) % extent);
}

function positionOf(indices: readonly number[], shape: readonly number[]): number {
  return indices.reduce((at, index, axis) => at * shape[axis]! + index, 0);
}

/** x / max(|x|, 1e-6) along an axis, Keras's bound being 1e-12 on the square. */
function unitVectors(shape: readonly number[], axis: number) {
  const inner = product(shape.slice(axis + 1));
  const lineOf = (i: number): number => Math.floor(i / (inner * shape[axis]!)) * inner + (i % inner);
  const along = (terms: Values): number[] => {
    const totals = zeros(terms.length / shape[axis]!);
    terms.forEach((term, i) => (totals[lineOf(i)]! += term));
    return totals;
  };
  const inverse = (x: Values): number[] => along(x.map((v) => v * v)).map((s) => 1 / Math.sqrt(Math.max(s, 1e-12)));
  const forward = (x: Values): number[] => x.map((value, i) => value * inverse(x)[lineOf(i)]!);
  return {
    forward,
    backward(x: Values, dy: Values): number[] {
      const y = forward(x);
      const projected = along(y.map((value, i) => value * dy[i]!));
      return dy.map((slope, i) => inverse(x)[lineOf(i)]! * (slope - y[i]! * projected[lineOf(i)]!));
    },
  };
}

function dot(options: Options, shapes: readonly (readonly number[])[]): LayerReference {
  const given = [options["axes"] as number | number[]].flat();
  const axes = shapes.map((shape, j) => ((given[j] ?? given[0]!) + shape.length) % shape.length);
  const depth = shapes[0]![axes[0]!]!;
  const rest = shapes.map((shape, j) => shape.filter((_, axis) => axis !== 0 && axis !== axes[j]));
  const batch = shapes[0]![0]!;
  const shape = [batch, ...rest.flat()];
  const units = shapes.map((each, j) => (options["normalize"] ? unitVectors(each, axes[j]!) : undefined));
  /** Positions in both inputs of every term of output i. */
  const terms = (i: number): [number, number][] => {
    const [row, ...kept] = indicesOf(i, shape);
    const parts = [kept.slice(0, rest[0]!.length), kept.slice(rest[0]!.length)];
    return Array.from({ length: depth }, (_, p) => {
      const at = parts.map((part, j) => positionOf([row!, ...part].toSpliced(axes[j]!, 0, p), shapes[j]!));
      return at as [number, number];
    });
  };
  const normalized = (x: readonly Values[]): Values[] => x.map((each, j) => units[j]?.forward(each) ?? each);
  return {
    shape: rest.flat().length === 0 ? [batch, 1] : shape,
    forward(x) {
      const [a, b] = normalized(x) as [Values, Values];
      return Array.from({ length: product(shape) }, (_, i) => sum(terms(i).map(([p, q]) => a[p]! * b[q]!)));
    },
    backward(x, _, dy) {
      const [a, b] = normalized(x) as [Values, Values];
      const slopes = [zeros(a.length), zeros(b.length)];
      dy.forEach((slope, i) => {
        for (const [p, q] of terms(i)) {
          slopes[0]![p]! += slope * b[q]!;
          slopes[1]![q]! += slope * a[p]!;
        }
      });
      return { dx: slopes.map((each, j) => units[j]?.backward(x[j]!, each) ?? each), dw: {} };
    },
  };
}

const named =
  (name: ActivationName, alpha?: number) =>
  (options: Options, [shape]: readonly (readonly number[])[]) =>
    activationLayer({ activations: name, options: { ...(alpha !== undefined && { alpha }), ...options } }, shape!);

/** The layers that draw no random numbers, by kind. */
export const layerReferences: Readonly<
  Record<string, (options: Options, shapes: readonly (readonly number[])[]) => LayerReference>
> = {
  dense,
  activation: (options, [shape]) => activationLayer(options["activation"] as Member, shape!),
  reLU: named("relu"),
  leakyReLU: named("leakyRelu", 0.3),
  elu: named("elu"),
  selu: named("selu"),
  softmax: named("softmax"),
  prelu,
  batchNormalization,
  layerNormalization,
  flatten: (_, shapes) => reshape({}, shapes),
  reshape,
  rescaling,
  normalization,
  activityRegularization,
  add: elementwise(sum, () => 1),
  subtract: elementwise(
    ([a, b]) => a! - b!,
    (_, j) => (j === 0 ? 1 : -1),
  ),
  multiply: elementwise(product, (x, j) => product(x.toSpliced(j, 1))),
  average: elementwise(
    (x) => sum(x) / x.length,
    (x) => 1 / x.length,
  ),
  maximum: elementwise(
    (x) => Math.max(...x),
    (x, j) => Number(x.indexOf(Math.max(...x)) === j),
  ),
  minimum: elementwise(
    (x) => Math.min(...x),
    (x, j) => Number(x.indexOf(Math.min(...x)) === j),
  ),
  concatenate,
  dot,
};
