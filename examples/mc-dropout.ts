/**
 * MC dropout: a net that has learnt digits says how sure it is, of digits and of pictures of clothes. The entropy of the
 * mean of 100 passes with dropout on tells the two apart.
 */
import { layers, optimizers, sequential } from "lanewise";
import { accuracyOfRows, auroc, entropyOfRows, meanAndStd, percent, rowsOf, sized } from "./support/gallery.js";
import { loadFashionMnist } from "./support/fashion-mnist.js";
import { loadMnist } from "./support/mnist.js";
import { savePicture } from "./support/picture.js";

const digits = loadMnist();
const train = rowsOf(digits.train, sized(40_000, 320));
const test = rowsOf(digits.test, sized(5000, 60));
const clothes = rowsOf(loadFashionMnist().test, sized(2000, 60));

const hidden = (units: number) => [
  layers.dense({ units, activation: "relu", kernelInitializer: "heNormal" }),
  layers.dropout(0.4),
];
const model = sequential(
  [
    layers.rescaling({ scale: 1 / 255 }),
    layers.flatten(),
    ...hidden(256),
    ...hidden(128),
    layers.dense({ units: 10, activation: "softmax" }),
  ],
  { inputShape: [28, 28], seed: 42 },
);
model.compile({ optimizer: optimizers.nadam(), loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
await model.fit(train.x, train.y, { epochs: sized(6, 1), verbose: 0 });

const plain = model.predict(test.x);
const sampled = model.predictMC(test.x, { samples: 100, seed: 1 });
const strange = model.predictMC(clothes.x, { samples: 100, seed: 1 });
console.log(
  `accuracy on digits: ${percent(accuracyOfRows(sampled.mean, test.y), 2)} with MC dropout, ${percent(accuracyOfRows(plain, test.y), 2)} plain`,
);
const of = ({ data }: { data: Float32Array }): string => meanAndStd(data).mean.toFixed(3);
console.log(`mean entropy in nats: digits ${of(sampled.entropy)}, clothes ${of(strange.entropy)}`);
const plainArea = auroc(entropyOfRows(plain), entropyOfRows(model.predict(clothes.x)));
console.log(
  `AUROC of the entropy, clothes against digits: ${auroc(sampled.entropy.data, strange.entropy.data).toFixed(4)}`,
);
console.log(
  `AUROC of the mutual information: ${auroc(sampled.mutualInformation.data, strange.mutualInformation.data).toFixed(4)}`,
);
console.log(`AUROC of a plain prediction's entropy: ${plainArea.toFixed(4)}`);

const kinds = [["digits", sampled], ["clothes", strange]] as const; // prettier-ignore
const entropies = kinds.flatMap(([kind, { entropy }]) =>
  Array.from(entropy.data, (value) => ({ kind, entropy: value, share: 1 / entropy.size })),
);
const bars = kinds.flatMap(([kind, { mean, std }]) =>
  [0, 1, 2].flatMap((image) =>
    Array.from({ length: 10 }, (_, digit) => {
      const [p, s] = [mean.at(image, digit), std.at(image, digit)];
      return { image: `${kind} ${image + 1}`, kind, digit, p, low: Math.max(0, p - s), high: Math.min(1, p + s) };
    }),
  ),
);
await savePicture("mc-dropout", {
  title: {
    text: "MC dropout: a digit net that sees digits and clothes",
    subtitle: ["above: share of images by predictive entropy;", "below: probability of each digit and its spread"],
  },
  vconcat: [
    {
      data: { values: entropies },
      width: 560,
      height: 150,
      mark: { type: "bar", opacity: 0.6 },
      encoding: {
        x: { field: "entropy", type: "quantitative", bin: { maxbins: 46 }, title: "predictive entropy (nats)" },
        y: { aggregate: "sum", field: "share", stack: null, axis: { format: "%" }, title: "share of images" },
        color: { field: "kind", type: "nominal", title: null, sort: ["digits", "clothes"], legend: { orient: "top" } },
      },
    },
    {
      data: { values: bars },
      facet: { field: "image", type: "nominal", title: null, sort: bars.map(({ image }) => image) },
      columns: 3,
      spec: {
        width: 165,
        height: 90,
        encoding: { x: { field: "digit", type: "ordinal", title: null, axis: { labelAngle: 0 } } },
        layer: [
          {
            mark: { type: "bar" },
            encoding: {
              y: { field: "p", type: "quantitative", scale: { domain: [0, 1] }, title: null },
              color: { field: "kind", type: "nominal", sort: ["digits", "clothes"] },
            },
          },
          { mark: "rule", encoding: { y: { field: "low", type: "quantitative" }, y2: { field: "high" } } },
        ],
      },
    },
  ],
});
