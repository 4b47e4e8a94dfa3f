/**
 * The tables of the README, derived from the tables in the code. `npm run docs` writes them between their markers;
 * test/docs.test.ts fails if the README has others.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { format, resolveConfig } from "prettier";
import { activationDefinitions } from "../src/activations.js";
import { constraints } from "../src/constraints.js";
import { datasets } from "../src/datasets/index.js";
import { callbacks } from "../src/diagnostics/callbacks.js";
import { initializers } from "../src/initializers.js";
import { layers } from "../src/layers/index.js";
import { losses } from "../src/losses/index.js";
import { metrics } from "../src/metrics/index.js";
import { optimizers } from "../src/optimizers/index.js";
import { regularizers } from "../src/regularizers.js";
import { schedules } from "../src/schedules/index.js";

const families = {
  layers,
  initializers,
  regularizers,
  constraints,
  losses,
  metrics,
  optimizers,
  schedules,
  callbacks,
  datasets,
};

const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ");

function familyTable(): string {
  const rows = Object.entries(families).map(([family, table]) => `| \`${family}\` | ${code(Object.keys(table))} |`);
  const activationRow = `| \`activations\` | ${code(Object.keys(activationDefinitions))} |`;
  return ["| family | what there is |", "| --- | --- |", rows[0], activationRow, ...rows.slice(1)].join("\n");
}

/** Where an optimizer comes from: the end of its doc comment. */
function sourceOf(optimizer: string): string {
  const file = `src/optimizers/${optimizer.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.ts`;
  const source = / \* Source: ([^/]*)\n \*\/\nexport const/.exec(readFileSync(file, "utf8"))?.[1];
  if (source === undefined) throw new Error(`readme-tables: the comment in ${file} does not end with its source`);
  return source.replace(/\n \* /g, " ");
}

function optimizerTable(): string {
  const show = (values: object): string =>
    Object.entries(values)
      .map(([name, value]) => `${name} ${value}`)
      .join(", ");
  const rows = Object.entries(optimizers).map(([name, { definition }]) => {
    const { defaults, torch, weightDecay } = definition;
    const keras = show({ ...defaults, ...(weightDecay === undefined ? {} : { weightDecay }) });
    const other = torch === undefined ? "no such optimizer" : show(torch) || "the same";
    return `| \`${name}\` | ${keras} | ${other} | ${sourceOf(name)} |`;
  });
  return ['| optimizer | defaults | with `compat: "torch"` | source |', "| --- | --- | --- | --- |", ...rows].join(
    "\n",
  );
}

