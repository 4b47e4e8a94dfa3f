/**
 * `npm start`: a deep net learns to read all 60,000 handwritten digits of MNIST, then says of which test digits it is
 * most and least certain, by 100 passes with dropout on (MC dropout), and draws the run.
 */
import { info, tensor, type Callback, type Tensor } from "lanewise";
import type { TopLevelSpec } from "vega-lite";
import { loadMnist } from "./support/mnist.js";
import { mnistNet } from "./support/mnist-net.js";
import { pixelsOf, savePicture } from "./support/picture.js";
import { crop, imageLines, sideBySide } from "./support/terminal.js";

/** `--quick`: a look at everything in seconds, with a net that has hardly learnt. */
const QUICK = process.argv.includes("--quick");
const EPOCHS = QUICK ? 1 : 5;
const BATCH = 32;
/** Batches for each point of the training curve. */
const WINDOW = QUICK ? 5 : 125;
const SIDE = 28;
const SHOWN = 3;

interface Point {
  epoch: number;
  set: "training" | "test";
  loss: number;
  accuracy: number;
}

/** A test digit with what 100 passes say of it. */
interface Digit {
  index: number;
  label: number;
  image: Uint8Array;
  /** Mean and standard deviation of the probability of each class. */
  mean: number[];
  std: number[];
  entropy: number;
}

const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;

/** Points of the curves. The logs of a batch are means since the epoch began: a window's mean is their difference. */
function curve(points: Point[]): Callback {
  let before = { batches: 0, loss: 0, accuracy: 0 };
  return {
    onEpochBegin() {
      before = { batches: 0, loss: 0, accuracy: 0 };
    },
    onBatchEnd(batch, logs, { steps = 1 }) {
      const batches = batch + 1;
      if (batches % WINDOW !== 0) return;
      const [loss, accuracy] = [logs["loss"]! * batches, logs["accuracy"]! * batches];
      const count = batches - before.batches;
      const done = points.filter(({ set }) => set === "test").length;
      points.push({
        epoch: done + (batches - count / 2) / steps,
        set: "training",
        loss: (loss - before.loss) / count,
        accuracy: (accuracy - before.accuracy) / count,
      });
      before = { batches, loss, accuracy };
    },
    onEpochEnd(epoch, logs) {
      points.push({ epoch: epoch + 1, set: "test", loss: logs["val_loss"]!, accuracy: logs["val_accuracy"]! });
    },
  };
}

/** The digits of lowest and of highest entropy; of the certain ones, one for each label. */
function extremes(images: Tensor<Uint8Array>, labels: Tensor<Uint8Array>, result: Uncertainty): Digit[][] {
  const order = Array.from(result.entropy.data.keys()).sort((a, b) => result.entropy.at(a) - result.entropy.at(b));
  const digit = (index: number): Digit => ({
    index,
    label: labels.at(index),
    image: images.data.subarray(index * SIDE * SIDE, (index + 1) * SIDE * SIDE),
    mean: Array.from(result.mean.data.subarray(index * 10, (index + 1) * 10)),
    std: Array.from(result.std.data.subarray(index * 10, (index + 1) * 10)),
    entropy: result.entropy.at(index),
  });
  const certain: Digit[] = [];
  for (const index of order) {
    if (certain.length === SHOWN) break;
    if (!certain.some(({ label }) => label === labels.at(index))) certain.push(digit(index));
  }
  return [certain, order.slice(-SHOWN).reverse().map(digit)];
}

interface Uncertainty {
  mean: Tensor;
  std: Tensor;
  entropy: Tensor;
}

/** A digit for the terminal, with the likeliest classes under it. */
function block({ image, label, mean, std }: Digit): string[] {
  const lines = imageLines(crop(image, SIDE, 2), SIDE - 4);
  const likeliest = [...mean.keys()].sort((a, b) => mean[b]! - mean[a]!).slice(0, 2);
  const says = likeliest.map((k) => `  ${k}: ${percent(mean[k]!)} ± ${percent(std[k]!)}`);
  return [...lines, `labelled ${label}, the net says`, ...says].map((line, i) =>
    i < lines.length ? line : line.padEnd(SIDE - 4),
  );
}

/** MNIST's first training and test digits. */
function firstDigits(training: number, testing: number): ReturnType<typeof loadMnist> {
  const { train, test } = loadMnist();
  const first = ({ images, labels }: typeof train, n: number) => ({
    images: tensor(images.data.subarray(0, n * SIDE * SIDE), [n, SIDE, SIDE]),
    labels: tensor(labels.data.subarray(0, n)),
  });
  return { train: first(train, training), test: first(test, testing) };
}

