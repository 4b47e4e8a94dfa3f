import { rangeError } from "../check.js";
import { Tensor, tensor, type DataLike, type TypedArray } from "../tensor.js";
import { sampleSize } from "./samples.js";

/** Standardized data, with what standardizes more of its kind. */
export interface Standardized {
  /** The data itself, standardized. */
  readonly values: Tensor;
  /** Mean of each feature. */
  readonly mean: Float64Array;
  /** Standard deviation of each feature (of the population: divided by n). */
  readonly standardDeviation: Float64Array;
  /** Other samples by the same mean and standard deviation: test data, or what is to be predicted. */
  apply(x: DataLike): Tensor;
}

/**
 * (x - mean) / standardDeviation, feature by feature over the samples, computed in float64 by two passes. A feature
 * that never varies becomes 0. Everything after the first axis is a feature. Numbers that are not finite are refused,
 * named by their sample and feature.
 */
export function standardize(x: DataLike): Standardized {
  const given = finite("standardize", x);
  const { data, shape } = given;
  const samples = shape[0] ?? 0;
  if (samples === 0) throw rangeError("standardize", "x must have at least one sample", "x.shape", shape);
  const features = sampleSize(given);
  const mean = new Float64Array(features);
  const standardDeviation = new Float64Array(features);
  for (let feature = 0; feature < features; feature++) {
    const first = data[feature]!;
    let sum = 0; // of differences from the first sample, so that a feature that never varies is exactly constant
    for (let i = feature; i < data.length; i += features) sum += data[i]! - first;
    mean[feature] = first + sum / samples;
    let squares = 0;
    for (let i = feature; i < data.length; i += features) {
      const deviation = data[i]! - mean[feature]!;
      squares += deviation * deviation;
    }
    standardDeviation[feature] = Math.sqrt(squares / samples);
  }

  const apply = (where: string, other: Tensor<TypedArray>): Tensor => {
    if (sampleSize(other) !== features) {
      throw rangeError(where, `x must have ${features} features per sample`, "x.shape", other.shape);
    }
    const result = new Float32Array(other.size);
    for (let i = 0; i < result.length; i++) {
      const j = i % features;
      result[i] = (other.data[i]! - mean[j]!) / (standardDeviation[j]! || 1);
    }
    return new Tensor(result, other.shape);
  };
  return {
    values: apply("standardize", given),
    mean,
    standardDeviation,
    apply: (other) => apply("standardize.apply", finite("standardize.apply", other)),
  };
}

function finite(where: string, value: DataLike): Tensor<TypedArray> {
  const x = tensor(value);
  const bad = x.data.findIndex((number: number) => !Number.isFinite(number));
  if (bad >= 0) {
    const size = sampleSize(x);
    const name = `x[${Math.floor(bad / size)}, ${bad % size}]`;
    throw rangeError(where, "x must be finite everywhere", name, x.data[bad]);
  }
  return x;
}
