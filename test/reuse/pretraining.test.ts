import { describe, expect, it } from "vitest";
import { functional, input, layers, pretraining, recipes, sequential, tensor, type Callback } from "../../src/index.js";
import type { Model } from "../../src/models/model.js";
import type { Tensor } from "../../src/tensor.js";
import { engineOf } from "../builds.js";
import { firstDifference } from "../closeness.js";
import { seeded } from "../guarded.js";

const engine = engineOf("baseline");
const ROWS = 48;
const INPUTS = 10;

/** Points on a curved surface of two dimensions: there is something to find. */
const x = (() => {
  const random = seeded(4);
  const data = new Float32Array(ROWS * INPUTS);
  for (let r = 0; r < ROWS; r++) {
    const [u, v] = [random(), random()];
    for (let j = 0; j < INPUTS; j++) data[r * INPUTS + j] = 0.5 + 0.45 * Math.sin(j * u + v);
  }
  return tensor(data, [ROWS, INPUTS]);
})();

const encoderOf = (): Model =>
  sequential(
    [
      layers.dense({ units: 8, activation: "elu", name: "first" }),
      layers.batchNormalization({ name: "normal" }),
      layers.dense({ units: 4, activation: "tanh", name: "second" }),
      layers.dropout({ rate: 0.1, name: "drop" }),
    ],
    { inputShape: [INPUTS], seed: 7, engine },
  );

/** Names of the parameters that differ. */
function changed(before: ReadonlyMap<string, Tensor>, after: ReadonlyMap<string, Tensor>): string[] {
  return [...before.keys()].filter((name) => firstDifference(before.get(name)!.data, after.get(name)!.data) >= 0);
}

const EVERY = ["first/kernel", "first/bias", "normal/gamma", "normal/beta", "normal/movingMean"];

describe("pretraining.autoencoder", () => {
  for (const options of [{}, { tied: true }, { noise: 0.1 }, { dropout: 0.2, outputActivation: "sigmoid" as const }]) {
    it(`trains the encoder's own layers: ${JSON.stringify(options)}`, async () => {
      const encoder = encoderOf();
      const before = encoder.getWeights();
      const result = await pretraining.autoencoder(encoder, x, { epochs: 30, batchSize: 16, ...options, verbose: 0 });
      expect(result.encoder).toBe(encoder);
      expect(changed(before, encoder.getWeights())).toEqual(expect.arrayContaining([...EVERY, "second/kernel"]));
      const { loss } = result.history.history as { loss: number[] };
      expect(loss).toHaveLength(30);
      expect(loss.at(-1)!).toBeLessThan(0.85 * loss[0]!);
      expect(result.autoencoder.predict(x).shape).toEqual([ROWS, INPUTS]);

      // The encoder goes under a head, and outlives the autoencoder.
      result.autoencoder.dispose();
      const model = sequential([encoder, layers.dense({ units: 2, activation: "softmax" })], { seed: 1, engine });
      model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy" });
      const labels = Int32Array.from({ length: ROWS }, (_, r) => r % 2);
      expect((await model.fit(x, labels, { verbose: 0 })).history["loss"]).toHaveLength(1);
    });
  }

  it("has one kernel for both directions if tied, two if not", async () => {
    const names = async (tied: boolean): Promise<string[]> => {
      const { autoencoder } = await pretraining.autoencoder(encoderOf(), x, { tied, verbose: 0 });
      return autoencoder.parameters.filter(({ name }) => name.endsWith("/kernel")).map(({ name }) => name);
    };
    expect(await names(true)).toEqual(["first/kernel", "second/kernel"]);
    expect(await names(false)).toHaveLength(4);
  });

  it("restores the data without the noise that it adds: what goes in is prepared, not inverted", async () => {
    const bytes = tensor(
      Uint8Array.from(x.data, (value) => Math.round(255 * value)),
      [ROWS, 2, 5],
    );
    const encoder = sequential(
      [layers.rescaling({ scale: 1 / 255 }), layers.flatten(), layers.dense({ units: 6, activation: "elu" })],
      { inputShape: [2, 5], seed: 7, engine },
    );
    const result = await pretraining.autoencoder(encoder, bytes, { epochs: 60, batchSize: 8, noise: 0.05, verbose: 0 });
    const { loss } = result.history.history as { loss: number[] };
    expect(result.autoencoder.graph.inputs[0]!.shape).toEqual([INPUTS]);
    expect(loss.at(-1)!).toBeLessThan(0.055);
  });

  it("refuses what it cannot invert, with the encoder as it was", async () => {
    const options = { inputShape: [INPUTS], seed: 1, engine };
    const start = input({ shape: [INPUTS] });
    const branch = layers.add().apply(layers.dense(4).apply(start), layers.dense(4).apply(start));
    const square = layers.dense(INPUTS);
    const refused: [Model, RegExp][] = [
      [sequential([layers.activation("elu")], options), /must have a dense layer.*Received: layers=\["activation"\]/],
      [functional({ inputs: start, outputs: branch, seed: 1, engine }), /must be a chain.*layer="dense_1"/],
      [
        sequential([layers.dense(8), layers.reshape([4, 2]), layers.dense(3)], options),
        /behind the first dense one must keep the shape.*layer="reshape"/,
      ],
      [sequential([square, square], options), /applied twice cannot be inverted/],
    ];
    for (const [encoder, message] of refused) {
      const before = encoder.getWeights();
      await expect(pretraining.autoencoder(encoder, x)).rejects.toThrow(message);
      await expect(pretraining.greedy(encoder, x)).rejects.toThrow(message);
      expect(changed(before, encoder.getWeights())).toEqual([]);
    }
    const encoder = encoderOf();
    await expect(pretraining.autoencoder(encoder, x, { noise: 0.1, dropout: 0.1 })).rejects.toThrow(/alternatives/);
    await expect(pretraining.greedy(encoder, x, { noize: 1 } as object)).rejects.toThrow(/greedy: .*noise/);
    encoder.trainable = false;
    await expect(pretraining.autoencoder(encoder, x)).rejects.toThrow(/nothing of the encoder would learn/);
    await expect(pretraining.autoencoder({} as Model, x)).rejects.toThrow(/encoder must be a model/);
  });
});