function picture(points: Point[], digits: Digit[][], title: string): TopLevelSpec {
  const color = {
    field: "set",
    type: "nominal",
    sort: ["training", "test"],
    legend: { orient: "top", title: null },
  } as const;
  const panel = (field: "loss" | "accuracy") => ({
    width: 420,
    height: 220,
    layer: [
      { transform: [{ filter: "datum.set == 'training'" }], mark: { type: "line", strokeWidth: 1.5 } },
      { transform: [{ filter: "datum.set == 'test'" }], mark: { type: "line", point: { size: 60 } } },
    ],
    encoding: {
      x: { field: "epoch", type: "quantitative", scale: { domain: [0, EPOCHS] }, axis: { tickCount: EPOCHS } },
      y: {
        field,
        type: "quantitative",
        scale: { zero: false },
        ...(field === "accuracy" ? { axis: { format: ".1%" } } : {}),
      },
      color,
    },
  });
  const digit = (of: Digit) => ({
    title: { text: `labelled ${of.label}`, anchor: "middle", fontSize: 11, fontWeight: "normal" },
    vconcat: [
      {
        width: 112,
        height: 112,
        view: { stroke: "#cfd8dc" },
        data: { values: pixelsOf(of.image, SIDE, {}) },
        mark: { type: "rect" },
        encoding: {
          x: { field: "column", type: "ordinal", scale: { domain: [...Array(SIDE).keys()] }, axis: null },
          y: { field: "row", type: "ordinal", scale: { domain: [...Array(SIDE).keys()] }, axis: null },
          color: {
            field: "ink",
            type: "quantitative",
            scale: { domain: [0, 1], range: ["#ffffff", "#000000"] },
            legend: null,
          },
        },
      },
      {
        width: 112,
        height: 70,
        data: {
          values: of.mean.map((mean, k) => ({
            digit: k,
            mean,
            low: Math.max(mean - of.std[k]!, 0),
            high: Math.min(mean + of.std[k]!, 1),
            right: k === of.label,
          })),
        },
        encoding: { x: { field: "digit", type: "ordinal", axis: { labelAngle: 0, title: null, ticks: false } } },
        layer: [
          {
            mark: { type: "bar" },
            encoding: {
              y: {
                field: "mean",
                type: "quantitative",
                scale: { domain: [0, 1] },
                axis: { format: ".0%", title: null, values: [0, 0.5, 1] },
              },
              color: {
                condition: { test: "datum.right", value: "#2e7d32" },
                value: "#90a4ae",
              },
            },
          },
          {
            mark: { type: "rule", color: "#263238" },
            encoding: { y: { field: "low", type: "quantitative" }, y2: { field: "high" } },
          },
        ],
      },
    ],
    spacing: 8,
  });
  const names = ["Most certain", "Least certain"];
  return {
    title: {
      text: title,
      subtitle: "Probabilities: mean ± standard deviation of 100 passes with dropout on; green: the label",
    },
    vconcat: [
      { data: { values: points }, hconcat: [panel("loss"), panel("accuracy")] },
      {
        hconcat: digits.map((row, i) => ({ title: names[i]!, hconcat: row.map(digit), spacing: 12 })),
        spacing: 32,
        resolve: { scale: { color: "independent" } },
      },
    ],
    spacing: 24,
    resolve: { scale: { color: "independent" } },
  } as unknown as TopLevelSpec;
}

const { train, test } = QUICK ? firstDigits(4000, 1000) : loadMnist();
const { build, fused, threads } = info();
const steps = EPOCHS * Math.ceil(train.images.shape[0]! / BATCH);
const model = mnistNet(42, steps);
console.log(model.summary());
console.log(
  `\n${train.images.shape[0]} digits, ${EPOCHS} epochs, batch ${BATCH}: ${build} build, multiply-add ` +
    `${fused ? "fused" : "not fused"}, ${threads} thread${threads === 1 ? "" : "s"}\n`,
);

const points: Point[] = [];
const started = performance.now();
await model.fit(train.images, train.labels, {
  epochs: EPOCHS,
  batchSize: BATCH,
  validationData: [test.images, test.labels],
  callbacks: [curve(points)],
  verbose: process.stdout.isTTY ? 1 : 2,
});
const seconds = (performance.now() - started) / 1000;
const { accuracy } = model.evaluate(test.images, test.labels) as { accuracy: number };
const rate = Math.round((EPOCHS * train.images.shape[0]!) / seconds).toLocaleString("en");
console.log(`\nTest accuracy ${percent(accuracy, 2)} after ${seconds.toFixed(1)} s: ${rate} digits a second\n`);

const uncertain = model.predictMC(test.images, { samples: 100 }) as Uncertainty;
const right = uncertain.mean.argMax().data.filter((digit, i) => digit === test.labels.at(i)).length;
console.log(`MC dropout, mean of 100 passes: ${percent(right / test.labels.size, 2)}`);
const digits = extremes(test.images, test.labels, uncertain);
for (const [i, name] of ["most", "least"].entries()) {
  console.log(`\nThe digits of which it is ${name} certain:\n${sideBySide(digits[i]!.map(block))}`);
}
const title = `784-300-100-10 on MNIST: ${percent(accuracy, 2)} of the test digits after ${seconds.toFixed(0)} s`;
const { svg, png } = await savePicture("mnist", picture(points, digits, title));
console.log(`\nPicture of the run: ${svg} and ${png}`);
