import { checkBoolean, checkKeys, checkNumber, rangeError, typeError } from "../check.js";
import { layers } from "../layers/index.js";
import type { Layer } from "../graph/layer.js";
import type { Shape } from "../graph/shape.js";
import { sequential } from "../models/sequential.js";
import type { Model, ModelOptions } from "../models/model.js";

/** Options of both recipes. */
export interface RecipeOptions extends ModelOptions {
  /** Of one row of the input. */
  inputShape: Shape;
  /** Units of each hidden layer, such as [300, 100]. */
  hidden: readonly number[];
  /** Units of the output. */
  outputs: number;
  /** Of the output. Default softmax. */
  outputActivation?: "softmax" | "sigmoid" | "linear";
  /** Dropout (alpha dropout) rate after each hidden layer, in [0, 1). Default 0. */
  dropout?: number;
}

const KNOWN = ["inputShape", "hidden", "outputs", "outputActivation", "dropout", "seed", "name", "engine"];

function checkRecipe(where: string, options: RecipeOptions, known: readonly string[]): void {
  checkKeys(where, options, known);
  const { inputShape, hidden, outputs, dropout = 0 } = options;
  if (!Array.isArray(inputShape))
    throw typeError(where, "inputShape must be an array of row extents, such as [784]", "inputShape", inputShape);
  if (!Array.isArray(hidden) || hidden.length === 0)
    throw rangeError(where, "hidden must list units, such as [300, 100]", "hidden", hidden);
  for (const units of hidden as number[]) checkNumber(where, "hidden", units, { min: 1, integer: true });
  checkNumber(where, "outputs", outputs, { min: 1, integer: true });
  checkNumber(where, "dropout", dropout, { min: 0, below: 1 });
}

function assemble(
  options: RecipeOptions,
  body: readonly Layer[],
  kernelInitializer: "glorotUniform" | "leCunNormal",
): Model {
  const { inputShape, outputs, outputActivation = "softmax", hidden: _hidden, dropout: _dropout, ...rest } = options;
  const flatten = inputShape.length > 1 ? [layers.flatten()] : [];
  const head = layers.dense({ units: outputs, activation: outputActivation, kernelInitializer });
  const { seed, name, engine } = rest;
  return sequential([...flatten, ...body, head], {
    inputShape,
    ...(seed === undefined ? {} : { seed }),
    ...(name === undefined ? {} : { name }),
    ...(engine === undefined ? {} : { engine }),
  });
}

/**
 * The default configuration of a plain deep net: He initialization, ELU, batch normalization in front of each
 * activation. To be compiled with a Nesterov-type optimizer (nadam) and a schedule or early stopping.
 */
export function deepNet(options: RecipeOptions & { batchNormalization?: boolean }): Model {
  checkRecipe("recipes.deepNet", options, [...KNOWN, "batchNormalization"]);
  const { batchNormalization = true, ...rest } = options;
  checkBoolean("recipes.deepNet", "batchNormalization", batchNormalization);
  const body = options.hidden.flatMap((units) => [
    layers.dense({ units, kernelInitializer: "heNormal", useBias: !batchNormalization }),
    ...(batchNormalization ? [layers.batchNormalization()] : []),
    layers.activation("elu"),
    ...(options.dropout ? [layers.dropout(options.dropout)] : []),
  ]);
  return assemble(rest, body, "glorotUniform");
}

/**
 * The default configuration of a self-normalizing net: LeCun initialization, SELU, alpha dropout, no batch
 * normalization. Inputs must be standardized: `layers.normalization` with `adapt`, or `datasets.standardize`.
 */
export function selfNormalizingNet(options: RecipeOptions): Model {
  checkRecipe("recipes.selfNormalizingNet", options, KNOWN);
  const body = options.hidden.flatMap((units) => [
    layers.dense({ units, activation: "selu", kernelInitializer: "leCunNormal" }),
    ...(options.dropout ? [layers.alphaDropout(options.dropout)] : []),
  ]);
  return assemble(options, body, "leCunNormal");
}

export const recipes = { deepNet, selfNormalizingNet } as const;