describe("pretraining.greedy", () => {
  it("trains one block after another, and leaves the others bit-identical meanwhile", async () => {
    const encoder = encoderOf();
    const stages: string[][] = [];
    let before = encoder.getWeights();
    const watch: Callback = {
      onTrainEnd() {
        const now = encoder.getWeights();
        stages.push(changed(before, now));
        before = now;
      },
    };
    const result = await pretraining.greedy(encoder, x, {
      epochs: 4,
      callbacks: [watch],
      loss: "binaryCrossentropy",
      outputActivation: "sigmoid",
      verbose: 0,
    });
    expect(stages).toHaveLength(2);
    expect(stages[0]).toEqual(expect.arrayContaining(EVERY));
    expect(stages[0]!.some((name) => name.startsWith("second/"))).toBe(false);
    expect(stages[1]).toEqual(["second/kernel", "second/bias"]);
    expect(result.histories).toHaveLength(2);
    expect(result.history).toBe(result.histories[1]);
    expect(encoder.predict(x).shape).toEqual([ROWS, 4]);
  });
});

describe("pretraining.gan", () => {
  const generatorOf = (): Model =>
    sequential(
      [layers.dense({ units: 12, activation: "relu" }), layers.dense({ units: INPUTS, activation: "sigmoid" })],
      { inputShape: [3], seed: 2, engine },
    );

  it("trains in turn: the discriminator is frozen while the generator learns, and the encoder is its body", async () => {
    const [encoder, generator] = [encoderOf(), generatorOf()];
    // Each step reads the rate of one of the two optimizers: a clock that shows whose turn it is.
    const log: { encoder: string[]; generator: string[] }[] = [];
    let before = [encoder.getWeights(), generator.getWeights()] as const;
    const { optimizers } = await import("../../src/index.js");
    const learningRate = (): number => {
      const now = [encoder.getWeights(), generator.getWeights()] as const;
      log.push({ encoder: changed(before[0], now[0]), generator: changed(before[1], now[1]) });
      before = now;
      return 1e-3;
    };
    const epochs: number[] = [];
    const result = await pretraining.gan(encoder, x, {
      generator,
      epochs: 2,
      batchSize: 16,
      optimizer: optimizers.rmsprop({ learningRate }),
      onEpochEnd: (epoch) => void epochs.push(epoch),
    });
    // What changed before the first reading of a step was changed by the step before: discriminator, generator, …
    const turns = log.filter(({ encoder: e, generator: g }) => e.length + g.length > 0);
    expect(turns.length).toBeGreaterThanOrEqual(11);
    turns.forEach((turn, i) => {
      if (i % 2 === 0) expect([turn.encoder.length > 0, turn.generator]).toEqual([true, []]);
      else expect([turn.encoder, turn.generator.length > 0]).toEqual([[], true]);
    });
    expect(epochs).toEqual([0, 1]);
    expect(result.history.history["discriminatorLoss"]).toHaveLength(2);
    expect(result.history.history["generatorLoss"]!.every(Number.isFinite)).toBe(true);
    expect(result.discriminator.trainable).toBe(true);
    expect(result.discriminator.layers).toEqual(expect.arrayContaining([...encoder.layers]));
    expect(generator.predict(tensor(new Float32Array(6), [2, 3])).shape).toEqual([2, INPUTS]);
  });

  it("finds the place, the spread and the direction of a cloud, and leaves the discriminator in doubt", async () => {
    const random = seeded(12);
    const gauss = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const cloud = new Float32Array(1024);
    for (let r = 0; r < 512; r++) {
      const [u, v] = [gauss(), gauss()];
      cloud.set([0.5 + 0.4 * u, -0.3 + 0.2 * u + 0.1 * v], 2 * r);
    }
    const dense = (units: number) => layers.dense({ units, activation: "leakyRelu", kernelInitializer: "heNormal" });
    const encoder = sequential([dense(24), dense(12)], { inputShape: [2], seed: 5, engine });
    const generator = sequential([dense(16), layers.dense(2)], { inputShape: [4], seed: 6, engine });
    const { optimizers, schedules } = await import("../../src/index.js");
    const { discriminator } = await pretraining.gan(encoder, cloud, {
      generator,
      epochs: 80,
      // At a constant rate the two circle around the solution, and where they stand at the end is luck.
      optimizer: optimizers.adam({
        learningRate: schedules.polynomialDecay({ initial: 2e-3, end: 1e-5, decaySteps: 80 * 16 }),
        beta1: 0.5,
      }),
    });
    const drawn = generator.predict(tensor(Float32Array.from({ length: 4 * 512 }, gauss), [512, 4]));
    /** Means, and the covariance matrix. */
    const moments = (data: Float32Array): number[] => {
      const mean = [0, 1].map((j) => data.reduce((sum, value, i) => sum + (i % 2 === j ? value / 512 : 0), 0));
      const product = (j: number, k: number): number => {
        let sum = 0;
        for (let r = 0; r < 512; r++) sum += ((data[2 * r + j]! - mean[j]!) * (data[2 * r + k]! - mean[k]!)) / 512;
        return sum;
      };
      return [...mean, product(0, 0), product(1, 1), product(0, 1)];
    };
    const [found, wanted] = [moments(drawn.data), moments(cloud)];
    found.forEach((value, i) => expect(Math.abs(value - wanted[i]!)).toBeLessThan(i < 2 ? 0.15 : 0.08));
    const real = (data: Float32Array): number =>
      discriminator.predict(data).data.reduce((sum, p) => sum + Number(p > 0.5), 0) / 512;
    const right = (real(cloud) + 1 - real(drawn.data)) / 2;
    expect(right).toBeGreaterThan(0.4);
    expect(right).toBeLessThan(0.8);
  });

  it("is reproducible, and takes data of fewer rows than a batch as one", async () => {
    const run = async (): Promise<Tensor> => {
      const encoder = encoderOf();
      await pretraining.gan(encoder, x, { generator: generatorOf(), epochs: 1, batchSize: 100 });
      return encoder.getWeights().get("first/kernel")!;
    };
    expect(firstDifference((await run()).data, (await run()).data)).toBe(-1);
  });

  it("refuses a generator of another shape before anything is made", async () => {
    const generator = sequential([layers.dense(4)], { inputShape: [3], seed: 2, engine });
    await expect(pretraining.gan(encoderOf(), x, { generator })).rejects.toThrow(
      /generator must make rows of shape \[batch, 10\]\. Received: shape="\[batch, 4\]"/,
    );
    await expect(pretraining.gan(encoderOf(), x, {} as never)).rejects.toThrow(/must be a model/);
  });
});

