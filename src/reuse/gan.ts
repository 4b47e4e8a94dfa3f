import { checkKeys, checkNumber, rangeError } from "../check.js";
import { layers } from "../layers/index.js";
import type { OptimizerLike } from "../models/compile.js";
import type { History } from "../models/fit.js";
import type { Model, ModelData } from "../models/model.js";
import { sequential } from "../models/sequential.js";
import { toInputs } from "../models/train.js";
import { deriveKey, shuffledIndices, type Key } from "../random.js";
import type { Engine } from "../runtime/engine.js";
import { sameShape, showShape } from "../graph/shape.js";
import { Tensor } from "../tensor.js";
import { checkEncoder, checkLearns, type Pretrained } from "./pretraining-options.js";

/** Options of `pretraining.gan`. */
export interface GanOptions {
  /** Codes, rows of standard normal numbers, in; samples of the data's shape and range out. */
  generator: Model;
  /** Default 10. */
  epochs?: number;
  /** Real rows per step. Default 32. */
  batchSize?: number;
  /** Of the discriminator and of the generator, each with state of its own. Default rmsprop. */
  optimizer?: OptimizerLike;
  /** Target of real samples, in (0.5, 1]: below 1 it keeps the discriminator from growing too sure. Default 0.9. */
  realLabel?: number;
  /** Called after each epoch. */
  onEpochEnd?: (epoch: number, losses: { discriminator: number; generator: number }) => void | Promise<void>;
}

/** What `pretraining.gan` returns. */
export interface PretrainedGan extends Pretrained {
  readonly generator: Model;
  /** The encoder with a sigmoid unit: probability that a sample is real. */
  readonly discriminator: Model;
}

/** Streams of the encoder's seed. */
const STREAMS = { order: 11, codes: 12 } as const;

/**
 * Trains an encoder as the body of the discriminator of a GAN (Goodfellow et al. 2014; Radford et al. 2016): in turn,
 * the discriminator learns to tell real rows from generated ones, and, frozen, to lead the generator. The history has
 * `discriminatorLoss` and `generatorLoss` of each epoch.
 */
export async function gan(encoder: Model, x: ModelData, options: GanOptions): Promise<PretrainedGan> {
  const where = "pretraining.gan";
  checkKeys(where, options, ["generator", "epochs", "batchSize", "optimizer", "realLabel", "onEpochEnd"]);
  checkEncoder(where, encoder);
  checkLearns(where, encoder);
  const { epochs = 10, batchSize = 32, optimizer = "rmsprop", realLabel = 0.9 } = options;
  const generator = checkEncoder(where, options.generator);
  checkNumber(where, "epochs", epochs, { min: 1, integer: true });
  checkNumber(where, "batchSize", batchSize, { min: 1, integer: true });
  checkNumber(where, "realLabel", realLabel, { above: 0.5, max: 1 });
  checkLearns(where, generator);
  const made = generator.graph.outputs[0]!.shape;
  const wanted = encoder.graph.inputs[0]!.shape;
  if (!sameShape(made, wanted))
    throw rangeError(where, `the generator must make rows of shape ${showShape(wanted)}`, "shape", showShape(made));
  const { engine, seed } = encoder;

  const discriminator = sequential([encoder, layers.dense({ units: 1, activation: "sigmoid" })], {
    seed,
    engine,
    name: "discriminator",
  });
  discriminator.compile({ optimizer, loss: "binaryCrossentropy" });
  const combined = sequential([generator, discriminator], { seed, engine, name: "gan" });
  combined.compile({ optimizer, loss: "binaryCrossentropy" });

  const [column] = toInputs(encoder, where, x);
  const { data, width, rows } = column!;
  const batch = Math.min(batchSize, rows);
  const steps = Math.floor(rows / batch);
  const codings = generator.graph.inputs[0]!.shape;
  const key = encoder.stream("masks");
  const codes = (step: number, count: number): Tensor =>
    normalCodes(engine, [count, ...codings], deriveKey(key, STREAMS.codes, step));
  const mixed = new Float32Array(2 * batch * width);
  const labels = new Float32Array(2 * batch).fill(realLabel, batch);
  const convincing = new Float32Array(2 * batch).fill(1);
  const history: History = {
    epoch: [],
    history: { discriminatorLoss: [], generatorLoss: [] },
    stopReason: "completed",
  };

  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = shuffledIndices(rows, deriveKey(key, STREAMS.order), epoch);
    const sums = { discriminator: 0, generator: 0 };
    for (let step = 0; step < steps; step++) {
      const counter = 2 * (epoch * steps + step);
      mixed.set(generator.predict(codes(counter, batch)).data);
      for (let r = 0; r < batch; r++) {
        const from = order[step * batch + r]! * width;
        mixed.set(data.subarray(from, from + width), (batch + r) * width);
      }
      sums.discriminator += discriminator.trainOnBatch(mixed, labels)["loss"]!;
      discriminator.trainable = false;
      try {
        sums.generator += combined.trainOnBatch(codes(counter + 1, 2 * batch), convincing)["loss"]!;
      } finally {
        discriminator.trainable = true;
      }
      if (step % 32 === 31) await new Promise((resolve) => setTimeout(resolve));
    }
    history.epoch.push(epoch);
    const losses = { discriminator: sums.discriminator / steps, generator: sums.generator / steps };
    history.history["discriminatorLoss"]!.push(losses.discriminator);
    history.history["generatorLoss"]!.push(losses.generator);
    await options.onEpochEnd?.(epoch, losses);
  }
  combined.dispose();
  return { encoder, history, generator, discriminator };
}

/** Standard normal numbers, a function of the key. */
function normalCodes(engine: Engine, shape: readonly number[], [key0, key1]: Key): Tensor {
  const n = shape.reduce((a, b) => a * b, 1);
  const address = engine.arena.allocate(n * 4);
  try {
    engine.kernels.normalFill(n, 0, address, key0, key1, 0, 1);
    return new Tensor(engine.floats(address, n).slice(), shape);
  } finally {
    engine.arena.free(address);
  }
}
