import { checkBoolean, checkKeys, checkNumber, rangeError, typeError } from "../check.js";
import { checkCallbacks, type Callback, type CallbackContext, type Logs } from "../callbacks/callback.js";
import { shuffledIndices } from "../random.js";
import { Tensor, type DataLike } from "../tensor.js";
import { sliceDataset, type Dataset } from "./data.js";
import { FrozenFeatures } from "./cache-frozen.js";
import { progress } from "../callbacks/progress.js";
import { evaluateDataset } from "./evaluate.js";
import type { BatchSource, Model, ModelData } from "./model.js";
import { prepareTraining, Tally, toDataset, trainStep } from "./train.js";

/** Options of `fit`. */
export interface FitOptions {
  /** Epoch to stop before. Default 1. */
  epochs?: number;
  /** Rows per step; the last batch of an epoch may be smaller. Default 32. */
  batchSize?: number;
  /** `[x, y]` or `[x, y, sampleWeight]`, evaluated after each epoch. */
  validationData?: readonly [ModelData, ModelData, ModelData?];
  /** Share of the rows, taken from the end before shuffling, to validate on: in [0, 1). Default 0. */
  validationSplit?: number;
  /** Validate every so many epochs. Default 1. */
  validationFreq?: number;
  /** A new order of the rows for each epoch, a function of the seed and the epochs so far. Default true. */
  shuffle?: boolean;
  callbacks?: readonly Callback[];
  /** Weight of each row's loss. */
  sampleWeight?: ModelData;
  /** Weight by class; classes not named weigh 1. */
  classWeight?: Readonly<Record<number, number>>;
  /** Whether to look for NaN and infinite values in the data first, and refuse them by their position. Default false. */
  checkFinite?: boolean;
  /**
   * Whether to compute once what lies below the first layer that learns, if it is frozen and without dropout: faster,
   * with the same bits, for memory for its outputs. Weights of frozen layers must not be set meanwhile. Default false.
   */
  cacheFrozen?: boolean;
  /** Epoch to begin with, to continue an earlier run. Default 0. */
  initialEpoch?: number;
  /** Steps to make of each epoch. Default: all. */
  stepsPerEpoch?: number;
  /** 0 silent, 1 a line with a bar, 2 a line per epoch. Default: 1 on a terminal, else 0. */
  verbose?: 0 | 1 | 2;
  /** Ends training after the running step; fit then resolves with what was done. */
  signal?: AbortSignal;
  /** Milliseconds to compute before other events have a turn. Default 50. */
  yieldEveryMs?: number;
}

/** What `fit` resolves with. */
export interface History {
  /** Numbers of the epochs that were completed. */
  readonly epoch: number[];
  /** Each log by name, one value for each of those epochs. */
  readonly history: Record<string, number[]>;
  /** `completed`, `aborted`, or what a callback gave to stopTraining. */
  readonly stopReason: string;
}

const KNOWN = [
  "epochs",
  "batchSize",
  "validationData",
  "validationSplit",
  "validationFreq",
  "shuffle",
  "callbacks",
  "sampleWeight",
  "classWeight",
  "checkFinite",
  "cacheFrozen",
  "initialEpoch",
  "stepsPerEpoch",
  "verbose",
  "signal",
  "yieldEveryMs",
] as const;

