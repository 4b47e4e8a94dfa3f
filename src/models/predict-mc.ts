import { boolean, integer, readOptions, unchecked } from "../options.js";
import { rowsOf } from "../graph/shape.js";
import { deriveKey, keyOf, type Seed } from "../random.js";
import { log } from "../runtime/math.js";
import { Tensor } from "../tensor.js";
import { loadInputs } from "./data.js";
import type { Model, ModelData } from "./model.js";
import { toPredictionDataset } from "./predict.js";

/** Options of `predictMC`. */
export interface MonteCarloOptions {
  /** Passes, each with masks of its own. Default 100. */
  samples?: number;
  /** Of the masks. Default: the model's seed. */
  seed?: Seed;
  /** Rows of x per pass: no effect on the result. Default 32. */
  batchSize?: number;
  /** Whether to return every sample's output too. Default false. */
  keepSamples?: boolean;
}

/** Mean and uncertainty of many passes with dropout on (Gal & Ghahramani 2016, arXiv:1506.02142). */
export interface MonteCarloPrediction {
  /** Mean over the samples, shaped as predict's output. */
  readonly mean: Tensor;
  /** Standard deviation over the samples (of the population: divided by their number). */
  readonly std: Tensor;
  /** Predictive entropy of each row in nats: -Σ p ln p of the mean p (of each unit's two outcomes for sigmoid outputs). */
  readonly entropy: Tensor;
  /** Entropy minus the mean entropy of the samples, in nats: what more data could teach (Houlsby et al. 2011). */
  readonly mutualInformation: Tensor;
  /** `[samples, batch, …]`, if `keepSamples`. */
  readonly samples?: Tensor;
}

/** Rows, samples included, that one run of the plan covers at most. */
const ROWS_PER_RUN = 512;

/** Running moments of one output. */
interface Moments {
  readonly shape: readonly number[];
  readonly mean: Float64Array;
  /** Sum of squared distances from the mean so far (Welford 1962). */
  readonly squares: Float64Array;
  /** Sum over samples of each row's entropy. */
  readonly entropies: Float64Array;
  readonly kept: Float32Array | undefined;
}

export function predictMC(
  model: Model,
  x: ModelData,
  options: MonteCarloOptions,
): MonteCarloPrediction | MonteCarloPrediction[] {
  const { samples, seed, batchSize, keepSamples } = readOptions("predictMC", options, {
    samples: integer(1, 100),
    seed: unchecked<number | undefined>(),
    batchSize: integer(1, 32),
    keepSamples: boolean(false),
  });
  const key = seed === undefined ? model.stream("monteCarlo") : deriveKey(keyOf(seed, "predictMC"), 0);
  const dataset = toPredictionDataset(model, "predictMC", x);
  if (!model.layers.some((layer) => layer.stochastic)) {
    console.warn("predictMC: the model has no dropout or noise layer, so that all samples are equal. Use predict.");
  }

  const total = dataset.rows;
  const moments = model.graph.outputs.map(({ shape }): Moments => {
    const size = total * shape.reduce((a, b) => a * b, 1);
    return {
      shape: [total, ...shape],
      mean: new Float64Array(size),
      squares: new Float64Array(size),
      entropies: new Float64Array(total * rowsOf(shape)[0]),
      kept: keepSamples ? new Float32Array(samples * size) : undefined,
    };
  });
  const kinds: (EntropyOf | undefined)[] = [];
  for (let start = 0; start < total; start += batchSize) {
    const rows = Math.min(batchSize, total - start);
    const perRun = Math.min(samples, Math.max(1, Math.floor(ROWS_PER_RUN / Math.min(batchSize, total))));
    const plan = model.built.plans.find({ mode: "monteCarlo", rows, samples: perRun });
    const { state } = plan;
    loadInputs(model.engine, plan, { dataset, start, rows, order: undefined });
    state.firstRow = start;
    state.key = key;
    for (let first = 0; first < samples; first += perRun) {
      state.step = first;
      state.samples = Math.min(perRun, samples - first);
      // What lies below the first dropout is the same for all samples.
      if (first === 0) plan.forward();
      else plan.resample();
      plan.outputs.forEach((output, i) => {
        kinds[i] = entropyOf(output.activated?.activation.name);
        const view = plan.view(output);
        const rowSize = output.width;
        for (let s = 0; s < state.samples; s++) {
          const block = output.buffer.sampled ? s * rows * rowSize : 0;
          const values = view.subarray(block, block + rows * rowSize);
          addSample(moments[i]!, values, start, rowSize, first + s, rowsOf(model.graph.outputs[i]!.shape)[1], kinds[i]);
        }
      });
    }
  }
  const results = moments.map((moment, i) => summarize(moment, samples, rowsOf(moment.shape.slice(1))[1], kinds[i]));
  return results.length === 1 ? results[0]! : results;
}

/** Entropy of one probability vector (or of independent units) of `width` values from `offset`. */
type EntropyOf = (p: ArrayLike<number>, offset: number, width: number) => number;

/** -p ln p, 0 at p = 0. */
const plogp = (p: number): number => (p > 0 ? -p * log(p) : 0);

const categorical: EntropyOf = (p, offset, width) => {
  let sum = 0;
  for (let j = 0; j < width; j++) sum += plogp(p[offset + j]!);
  return sum;
};

const bernoulli: EntropyOf = (p, offset, width) => {
  let sum = 0;
  for (let j = 0; j < width; j++) sum += plogp(p[offset + j]!) + plogp(1 - p[offset + j]!);
  return sum;
};

/** Only outputs that are probabilities have an entropy; the others' is NaN. */
function entropyOf(activation: string | undefined): EntropyOf | undefined {
  return activation === "softmax" ? categorical : activation === "sigmoid" ? bernoulli : undefined;
}

function addSample(
  { mean, squares, entropies, kept }: Moments,
  values: Float32Array,
  startRow: number,
  rowSize: number,
  sample: number,
  width: number,
  entropy: EntropyOf | undefined,
): void {
  const offset = startRow * rowSize;
  kept?.set(values, sample * mean.length + offset);
  for (let i = 0; i < values.length; i++) {
    const distance = values[i]! - mean[offset + i]!;
    mean[offset + i]! += distance / (sample + 1);
    squares[offset + i]! += distance * (values[i]! - mean[offset + i]!);
  }
  for (let i = 0; i < values.length; i += width) {
    entropies[(offset + i) / width]! += entropy ? entropy(values, i, width) : NaN;
  }
}

function summarize(
  { shape, mean, squares, entropies, kept }: Moments,
  samples: number,
  width: number,
  entropy: EntropyOf | undefined,
): MonteCarloPrediction {
  const rowShape = shape.length > 1 ? shape.slice(0, -1) : shape;
  const predictive = Float32Array.from(entropies, (_, row) => (entropy ? entropy(mean, row * width, width) : NaN));
  // Rounding alone can make the difference of two nearly equal entropies negative.
  const information = Float32Array.from(entropies, (sum, row) =>
    entropy ? Math.max(0, entropy(mean, row * width, width) - sum / samples) : NaN,
  );
  return {
    mean: new Tensor(Float32Array.from(mean), shape),
    std: new Tensor(
      Float32Array.from(squares, (square) => Math.sqrt(square / samples)),
      shape,
    ),
    entropy: new Tensor(predictive, rowShape),
    mutualInformation: new Tensor(information, rowShape),
    ...(kept === undefined ? {} : { samples: new Tensor(kept, [samples, ...shape]) }),
  };
}