describe("pretraining.pairs", () => {
  it("learns whether two rows are of one kind, with the encoder's layers for both", async () => {
    const random = seeded(9);
    const count = 128;
    const [a, b] = [new Float32Array(count * INPUTS), new Float32Array(count * INPUTS)];
    const same = new Float32Array(count);
    for (let r = 0; r < count; r++) {
      const [kindA, kindB] = [random() < 0.5, random() < 0.5];
      same[r] = Number(kindA === kindB);
      for (let j = 0; j < INPUTS; j++) {
        a[r * INPUTS + j] = (kindA ? 0.5 : -0.5) + 0.4 * (random() - 0.5);
        b[r * INPUTS + j] = (kindB ? 0.5 : -0.5) + 0.4 * (random() - 0.5);
      }
    }
    const encoder = encoderOf();
    const before = encoder.getWeights();
    const result = await pretraining.pairs(encoder, [a, b], same, { epochs: 25, batchSize: 16, verbose: 0 });
    expect(changed(before, encoder.getWeights())).toEqual(expect.arrayContaining(EVERY));
    expect(result.history.history["binaryAccuracy"]!.at(-1)!).toBeGreaterThan(0.8);
    // One kernel for each dense layer, and the unit on top.
    const kernels = result.siamese.parameters.filter(({ name }) => name.endsWith("/kernel"));
    expect(kernels).toHaveLength(3);
    await expect(pretraining.pairs(encoder, [a] as never, same)).rejects.toThrow(/data must be two arrays/);
  });
});

