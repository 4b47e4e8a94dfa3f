/** What layers.py wrote: each layer of Keras 3 on one batch. */
import { readFileSync } from "node:fs";

export interface GoldenArray {
  shape: number[];
  values: number[];
}

export interface GoldenLayer {
  kind: string;
  options: Record<string, unknown>;
  inputs: GoldenArray[];
  /** Data that `normalization` was adapted to. */
  adapt?: GoldenArray;
  /** Named `layer/kernel` and so on. */
  weights: Record<string, GoldenArray>;
  output: GoldenArray;
  /** Output in inference mode, where it differs. */
  inference?: number[];
  /** Regularization penalties. */
  penalty: number;
  upstream: number[];
  inputGradients: number[][];
  gradients: Record<string, number[]>;
  /** Weights that are not learned, after the training step. */
  after: Record<string, number[]>;
}

const text = readFileSync(new URL("layers.json", import.meta.url), "utf8");

export const goldenLayers = (JSON.parse(text) as { cases: GoldenLayer[] }).cases;

/** A title for each case that tells it from the others. */
export function titleOf({ kind, options, inputs }: GoldenLayer): string {
  return `${kind} ${JSON.stringify(options)} on ${inputs.map(({ shape }) => `[${shape.join(", ")}]`).join(" and ")}`;
}
