/**
 * A GAN: a generator learns to draw digits that a discriminator takes for real ones. The same codes drawn after more and
 * more epochs; whether the two stay in balance; and how many of each digit a classifier sees among what is drawn.
 */
import { layers, optimizers, pretraining, sequential, tensor, type Tensor } from "lanewise";
import { normal, unit } from "./support/few-labels.js";
import { meanAndStd, percent, rowsOf, sized } from "./support/gallery.js";
import { loadMnist } from "./support/mnist.js";
import { pixelsOf, savePicture } from "./support/picture.js";

const CODES = 32;
const EPOCHS = sized(16, 2);
const BATCH = 32;
const digits = loadMnist();
const train = rowsOf(digits.train, sized(20_000, 200));
const test = rowsOf(digits.test, sized(2000, 50));
const [x, testX] = [unit(train), unit(test)];

const dense = (units: number) => layers.dense({ units, activation: "leakyRelu", kernelInitializer: "heNormal" });
const generator = sequential([dense(64), dense(128), layers.dense({ units: 784, activation: "sigmoid" })], {
  inputShape: [CODES],
  seed: 1,
});
// Dropout keeps the discriminator from growing so sure that the generator learns nothing from it.
const encoder = sequential([dense(128), layers.dropout(0.3), dense(64), layers.dropout(0.3)], {
  inputShape: [784],
  seed: 2,
});
const classifier = sequential([dense(128), layers.dense({ units: 10, activation: "softmax" })], {
  inputShape: [784],
  seed: 3,
});
classifier.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
await classifier.fit(x, train.y, { epochs: sized(5, 1), verbose: 0 });
console.log(`the classifier that judges: ${percent(classifier.evaluate(testX, test.y)["accuracy"]!)} of test digits`);

const codes = tensor(Float32Array.from({ length: 1000 * CODES }, normal(4)), [1000, CODES]);
const SHOWN = 14;
const shown = [0, 1, 3, 7, 15].filter((epoch) => epoch < EPOCHS);
const values: object[] = [];
const { history, discriminator } = await pretraining.gan(encoder, x, {
  generator,
  epochs: EPOCHS,
  batchSize: BATCH,
  optimizer: optimizers.adam({ learningRate: 1e-3, beta1: 0.5 }),
  onEpochEnd(epoch) {
    const row = shown.indexOf(epoch);
    if (row < 0) return;
    const drawn = generator.predict(codes).data;
    for (let at = 0; at < SHOWN; at++) {
      const image = Uint8Array.from(drawn.subarray(at * 784, (at + 1) * 784), (ink) => Math.round(255 * ink));
      for (const { column, row: y, ink } of pixelsOf(image, 28, {}))
        values.push({ x: 28 * at + column, y, ink, epoch: `epoch ${epoch + 1}` });
    }
  },
});

const drawn = generator.predict(codes);
const real = (images: Tensor) => meanAndStd(discriminator.predict(images).data.map((p) => Number(p > 0.5))).mean;
const { discriminatorLoss, generatorLoss } = history.history as Record<string, number[]>;
const last = (losses: number[] | undefined) => losses!.at(-1)!.toFixed(2);
console.log(`loss of the discriminator ${last(discriminatorLoss)}, of the generator ${last(generatorLoss)}`);
console.log(
  `the discriminator is right about ${percent(real(testX))} of the test digits, ${percent(1 - real(drawn))} of those drawn`,
);
const judged = classifier.predict(drawn);
const counts = Array.from({ length: 10 }, (_, digit) => judged.argMax().data.filter((found) => found === digit).length);
console.log(`of 1000 drawn, the classifier sees ${counts.map((count, digit) => `${count} x ${digit}`).join(", ")}`);

await savePicture("gan", {
  title: { text: "Digits that a GAN draws", subtitle: `the same ${SHOWN} codes after more and more epochs` },
  data: { values: values as Record<string, unknown>[] },
  facet: {
    row: {
      field: "epoch",
      type: "nominal",
      title: null,
      sort: shown.map((epoch) => `epoch ${epoch + 1}`),
      header: { labelAngle: 0, labelAlign: "left" },
    },
  },
  spec: {
    width: SHOWN * 28 * 2,
    height: 56,
    mark: { type: "rect", color: "#263238", binSpacing: 0 },
    encoding: {
      x: { field: "x", type: "quantitative", bin: { step: 1 }, axis: null },
      y: { field: "y", type: "ordinal", axis: null, scale: { domain: Array.from({ length: 28 }, (_, i) => i) } },
      opacity: { field: "ink", type: "quantitative", scale: { domain: [0, 1], range: [0, 1] }, legend: null },
    },
  },
});