describe("recipes", () => {
  const options = { inputShape: [2, 5], hidden: [16, 8], outputs: 3, seed: 1, engine };

  it("deepNet: He, ELU, batch normalization in front of the activation", () => {
    const model = recipes.deepNet({ ...options, dropout: 0.2 });
    const kinds = model.layers.map(({ kind }) => kind);
    const block = ["dense", "batchNormalization", "activation", "dropout"];
    expect(kinds).toEqual(["flatten", ...block, ...block, "dense"]);
    expect([...model.getWeights().keys()]).not.toContain("dense/bias");
    const { kernelInitializer } = model.layers[1]!.options as unknown as { kernelInitializer: { name: string } };
    expect(kernelInitializer.name).toBe("heNormal");
    expect(
      recipes
        .deepNet({ ...options, batchNormalization: false })
        .getWeights()
        .has("dense/bias"),
    ).toBe(true);
  });

  it("selfNormalizingNet: LeCun, SELU, alpha dropout; mean 0 and variance 1 stay through 50 layers", () => {
    const deep = { ...options, inputShape: [50], hidden: new Array<number>(50).fill(100), outputs: 100 };
    const model = recipes.selfNormalizingNet({ ...deep, outputActivation: "linear", seed: 3 });
    const random = seeded(2);
    const gauss = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const y = model.predict(tensor(Float32Array.from({ length: 200 * 50 }, gauss), [200, 50])).data;
    const mean = y.reduce((sum, value) => sum + value, 0) / y.length;
    const variance = y.reduce((sum, value) => sum + (value - mean) ** 2, 0) / y.length;
    expect(Math.abs(mean)).toBeLessThan(0.3);
    expect(variance).toBeGreaterThan(0.5);
    expect(variance).toBeLessThan(2);
    const dropping = recipes.selfNormalizingNet({ ...options, dropout: 0.1 });
    expect(dropping.layers.filter(({ kind }) => kind === "alphaDropout")).toHaveLength(2);
  });

  it("refuse what they cannot make", () => {
    expect(() => recipes.deepNet({ ...options, hidden: [] })).toThrow(/hidden must list units/);
    expect(() => recipes.deepNet({ ...options, dropot: 0.1 } as never)).toThrow(/dropout/);
    expect(() => recipes.selfNormalizingNet({ ...options, batchNormalization: true } as never)).toThrow(
      /selfNormalizingNet/,
    );
    expect(() => recipes.deepNet({ ...options, inputShape: undefined } as never)).toThrow(/inputShape/);
  });
});