/** Options with defaults filled in and checked. */
function checkOptions(options: FitOptions) {
  checkKeys("fit", options, KNOWN);
  const {
    epochs = 1,
    batchSize = 32,
    validationSplit = 0,
    validationFreq = 1,
    shuffle = true,
    initialEpoch = 0,
  } = options;
  checkNumber("fit", "epochs", epochs, { min: 0, integer: true });
  if (batchSize !== Infinity) checkNumber("fit", "batchSize", batchSize, { min: 1, integer: true });
  checkNumber("fit", "validationSplit", validationSplit, { min: 0, below: 1 });
  checkNumber("fit", "validationFreq", validationFreq, { min: 1, integer: true });
  checkBoolean("fit", "shuffle", shuffle);
  checkBoolean("fit", "checkFinite", options.checkFinite ?? false);
  if (options.cacheFrozen !== undefined) checkBoolean("fit", "cacheFrozen", options.cacheFrozen);
  checkNumber("fit", "initialEpoch", initialEpoch, { min: 0, integer: true });
  if (options.verbose !== undefined) checkNumber("fit", "verbose", options.verbose, { min: 0, max: 2, integer: true });
  if (options.stepsPerEpoch !== undefined)
    checkNumber("fit", "stepsPerEpoch", options.stepsPerEpoch, { min: 1, integer: true });
  const yieldEveryMs = checkNumber("fit", "yieldEveryMs", options.yieldEveryMs ?? 50, { min: 0 });
  const { callbacks = [] } = options;
  checkCallbacks("fit", callbacks);
  if (options.validationData !== undefined && !Array.isArray(options.validationData)) {
    throw typeError("fit", "validationData must be [x, y]", "validationData", options.validationData);
  }
  return {
    ...options,
    epochs,
    batchSize,
    validationSplit,
    validationFreq,
    shuffle,
    initialEpoch,
    yieldEveryMs,
    callbacks,
  };
}

type Checked = ReturnType<typeof checkOptions>;

export async function fit(
  model: Model,
  x: ModelData | BatchSource,
  y: ModelData | FitOptions | undefined,
  options: FitOptions | undefined,
): Promise<History> {
  // An array may be data or a list of batches; any other iterable gives batches.
  const isBatches = isBatchSource(x) && (!Array.isArray(x) || y === undefined || isOptions(y));
  const checked = checkOptions(((isBatches ? (options ?? y) : options) ?? {}) as FitOptions);
  model.compiledFor("fit");
  if (isBatches && checked.cacheFrozen === true)
    throw new TypeError("fit: cacheFrozen needs the data as arrays, not as batches. Received: cacheFrozen=true.");
  if (isBatches) return new Fit(model, checked).run(batchesOf(model, x as BatchSource, checked));
  if (y === undefined) throw typeError("fit", "y must hold the targets", "y", y);
  const all = toDataset(model, "fit", x, y, checked);
  const held = Math.round(all.rows * checked.validationSplit);
  if (held >= all.rows)
    throw rangeError(
      "fit",
      `validationSplit leaves none of ${all.rows} rows to train on`,
      "validationSplit",
      checked.validationSplit,
    );
  const training = sliceDataset(all, 0, all.rows - held);
  const validation = held > 0 ? sliceDataset(all, all.rows - held, all.rows) : undefined;
  const features = FrozenFeatures.forFit(model, checked);
  try {
    return await new Fit(model, checked, validation, features).run(shuffledBatches(model, training, checked, features));
  } finally {
    features?.dispose();
  }
}

function isOptions(value: unknown): value is FitOptions {
  const isData = Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof Tensor;
  return (
    !isData &&
    typeof value === "object" &&
    value !== null &&
    Object.keys(value).every((key) => (KNOWN as readonly string[]).includes(key))
  );
}

function isBatchSource(x: unknown): x is BatchSource {
  if (typeof x !== "object" || x === null || ArrayBuffer.isView(x) || x instanceof Tensor) return false;
  return Symbol.iterator in x || Symbol.asyncIterator in x;
}

/** Where the steps of the epochs come from. */
interface Steps {
  /** Steps in an epoch, if known. */
  readonly count: number | undefined;
  /** Rows of the largest batch, if known: the plan is made before anything moves. */
  readonly rows: number | undefined;
  /** The batches of one epoch. */
  epoch(epoch: number): AsyncGenerator<StepBatch> | Generator<StepBatch>;
  /** Lets go of what an epoch that was cut short left open. */
  close?(): unknown;
}

interface StepBatch {
  readonly dataset: Dataset;
  readonly start: number;
  readonly rows: number;
  readonly order: Uint32Array | undefined;
}

