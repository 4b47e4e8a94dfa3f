/**
 * Test accuracy of the net of `npm start` over five seeds, 5 epochs at batch 32:
 * `npm run accuracy [-- seeds]`.
 */
import { info } from "lanewise";
import { loadMnist } from "../examples/support/mnist.js";
import { mnistNet } from "../examples/support/mnist-net.js";

const [EPOCHS, BATCH] = [5, 32];
const seeds = (process.argv[2] ?? "1,2,3,4,5").split(",").map(Number);
const { train, test } = loadMnist();
console.log(
  `784-300-100-10, BN, ELU, He, dropout .2, Nadam, 1cycle; ${EPOCHS} epochs, batch ${BATCH}; ${info().build} build`,
);
const accuracies: number[] = [];
for (const seed of seeds) {
  const model = mnistNet(seed, EPOCHS * Math.ceil(60_000 / BATCH));
  const started = performance.now();
  await model.fit(train.images, train.labels, { epochs: EPOCHS, batchSize: BATCH, verbose: 0 });
  const seconds = (performance.now() - started) / 1000;
  const { accuracy } = model.evaluate(test.images, test.labels) as { accuracy: number };
  accuracies.push(accuracy);
  console.log(`seed ${seed}: ${(100 * accuracy).toFixed(2)} %  (${seconds.toFixed(1)} s)`);
  model.dispose();
}
const mean = accuracies.reduce((sum, value) => sum + value, 0) / accuracies.length;
console.log(`mean of ${accuracies.length}: ${(100 * mean).toFixed(2)} %`);
