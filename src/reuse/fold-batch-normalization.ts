import { typeError } from "../check.js";
import type { Operation } from "../graph/graph.js";
import type { Layer } from "../graph/layer.js";
import type { Node } from "../graph/node.js";
import { BatchNormalization } from "../layers/batch-normalization.js";
import { DenseTranspose } from "../layers/dense-transpose.js";
import { Dense } from "../layers/dense.js";
import { functional, input } from "../models/functional.js";
import { Model } from "../models/model.js";

/** What became of each batch normalization. */
export interface FoldReport {
  /** Layers that are part of a dense layer now. */
  readonly folded: { readonly layer: string; readonly into: string; readonly side: "before" | "after" }[];
  /** Layers that had to stay, and why. */
  readonly kept: { readonly layer: string; readonly reason: string }[];
}

/** A model for prediction, with the report of how it came about. */
export type FoldedModel = Model & { readonly report: FoldReport };

/** A dense layer in the making. */
interface Affine {
  readonly inputs: number;
  readonly units: number;
  /** Row-major [inputs, units]. */
  readonly kernel: Float64Array;
  readonly bias: Float64Array;
}

/** One operation of the graph while it is rewritten. */
interface Step {
  readonly operation: Operation;
  input: number[];
  readonly output: number;
  readonly affine: Affine | undefined;
  folded: boolean;
}

/**
 * A new model that predicts the same with its batch normalizations folded into the dense layers around them, and
 * without dropout. After a linear dense layer, with s = gamma / sqrt(variance + epsilon):
 * W' = W s, b' = (b - mean) s + beta. In front of one: W' = s W, b' = b + shift W. The given model stays as it is.
 * Nested models are dissolved. What cannot be folded is kept and reported.
 */
export function foldBatchNormalization(model: Model): FoldedModel {
  if (!(model instanceof Model)) throw typeError("foldBatchNormalization", "a model is needed", "model", model);
  const { operations, outputs } = model.built.flat;
  const uses = new Map<Layer, number>();
  for (const { layer } of operations) uses.set(layer, (uses.get(layer) ?? 0) + 1);

  const steps = operations.map((operation): Step => {
    const { layer, inputs, output } = operation;
    return {
      operation,
      input: [...inputs],
      output,
      affine: layer instanceof Dense ? affineOf(layer) : undefined,
      folded: false,
    };
  });
  let results = [...outputs];
  const remove = (step: Step): void => {
    step.folded = true;
    const replace = (id: number): number => (id === step.output ? step.input[0]! : id);
    for (const other of steps) other.input = other.input.map(replace);
    results = results.map(replace);
  };
  for (const step of steps) if (step.operation.layer.identityInInference) remove(step);

  const report: FoldReport = { folded: [], kept: [] };
  const live = (): Step[] => steps.filter((step) => !step.folded);
  const usersOf = (id: number): Step[] => live().filter((step) => step.input.includes(id));
  const isOutput = (id: number): boolean => results.includes(id);
  const transposed = new Set<Layer>(
    operations.flatMap(({ layer }) => (layer instanceof DenseTranspose ? [layer.options.of] : [])),
  );
  /** Why other weights cannot go into this step's. */
  const obstacle = ({ operation: { layer, path }, affine }: Step): string | undefined => {
    if (affine === undefined) return `${path}, is not dense`;
    if (uses.get(layer)! > 1) return `${path}, is applied more than once`;
    return transposed.has(layer) ? `${path}, shares its kernel with a transposed layer` : undefined;
  };

  /** Folds one layer; says why not. */
  const fold = (step: Step): string | undefined => {
    const layer = step.operation.layer as BatchNormalization;
    if (uses.get(layer)! > 1) return "it is applied more than once";
    const source = step.input[0]!;
    const before = live().find((other) => other.output === source);
    const { scale, shift } = layer.affine();
    let reason = "its input is the model's";
    if (before !== undefined) {
      const { operation, affine } = before;
      const inTheWay = obstacle(before);
      if (inTheWay !== undefined) reason = `the layer in front, ${inTheWay}`;
      else if (!(operation.layer as Dense).options.activation.identity)
        reason = `the layer in front, ${operation.path}, has an activation`;
      else if (usersOf(source).length > 1 || isOutput(source))
        reason = `the output of the layer in front, ${operation.path}, is used elsewhere too`;
      else {
        scaleAfter(affine!, scale, shift);
        remove(step);
        report.folded.push({ layer: step.operation.path, into: operation.path, side: "after" });
        return undefined;
      }
    }
    if (isOutput(step.output)) return `${reason}; its output is the model's`;
    const users = usersOf(step.output);
    const blocked = users.map(obstacle).find((obstacle) => obstacle !== undefined);
    if (blocked !== undefined) return `${reason}; the layer behind, ${blocked}`;
    for (const user of users) {
      scaleBefore(user.affine!, scale, shift);
      report.folded.push({ layer: step.operation.path, into: user.operation.path, side: "before" });
    }
    remove(step);
    return undefined;
  };

  // Chains fold one after another: what stood in the way of one may be gone after the next.
  const waiting = (): Step[] => live().filter((step) => step.operation.layer instanceof BatchNormalization);
  const reasons = new Map<Step, string | undefined>();
  for (let before = Infinity; waiting().length < before;) {
    before = waiting().length;
    for (const step of waiting().reverse()) reasons.set(step, fold(step));
  }
  for (const step of waiting()) report.kept.push({ layer: step.operation.path, reason: reasons.get(step)! });

  return Object.assign(rebuild(model, live(), results), { report });
}