/** An array's rows in batches, in a new order each epoch. */
function shuffledBatches(
  model: Model,
  dataset: Dataset,
  { batchSize, shuffle, stepsPerEpoch }: Checked,
  features: FrozenFeatures | undefined,
): Steps {
  const current = features?.cache(dataset) ?? (() => dataset);
  const size = Math.min(batchSize, dataset.rows);
  const count = Math.min(Math.ceil(dataset.rows / size), stepsPerEpoch ?? Infinity);
  return {
    count,
    rows: size,
    *epoch() {
      const order = shuffle ? shuffledIndices(dataset.rows, model.stream("shuffle"), model.epochs) : undefined;
      for (let step = 0; step < count; step++) {
        const start = step * size;
        yield { dataset: current(), start, rows: Math.min(size, dataset.rows - start), order };
      }
    },
  };
}

/** Batches from the caller. With stepsPerEpoch an epoch goes on where the last one stopped; else each starts anew. */
function batchesOf(model: Model, source: BatchSource, { stepsPerEpoch, classWeight, checkFinite }: Checked): Steps {
  const start = (): AsyncIterator<unknown> | Iterator<unknown> =>
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let open: AsyncIterator<unknown> | Iterator<unknown> | undefined;
  return {
    count: stepsPerEpoch,
    rows: undefined,
    async *epoch() {
      if (open === undefined || stepsPerEpoch === undefined) open = start();
      let restarted = false;
      for (let step = 0; step < (stepsPerEpoch ?? Infinity);) {
        const next = await open.next();
        if (next.done) {
          open = undefined;
          if (stepsPerEpoch === undefined) return;
          if (restarted)
            throw new Error(`fit: the iterable must give ${stepsPerEpoch} batches per epoch, but it ended.`);
          open = start();
          restarted = true;
          continue;
        }
        restarted = false;
        step++;
        if (!Array.isArray(next.value) || next.value.length < 2) {
          throw typeError("fit", "the iterable must give [x, y] or [x, y, sampleWeight]", "batch", next.value);
        }
        const [x, y, sampleWeight] = next.value as [ModelData, ModelData, DataLike?];
        const dataset = toDataset(model, "fit", x, y, { sampleWeight, classWeight, checkFinite });
        yield { dataset, start: 0, rows: dataset.rows, order: undefined };
      }
    },
    close: () => open?.return?.(),
  };
}

/** One run of fit: the epochs, their logs and callbacks. */
class Fit {
  readonly #model: Model;
  readonly #options: Checked;
  readonly #callbacks: readonly Callback[];
  readonly #features: FrozenFeatures | undefined;
  #validation: Dataset | undefined;
  /** The validation data as the running step needs it. */
  #validationNow: () => Dataset | undefined = () => this.#validation;
  #stopReason: string | undefined;
  #yieldAt = 0;

  constructor(model: Model, options: Checked, validation?: Dataset, features?: FrozenFeatures) {
    this.#model = model;
    this.#features = features;
    this.#options = options;
    this.#validation = validation;
    const verbose = options.verbose ?? (isTerminal() ? 1 : 0);
    this.#callbacks = verbose === 0 ? options.callbacks : [...options.callbacks, progress({ verbose })];
  }

