/** A user's own metric: plain JavaScript on copies of each batch. */
import { typeError } from "../check.js";
import { Tensor } from "../tensor.js";
import { RunningMean, type Metric, type MetricBatch, type MetricSpec } from "./metric.js";

/**
 * A number for a batch; the metric is the mean of these, each counted by its batch's rows. Shapes are [rows, outputs];
 * class indices come as floats of shape [rows], other targets of a user's own loss in their own shape.
 */
export type CustomMetric = (yTrue: Tensor, yPred: Tensor) => number;

/** A metric around a user's function, named as the function. */
export function customMetric(custom: CustomMetric): MetricSpec {
  const name = custom.name || "customMetric";
  const create = (): Metric => {
    const mean = new RunningMean();
    const update = ({ rows, width, prediction, target, given }: MetricBatch): void => {
      const shape = [rows, width];
      const usual = target.length === rows * width && target instanceof Float32Array ? shape : [rows];
      const isOwn = target.length !== rows && target.length !== rows * width;
      const yTrue = new Tensor(Float32Array.from(target), isOwn ? given!.shape : usual);
      const value: unknown = custom(yTrue, new Tensor(prediction.slice(), shape));
      if (typeof value !== "number") throw typeError(name, "a custom metric must return a number", "result", value);
      mean.add(value, rows);
    };
    return { name, options: {}, direction: undefined, reset: () => mean.reset(), update, result: () => mean.result() };
  };
  return Object.freeze({ name, options: {}, direction: undefined, custom: true, create });
}
