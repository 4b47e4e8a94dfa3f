/** The net of the training and prediction benches, and data for it. */
import { layers, sequential, type Model } from "../src/index.js";
import type { Engine } from "../src/runtime/engine.js";

export const SIZES = [784, 300, 100, 10] as const;

/** Multiply-adds of one row's forward pass, counted as two operations each. */
export const FORWARD_FLOPS = 2 * (784 * 300 + 300 * 100 + 100 * 10);
/** Of forward, weight gradients, and input gradients of all layers but the first. */
export const TRAINING_FLOPS = 3 * FORWARD_FLOPS - 2 * 784 * 300;
/** Weights and biases. */
export const PARAMETERS = 784 * 300 + 300 + 300 * 100 + 100 + 100 * 10 + 10;

export function net(engine: Engine, { batchNorm = false, dropout = 0 } = {}): Model {
  const stack = SIZES.slice(1).flatMap((units, i) => {
    const last = i === SIZES.length - 2;
    return [
      ...(dropout > 0 ? [layers.dropout({ rate: dropout })] : []),
      layers.dense({ units, kernelInitializer: "heNormal", useBias: last || !batchNorm }),
      ...(batchNorm && !last ? [layers.batchNormalization()] : []),
      layers.activation(last ? "softmax" : "relu"),
    ];
  });
  return sequential(stack, { inputShape: [SIZES[0]], seed: 1, engine });
}

/** Rows of bytes as of images, and labels. */
export function batchOf(rows: number): { x: Float32Array; y: Int32Array } {
  return {
    x: Float32Array.from({ length: rows * SIZES[0] }, (_, i) => ((i * 7919) % 256) / 255),
    y: Int32Array.from({ length: rows }, (_, i) => (i * 7) % 10),
  };
}
