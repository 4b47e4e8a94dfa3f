/** The metrics by name. */
import { lookUp, typeError } from "../check.js";
import {
  accuracy,
  binaryAccuracy,
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  topKCategoricalAccuracy,
} from "./accuracy.js";
import { auc } from "./auc.js";
import { customMetric, type CustomMetric } from "./custom-metric.js";
import { f1Score } from "./f1-score.js";
import { meanAbsoluteError, meanSquaredError, rootMeanSquaredError } from "./mean-errors.js";
import type { MetricSpec } from "./metric.js";
import { precision, recall } from "./precision-recall.js";
import { r2Score } from "./r2-score.js";

export const metrics = {
  accuracy,
  binaryAccuracy,
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  topKCategoricalAccuracy,
  precision,
  recall,
  f1Score,
  auc,
  meanSquaredError,
  rootMeanSquaredError,
  meanAbsoluteError,
  r2Score,
} as const;

export type MetricName = keyof typeof metrics;

/** How a user may give a metric: by name, made by a factory, or as a function of their own. */
export type MetricLike = MetricName | MetricSpec | CustomMetric;

/** The metric that a user named, made or wrote. */
export function resolveMetric(where: string, spec: MetricLike): MetricSpec {
  if (typeof spec === "string") return lookUp<() => MetricSpec>("metric", metrics, spec)();
  if (typeof spec === "function") {
    if ("definition" in spec) return (spec as unknown as () => MetricSpec)(); // metrics.auc, without the call
    return customMetric(spec);
  }
  if (typeof spec === "object" && spec !== null && "create" in spec) return spec;
  throw typeError(where, "metric must be a name, a metric of metrics.*, or a function (yTrue, yPred)", "metric", spec);
}

export type { CustomMetric } from "./custom-metric.js";
export type { Direction, Metric, MetricBatch, MetricSpec } from "./metric.js";