function affineOf(layer: Dense): Affine {
  const kernel = layer.parameter("kernel");
  const [inputs, units] = kernel.shape as [number, number];
  const bias = layer.options.useBias ? Float64Array.from(layer.parameter("bias").read()) : new Float64Array(units);
  return { inputs, units, kernel: Float64Array.from(kernel.read()), bias };
}

/** (x W + b) * scale + shift, as W' and b'. */
function scaleAfter({ kernel, bias, units }: Affine, scale: Float64Array, shift: Float64Array): void {
  for (let i = 0; i < kernel.length; i++) kernel[i]! *= scale[i % units]!;
  for (let j = 0; j < units; j++) bias[j] = bias[j]! * scale[j]! + shift[j]!;
}

/** (x * scale + shift) W + b, as W' and b'. */
function scaleBefore({ kernel, bias, inputs, units }: Affine, scale: Float64Array, shift: Float64Array): void {
  for (let i = 0; i < inputs; i++) {
    for (let j = 0; j < units; j++) {
      bias[j]! += shift[i]! * kernel[i * units + j]!;
      kernel[i * units + j]! *= scale[i]!;
    }
  }
}

/** A model of the remaining operations, with the folded weights. */
function rebuild(model: Model, steps: readonly Step[], results: readonly number[]): Model {
  const inputs = model.graph.inputs.map((node) =>
    input({ shape: node.shape, ...(node.name ? { name: node.name } : {}) }),
  );
  const nodes = new Map<number, Node>(inputs.map((node, id) => [id, node]));
  const copies = new Map<Layer, Layer>();
  const weights = new Map<string, Float32Array>();
  for (const { operation, input: from, output, affine } of steps) {
    const { layer, path } = operation;
    // Paths of nested models are kept as one name, so that the folded model's layers can be told.
    const name = path.replaceAll("/", ".");
    let copy = copies.get(layer);
    if (copy === undefined) {
      copy =
        affine === undefined
          ? layer.copy(name, copies)
          : new Dense({ ...(layer as Dense).options, useBias: true, name });
      copies.set(layer, copy);
      if (affine !== undefined) {
        weights.set(`${name}/kernel`, Float32Array.from(affine.kernel));
        weights.set(`${name}/bias`, Float32Array.from(affine.bias));
      } else for (const parameter of layer.parameters) weights.set(`${name}/${parameter.key}`, parameter.read());
    }
    nodes.set(output, copy.apply(from.map((id) => nodes.get(id)!)));
  }
  const outputs = results.map((id) => nodes.get(id)!);
  const folded = functional({ inputs, outputs, seed: model.seed, engine: model.engine, name: `${model.name}_folded` });
  if (weights.size > 0) folded.setWeights(weights);
  return folded;
}
