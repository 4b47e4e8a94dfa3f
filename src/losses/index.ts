/** The losses by name. */
import { lookUp, typeError } from "../check.js";
import { binaryCrossentropy } from "./binary-crossentropy.js";
import { categoricalCrossentropy } from "./categorical-crossentropy.js";
import { cosineSimilarity } from "./cosine-similarity.js";
import { customLoss, type CustomLoss } from "./custom-loss.js";
import { hinge, squaredHinge } from "./hinge.js";
import { huber } from "./huber.js";
import { klDivergence } from "./kl-divergence.js";
import { logCosh } from "./log-cosh.js";
import type { Loss } from "./loss.js";
import { meanAbsoluteError } from "./mean-absolute-error.js";
import { meanSquaredError } from "./mean-squared-error.js";
import { poisson } from "./poisson.js";
import { sparseCategoricalCrossentropy } from "./sparse-categorical-crossentropy.js";

export const losses = {
  meanSquaredError,
  meanAbsoluteError,
  huber,
  logCosh,
  binaryCrossentropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
  klDivergence,
  hinge,
  squaredHinge,
  cosineSimilarity,
  poisson,
} as const;

export type LossName = keyof typeof losses;

/** How a user may give a loss: by name, made by a factory, or as a function of their own. */
export type LossSpec = LossName | Loss | CustomLoss;

/** The loss that a user named, made or wrote. */
export function resolveLoss(where: string, spec: LossSpec): Loss {
  if (typeof spec === "string") return lookUp<() => Loss>("loss", losses, spec)();
  if (typeof spec === "function") {
    if ("definition" in spec) return (spec as unknown as () => Loss)(); // losses.huber, without the call
    return customLoss(spec);
  }
  if (typeof spec === "object" && spec !== null && "forward" in spec && "backward" in spec) return spec;
  throw typeError(where, "loss must be a name, a loss of losses.*, or a function (yTrue, yPred)", "loss", spec);
}

export { checkClasses } from "./sparse-categorical-crossentropy.js";
export type { CustomLoss } from "./custom-loss.js";
export type { FusedLoss, Loss } from "./loss.js";
