import { checkKeys, checkNumber, rangeError } from "../check.js";
import { datasets } from "../datasets/index.js";
import { layers } from "../layers/index.js";
import type { OptimizerLike } from "../models/compile.js";
import type { History } from "../models/fit.js";
import type { Model, ModelData } from "../models/model.js";
import { sequential } from "../models/sequential.js";
import { toInputs } from "../models/train.js";
import { sameShape, showShape, sizeOf } from "../graph/shape.js";
import { tensor, type Tensor } from "../tensor.js";
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
  const codings = generator.graph.inputs[0]!.shape;

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
  // The order of the rows and the codes are functions of the encoder's seed, as a model's own order and masks are.
  const stream = BigInt.asUintN(32, BigInt(seed));
  const real = datasets.batches([tensor(data, [rows, width])], {
    batchSize: batch,
    seed: Number(stream),
    dropRemainder: true,
  });
  const noise = sequential([layers.gaussianNoise(1)], { inputShape: codings, seed, engine, name: "codes" });
  const codes = (step: number, count: number): Tensor => {
    const zeros = new Float32Array(count * sizeOf(codings));
    return noise.predictMC(zeros, { samples: 1, seed: (stream << 32n) + BigInt(step) }).mean;
  };
  const mixed = new Float32Array(2 * batch * width);
  const labels = new Float32Array(2 * batch).fill(realLabel, batch);
  const convincing = new Float32Array(2 * batch).fill(1);
  const history: History = {
    epoch: [],
    history: { discriminatorLoss: [], generatorLoss: [] },
    stopReason: "completed",
  };

  for (let epoch = 0; epoch < epochs; epoch++) {
    const sums = { discriminator: 0, generator: 0 };
    let step = 0;
    for (const [{ data: realRows }] of real) {
      const counter = 2 * (epoch * real.length + step++);
      mixed.set(generator.predict(codes(counter, batch)).data);
      mixed.set(realRows, batch * width);
      sums.discriminator += discriminator.trainOnBatch(mixed, labels)["loss"]!;
      discriminator.trainable = false;
      try {
        sums.generator += combined.trainOnBatch(codes(counter + 1, 2 * batch), convincing)["loss"]!;
      } finally {
        discriminator.trainable = true;
      }
      if (step % 32 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    history.epoch.push(epoch);
    const losses = { discriminator: sums.discriminator / real.length, generator: sums.generator / real.length };
    history.history["discriminatorLoss"]!.push(losses.discriminator);
    history.history["generatorLoss"]!.push(losses.generator);
    await options.onEpochEnd?.(epoch, losses);
  }
  combined.dispose();
  noise.dispose();
  return { encoder, history, generator, discriminator };
}
