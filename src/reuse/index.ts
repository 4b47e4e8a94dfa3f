/** Pretraining without labels, or with the labels of another task. */
import { autoencoder } from "./autoencoder.js";
import { gan } from "./gan.js";
import { greedy } from "./greedy.js";
import { pairs } from "./pairs.js";

export const pretraining = { autoencoder, greedy, gan, pairs } as const;
export type { AutoencoderOptions, PretrainedAutoencoder } from "./autoencoder.js";
export type { GanOptions, PretrainedGan } from "./gan.js";
export type { PretrainedGreedily } from "./greedy.js";
export type { PairsOptions, PretrainedOnPairs } from "./pairs.js";
export type { Pretrained } from "./pretraining-options.js";
