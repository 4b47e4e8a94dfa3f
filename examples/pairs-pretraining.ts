/**
 * Pretraining on an auxiliary task: five kinds of Fashion-MNIST have labels in plenty, the other five only a few. An
 * encoder first learns to tell whether two images of the former are of one kind; then it goes under a classifier of the
 * latter.
 */
import { pretraining } from "lanewise";
import { accuracyOf, encoderOf, uniform, unit, type Pairs } from "./support/few-labels.js";
import { fashionNames, loadFashionMnist } from "./support/fashion-mnist.js";
import { meanAndStd, percent, rowsOf, sized, withLabels } from "./support/gallery.js";
import { savePicture } from "./support/picture.js";

const AUXILIARY = [1, 3, 5, 8, 9];
const TARGET = [0, 2, 4, 6, 7];
const PAIRS = sized(20_000, 100);
const SEEDS = sized(3, 1);
const { train, test } = loadFashionMnist();
const auxiliary = withLabels(train, AUXILIARY, sized(8000, 100));
const images = unit(auxiliary).data;
const target = withLabels(train, TARGET, 5000);
const targetTest = withLabels(test, TARGET, sized(5000, 100));
console.log(`pairs of ${AUXILIARY.map((kind) => fashionNames[kind]).join(", ")}`);
console.log(`then ${TARGET.map((kind) => fashionNames[kind]).join(", ")}`);

/** Half of the pairs are of one kind. */
function pairsOf(seed: number): Pairs {
  const random = uniform(seed);
  const byKind = AUXILIARY.map((_, kind) => [...auxiliary.y.keys()].filter((i) => auxiliary.y[i] === kind));
  const [a, b] = [new Float32Array(PAIRS * 784), new Float32Array(PAIRS * 784)];
  const same = Float32Array.from({ length: PAIRS }, () => Number(random() < 0.5));
  const pick = (kind: number): Float32Array => {
    const image = byKind[kind]![Math.floor(random() * byKind[kind]!.length)]!;
    return images.subarray(image * 784, (image + 1) * 784);
  };
  for (let r = 0; r < PAIRS; r++) {
    const kind = Math.floor(random() * 5);
    a.set(pick(kind), r * 784);
    b.set(pick(same[r] === 1 ? kind : (kind + 1 + Math.floor(random() * 4)) % 5), r * 784);
  }
  return { a, b, same };
}

const values: { labels: number; accuracy: number; start: string }[] = [];
const counts = [25, 50, 100, 200, 500, 1000].slice(0, sized(6, 2));
const found = new Map<string, number[]>();
for (let seed = 1; seed <= SEEDS; seed++) {
  const pretrained = encoderOf(seed);
  const { a, b, same } = pairsOf(seed);
  const { history } = await pretraining.pairs(pretrained, [a, b], same, {
    epochs: sized(5, 1),
    batchSize: 64,
    verbose: 0,
  });
  console.log(`seed ${seed}: pairs told apart ${percent(history.history["binaryAccuracy"]!.at(-1)!)}`);
  for (const labels of counts) {
    const few = rowsOf({ images: target.x, labels: { data: target.y } as never }, labels, (seed - 1) * 1000);
    for (const [start, encoder] of [
      ["from scratch", encoderOf(seed)],
      ["pretrained on pairs", pretrained.clone()],
    ] as const) {
      const key = `${start}|${labels}`;
      found.set(key, [...(found.get(key) ?? []), await accuracyOf(encoder, few, targetTest, 5, seed)]);
    }
  }
}
for (const [key, accuracies] of found) {
  const [start, labels] = key.split("|") as [string, string];
  const { mean, std } = meanAndStd(accuracies);
  values.push({ labels: Number(labels), accuracy: mean, start });
  console.log(`${labels} labels, ${start}: ${percent(mean)} ± ${percent(std)}`);
}

await savePicture("pairs-pretraining", {
  title: {
    text: "An auxiliary task: one kind or not?",
    subtitle: `accuracy on five other kinds of Fashion-MNIST; mean of ${SEEDS} seeds`,
  },
  data: { values },
  width: 420,
  height: 260,
  mark: { type: "line", point: true },
  encoding: {
    x: { field: "labels", type: "quantitative", scale: { type: "log" }, title: "labelled images" },
    y: { field: "accuracy", type: "quantitative", scale: { zero: false }, axis: { format: "%" } },
    color: { field: "start", type: "nominal", title: null },
  },
});
