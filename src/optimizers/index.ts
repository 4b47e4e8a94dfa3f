import { lookUp, typeError } from "../check.js";
import { adadelta } from "./adadelta.js";
import { adagrad } from "./adagrad.js";
import { adam } from "./adam.js";
import { adamW } from "./adam-w.js";
import { adamax } from "./adamax.js";
import type { OptimizerSpec } from "./define-optimizer.js";
import { lion } from "./lion.js";
import { nadam } from "./nadam.js";
import { rmsprop } from "./rmsprop.js";
import { sgd } from "./sgd.js";

/** Every optimizer, by name. */
export const optimizers = { sgd, adagrad, adadelta, rmsprop, adam, adamax, nadam, adamW, lion } as const;

export type OptimizerName = keyof typeof optimizers;

/** The specification that a name or a specification means; a name means all defaults. */
export function resolveOptimizer(where: string, optimizer: OptimizerName | OptimizerSpec): OptimizerSpec {
  if (typeof optimizer === "string") return lookUp("optimizer", optimizers, optimizer)();
  const given = optimizer as Partial<OptimizerSpec> | undefined;
  if (typeof given === "object" && given !== null && given.definition !== undefined) return optimizer;
  const expected = 'optimizer must be a name such as "adam" or what a factory returns, such as optimizers.adam()';
  throw typeError(where, expected, "optimizer", optimizer);
}
