/** `npm run gallery`: runs every example that draws a picture, and writes runs/index.html with all of them. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

/** Name, title, and the program. */
const examples: readonly (readonly [name: string, title: string, run: () => Promise<unknown>])[] = [
  ["gradient-sizes", "Vanishing gradients", () => import("./gradient-sizes.js")],
  ["activation-spread", "Initialization", () => import("./activation-spread.js")],
  ["activation-curves", "Activations", () => import("./activation-curves.js")],
  ["self-normalization", "Self-normalization", () => import("./self-normalization.js")],
  ["batch-normalization", "Batch normalization", () => import("./batch-normalization.js")],
  ["transfer-learning", "Transfer learning", () => import("./transfer-learning.js")],
  ["unsupervised-pretraining", "Unsupervised pretraining", () => import("./unsupervised-pretraining.js")],
  ["gan", "A GAN", () => import("./gan.js")],
  ["pairs-pretraining", "Pretraining on an auxiliary task", () => import("./pairs-pretraining.js")],
  ["optimizers", "Optimizers", () => import("./optimizers.js")],
  ["schedules", "Learning-rate schedules", () => import("./schedules.js")],
  ["learning-rate-range", "Learning-rate range test", () => import("./learning-rate-range.js")],
  ["dropout", "Dropout", () => import("./dropout.js")],
  ["mc-dropout", "MC dropout", () => import("./mc-dropout.js")],
];

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

const sections: string[] = [];
const { log } = console;
for (const [name, title, run] of examples) {
  const start = performance.now();
  const lines: string[] = [];
  console.log = (...values: unknown[]) => void lines.push(values.join(" "));
  try {
    await run();
  } finally {
    console.log = log;
  }
  log(`\n${title} (npm run example -- ${name}), ${((performance.now() - start) / 1000).toFixed(1)} s`);
  for (const line of lines) log(`  ${line}`);
  const picture = readFileSync(`runs/${name}.svg`, "utf8");
  sections.push(
    `<section id="${name}"><h2>${title}</h2><code>npm run example -- ${name}</code>` +
      `${picture}<pre>${escaped(lines.join("\n"))}</pre></section>`,
  );
}
mkdirSync("runs", { recursive: true });
writeFileSync(
  "runs/index.html",
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>lanewise: gallery</title><link rel="icon" href="data:,">
<style>body{font:16px/1.5 "DejaVu Sans",sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#263238}
svg{max-width:100%;height:auto;display:block;margin:1rem 0}pre{background:#eceff1;padding:1rem;overflow:auto}</style>
<h1>Training deep nets, drawn from real runs</h1>
${sections.join("\n")}</html>
`,
);
log("\nruns/index.html");
