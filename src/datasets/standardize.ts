import { rangeError } from "../check.js";
import { rowsOf, rowSize, type Rows, type RowsLike } from "./rows.js";

/** Standardized data, with what standardizes more of its kind. */
export interface Standardized extends Rows<Float32Array<ArrayBuffer>> {
  /** Mean of each feature. */
  readonly mean: Float64Array;
  /** Standard deviation of each feature (of the population: divided by n). */
  readonly standardDeviation: Float64Array;
  /** Other samples by the same mean and standard deviation: test data, or what is to be predicted. */
  apply(x: RowsLike): Rows<Float32Array<ArrayBuffer>>;
}

/**
 * (x - mean) / standardDeviation, feature by feature over the samples, computed in float64 by two passes. A feature
 * that never varies becomes 0. Everything after the first axis is a feature. Numbers that are not finite are refused,
 * named by their sample and feature.
 */
export function standardize(x: RowsLike): Standardized {
  const rows = checked("standardize", rowsOf("standardize", "x", x));
  const { data } = rows;
  const samples = rows.shape[0]!;
  if (samples === 0) throw rangeError("standardize", "x must have at least one sample", "x.shape", rows.shape);
  const features = rowSize(rows);
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

  const apply = (where: string, given: Rows): Rows<Float32Array<ArrayBuffer>> => {
    if (rowSize(given) !== features) {
      throw rangeError(where, `x must have ${features} features per sample`, "x.shape", given.shape);
    }
    const result = new Float32Array(given.data.length);
    for (let i = 0; i < result.length; i++) {
      const j = i % features;
      result[i] = (given.data[i]! - mean[j]!) / (standardDeviation[j]! || 1);
    }
    return { shape: given.shape, data: result };
  };
  return {
    ...apply("standardize", rows),
    mean,
    standardDeviation,
    apply: (other) => apply("standardize.apply", checked("standardize.apply", rowsOf("standardize.apply", "x", other))),
  };
}

function checked(where: string, rows: Rows): Rows {
  const width = rowSize(rows);
  const bad = rows.data.findIndex((value: number) => !Number.isFinite(value));
  if (bad >= 0) {
    const name = `x[${Math.floor(bad / width)}, ${bad % width}]`;
    throw rangeError(where, "x must be finite everywhere", name, rows.data[bad]);
  }
  return rows;
}
