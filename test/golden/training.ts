/** What training.py and training-torch.py wrote: whole trainings of small nets, step by step. */
import { readFileSync } from "node:fs";
import type { GoldenArray } from "./layers.js";
import type { NetDescription, Options } from "./nets.js";

export interface GoldenTraining {
  net: NetDescription & {
    targets: string[];
    loss: unknown[];
    lossWeights?: number[];
    optimizer: { name: string; options: Options };
    classWeight?: Record<string, number>;
  };
  x: GoldenArray[];
  y: GoldenArray[];
  /** One array per output. */
  sampleWeights: GoldenArray[] | null;
  initial: Record<string, GoldenArray>;
  /** Of each step, penalties included. */
  losses: number[];
  /** Of each step and output, where there are several. */
  outputLosses: number[][];
  final: Record<string, GoldenArray>;
  /** On all of x, in inference mode, for each output. */
  predictions: number[][];
}

/** Trainings by name, and the rows of a batch: step s takes `batch` rows from s * batch on, around the end. */
export function readTrainings(file: string): { batch: number; nets: Record<string, GoldenTraining> } {
  return JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8")) as never;
}