  async run(steps: Steps): Promise<History> {
    const model = this.#model;
    const { epochs, batchSize, initialEpoch, signal } = this.#options;
    if (this.#options.validationData !== undefined) {
      const [x, y, sampleWeight] = this.#options.validationData;
      this.#validation = toDataset(model, "fit (validationData)", x, y, { sampleWeight });
    }
    if (steps.rows !== undefined && this.#features === undefined)
      prepareTraining(model, "fit", steps.rows, model.built.plans);
    if (this.#validation !== undefined && this.#features !== undefined)
      this.#validationNow = this.#features.cache(this.#validation);
    const history: { epoch: number[]; history: Record<string, number[]> } = { epoch: [], history: {} };
    const context: CallbackContext = {
      model,
      epochs,
      batchSize: steps.rows ?? batchSize,
      ...(steps.count === undefined ? {} : { steps: steps.count }),
      validates: this.#validation !== undefined,
      stopTraining: (reason = "stopped by a callback") => {
        this.#stopReason ??= reason;
      },
    };
    if (signal?.aborted) this.#stopReason = "aborted";
    this.#yieldAt = performance.now() + this.#options.yieldEveryMs;
    let logs: Logs = {};
    await this.#notify((callback) => callback.onTrainBegin?.(context));
    try {
      for (let epoch = initialEpoch; epoch < epochs && this.#stopReason === undefined; epoch++) {
        const done = await this.#runEpoch(epoch, steps, context);
        if (done === undefined) break;
        logs = done;
        history.epoch.push(epoch);
        for (const [name, value] of Object.entries(logs)) (history.history[name] ??= []).push(value);
        await this.#notify((callback) => callback.onEpochEnd?.(epoch, logs, context));
      }
      // Averages of the weights are what training ends with; after a failure the weights stay those of the last step.
      model.compiledFor("fit").optimizer.finalize(model.learningParameters());
    } finally {
      await steps.close?.();
      await this.#notify((callback) => callback.onTrainEnd?.(logs, context));
    }
    return { ...history, stopReason: this.#stopReason ?? "completed" };
  }

  /** Logs of the epoch, or undefined if it was cut short. */
  async #runEpoch(epoch: number, steps: Steps, context: CallbackContext): Promise<Logs | undefined> {
    const model = this.#model;
    const tally = new Tally(model.compiledFor("fit"), model.engine);
    await this.#notify((callback) => callback.onEpochBegin?.(epoch, context));
    const watched = this.#callbacks.some((callback) => callback.onBatchBegin ?? callback.onBatchEnd);
    let batch = 0;
    let complete = false;
    const source = steps.epoch(epoch);
    while (this.#stopReason === undefined) {
      const result = source.next();
      const { done, value: next } = result instanceof Promise ? await result : result;
      if (done === true) {
        complete = true;
        break;
      }
      if (watched) await this.#notify((callback) => callback.onBatchBegin?.(batch, context));
      tally.add(trainStep(model, "fit", next));
      if (watched) {
        const logs = tally.logs();
        await this.#notify((callback) => callback.onBatchEnd?.(batch, logs, context));
      }
      batch++;
      if (performance.now() >= this.#yieldAt) {
        await nextTurn();
        this.#yieldAt = performance.now() + this.#options.yieldEveryMs;
      }
      if (this.#options.signal?.aborted) this.#stopReason ??= "aborted";
    }
    if (batch === 0 && this.#stopReason === undefined)
      throw new RangeError("fit: an epoch must have at least one batch. Received: batches=0.");
    complete ||= steps.count !== undefined && batch >= steps.count;
    if (this.#stopReason !== undefined && !complete) return undefined;
    model.epochs++;
    const logs = tally.logs();
    if (this.#validation !== undefined && (epoch + 1) % this.#options.validationFreq === 0) {
      Object.assign(logs, evaluateDataset(model, this.#validationNow()!, undefined, "val_"));
    }
    return { ...logs, learningRate: model.optimizer.learningRate };
  }

  /** Runs a hook of every callback in order, waiting only for those that return a promise. */
  async #notify(hook: (callback: Callback) => void | Promise<void>): Promise<void> {
    for (const callback of this.#callbacks) {
      const result = hook(callback);
      if (result !== undefined) await result;
    }
  }
}

/** Lets other events have a turn: setImmediate where there is one, else a message, which unlike a timer is not delayed. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const immediate = (globalThis as { setImmediate?: (run: () => void) => void }).setImmediate;
    if (immediate !== undefined) immediate(resolve);
    else {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(0);
    }
  });
}

function isTerminal(): boolean {
  const { process } = globalThis as { process?: { stdout?: { isTTY?: boolean } } };
  return process?.stdout?.isTTY === true;
}