/** Where each topic of the field is: chapter topic, what to call, and the files that do it. */
const topics: readonly (readonly [topic: string, names: string, ...files: string[]])[] = [
  [
    "Vanishing and exploding gradients",
    "`callbacks.gradientMonitor`, `gradientReport`",
    "src/diagnostics/gradient-monitor.ts",
    "src/diagnostics/gradient-warnings.ts",
  ],
  ["Initialization", "`initializers`", "src/initializers.ts", "assembly/random.ts"],
  ["Activations", "`activations`, `layers.activation`", "src/activations.ts", "assembly/activations"],
  ["Learned and random slopes", "`layers.prelu`, `layers.rrelu`", "src/layers/prelu.ts", "src/layers/rrelu.ts"],
  [
    "Self-normalization",
    "`layers.alphaDropout`, `recipes.selfNormalizingNet`",
    "src/layers/alpha-dropout.ts",
    "src/reuse/recipes.ts",
  ],
  ["Batch normalization", "`layers.batchNormalization`", "src/layers/batch-normalization.ts", "assembly/batch-norm.ts"],
  ["Layer normalization", "`layers.layerNormalization`", "src/layers/layer-normalization.ts", "assembly/layer-norm.ts"],
  ["Folding batch normalization", "`foldBatchNormalization`", "src/reuse/fold-batch-normalization.ts"],
  [
    "Gradient clipping",
    "`clipValue`, `clipNorm`, `globalClipNorm` of any optimizer",
    "src/clipping.ts",
    "assembly/clipping.ts",
  ],
  ["Transfer learning", "`trainable`, `clone`, `setWeights`", "src/models/model.ts", "src/models/clone.ts"],
  [
    "Autoencoders, greedy pretraining",
    "`pretraining.autoencoder`, `pretraining.greedy`",
    "src/reuse/autoencoder.ts",
    "src/reuse/greedy.ts",
  ],
  ["Pretraining with a GAN", "`pretraining.gan`", "src/reuse/gan.ts"],
  ["Auxiliary task: pairs", "`pretraining.pairs`", "src/reuse/pairs.ts"],
  ["Optimizers", "`optimizers`", "src/optimizers", "assembly/optimizers"],
  ["Learning-rate schedules, 1cycle", "`schedules`", "src/schedules"],
  ["Learning-rate range test", "`findLearningRate`", "src/diagnostics/find-learning-rate.ts"],
  ["l1 and l2 regularization", "`regularizers`", "src/regularizers.ts", "assembly/regularizers.ts"],
  ["Dropout", "`layers.dropout`", "src/layers/dropout.ts", "assembly/dropout.ts"],
  ["Monte Carlo dropout", "`model.predictMC`", "src/models/predict-mc.ts"],
  ["Max-norm and other constraints", "`constraints`", "src/constraints.ts", "assembly/constraints.ts"],
  ["Early stopping, plateau, checkpoints", "`callbacks`", "src/callbacks"],
  ["Practical guidelines", "`recipes.deepNet`, `recipes.selfNormalizingNet`", "src/reuse/recipes.ts"],
  ["Losses", "`losses`", "src/losses", "assembly/losses"],
  ["Metrics", "`metrics`", "src/metrics"],
  ["Merging branches", "`layers.add`, `layers.concatenate`, ...", "src/layers/merge.ts", "src/layers/concatenate.ts"],
  [
    "Standardizing inputs",
    "`layers.normalization`, `layers.rescaling`, `datasets.standardize`",
    "src/layers/normalization.ts",
    "src/datasets/standardize.ts",
  ],
  ["Training loop", "`model.fit`, `model.trainOnBatch`", "src/models/fit.ts", "src/models/train.ts"],
  ["Model files", "`saveModel`, `loadModel`", "src/formats/save-model.ts", "src/formats/load-model.ts"],
  ["Exponentials, logarithms and their kin", "`lanewise/kernels`", "assembly/vmath.ts"],
  ["Random numbers", "`seed` of a model", "src/random.ts", "assembly/random.ts"],
  ["Matrix products", "`lanewise/kernels`", "assembly/gemm"],
  ["Choosing and unpacking a build", "`init`, `info`", "src/runtime/engine.ts", "assembly/packed"],
  ["Threads", "`init({ threads })`", "src/runtime/split.ts", "src/runtime/pool.ts"],
];

function topicTable(): string {
  const rows = topics.map(([topic, names, ...files]) => {
    for (const file of files)
      if (!existsSync(file)) throw new Error(`readme-tables: ${topic} names ${file}, which is not there`);
    return `| ${topic} | ${names} | ${files.map((file) => `[${file}](${file})`).join(", ")} |`;
  });
  return ["| topic | call | file |", "| --- | --- | --- |", ...rows].join("\n");
}

/** Each table by the name of its marker. */
export function renderTables(): Record<string, string> {
  return { families: familyTable(), optimizers: optimizerTable(), topics: topicTable() };
}

/** The text with each marked table replaced, formatted as the project is. */
export async function withTables(text: string): Promise<string> {
  const replaced = Object.entries(renderTables()).reduce((result, [name, table]) => {
    const [begin, end] = [`<!-- ${name} -->`, `<!-- end ${name} -->`];
    const [from, to] = [result.indexOf(begin), result.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`readme-tables: README.md has no markers ${begin} and ${end}`);
    return `${result.slice(0, from)}${begin}\n\n${table}\n\n${result.slice(to)}`;
  }, text);
  return format(replaced, { ...(await resolveConfig("README.md")), parser: "markdown" });
}

if (process.argv.includes("--write")) writeFileSync("README.md", await withTables(readFileSync("README.md", "utf8")));
