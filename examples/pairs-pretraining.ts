/**
 * Pretraining on an auxiliary task: five kinds of Fashion-MNIST have labels in plenty, the other five only a few. An
 * encoder first learns to tell whether two images of the former are of one kind; then it goes under a classifier of the
 * latter.
 */
import { pretraining, type Model } from "lanewise";
import { accuracyOf, bestFineTuning, encoderOf, summarize, uniform, unit, type Pairs } from "./support/few-labels.js";
import { fashionNames, loadFashionMnist } from "./support/fashion-mnist.js";
import { part, percent, sized, withLabels } from "./support/gallery.js";
import { saveAccuracyByLabels } from "./support/picture.js";

const AUXILIARY = [1, 3, 5, 8, 9];
const TARGET = [0, 2, 4, 6, 7];
const PAIRS = sized(20_000, 100);
const SEEDS = sized(5, 1);
const { train, test } = loadFashionMnist();
const auxiliary = withLabels(train, AUXILIARY, sized(8000, 100));
const images = unit(auxiliary).data;
const target = withLabels(train, TARGET, 11_000);
/** 1000 images for each seed, 3000 to choose the fine-tuning with, and 3000 to choose by. */
const labelled = (set: number, labels: number) => part(target, set * 1000, labels);
const validation = labelled(8, sized(3000, 100));
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

async function pretrained(seed: number): Promise<Model> {
  const encoder = encoderOf(seed);
  const { a, b, same } = pairsOf(seed);
  const { history } = await pretraining.pairs(encoder, [a, b], same, {
    epochs: sized(5, 1),
    batchSize: 64,
    verbose: 0,
  });
  console.log(`seed ${seed}: pairs told apart ${percent(history.history["binaryAccuracy"]!.at(-1)!)}`);
  return encoder;
}

const values: { labels: number; accuracy: number; way: string }[] = [];
const seeds = Array.from({ length: SEEDS }, (_, seed) => seed);
const starts: [string, Model[], Model][] = [["from scratch", seeds.map(encoderOf), encoderOf(100)]];
const encoders: Model[] = [];
for (const seed of seeds) encoders.push(await pretrained(seed));
starts.push(["pretrained on pairs", encoders, await pretrained(100)]);
for (const labels of [25, 50, 100, 200].slice(0, sized(4, 2))) {
  for (const [start, encoders, another] of starts) {
    const sets = [5, 6, 7].slice(0, sized(3, 1)).map((set) => labelled(set, labels));
    const best = await bestFineTuning(another, sets, validation);
    const accuracies: number[] = [];
    for (const [seed, encoder] of encoders.entries())
      accuracies.push(await accuracyOf(encoder, labelled(seed, labels), targetTest, seed, best));
    const { mean } = summarize(`${labels} labels, ${start}`, accuracies, Object.values(best).join(", "));
    values.push({ labels, accuracy: mean, way: start });
  }
}

const title = {
  text: "An auxiliary task: one kind or not?",
  subtitle: `accuracy on five other kinds of Fashion-MNIST; mean of ${SEEDS} seeds`,
};
await saveAccuracyByLabels("pairs-pretraining", title, values);
