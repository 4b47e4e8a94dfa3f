import type { Kernels } from "./runtime/wasm.js";

/** A gradient in linear memory. */
export interface GradientBlock {
  readonly address: number;
  readonly size: number;
}

/** Euclidean norm of some gradients taken as one vector, accumulated in float64. */
export function globalNorm(kernels: Kernels, gradients: Iterable<GradientBlock>): number {
  let sum = 0;
  for (const { address, size } of gradients) sum += kernels.sumOfSquares(size, address);
  return Math.sqrt(sum);
}

/**
 * Factor that clips one gradient by its norm: clipNorm / max(norm, clipNorm). Keras's form, without an epsilon; it is
 * 1 at norm 0.
 */
export function clipNormFactor(norm: number, clipNorm: number): number {
  return clipNorm / Math.max(norm, clipNorm);
}

/**
 * Factor that clips all gradients by their common norm. Keras: clipNorm * min(1 / norm, 1 / clipNorm), NaN if the norm
 * is not finite. PyTorch: min(1, clipNorm / (norm + 1e-6)), 0 for an infinite norm.
 */
export function globalClipFactor(norm: number, clipNorm: number, compat: "keras" | "torch"): number {
  if (compat === "torch") return Math.min(1, clipNorm / (norm + 1e-6));
  return Number.isFinite(norm) ? clipNorm / Math.max(norm, clipNorm) : NaN;
}
