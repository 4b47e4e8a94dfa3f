/** Data, small nets and a fingerprint of everything that training moves, for the tests of models. */
import { createHash } from "node:crypto";
import type { Model } from "../../src/models/model.js";
import { Tensor } from "../../src/tensor.js";
import { seeded } from "../guarded.js";

/** rows x width floats in [-1, 1). */
export function noise(rows: number, width: number, seed: number): Tensor {
  const next = seeded(seed);
  return new Tensor(
    Float32Array.from({ length: rows * width }, () => 2 * next() - 1),
    [rows, width],
  );
}

/** Class indices. */
export function labels(rows: number, classes: number, seed: number): Uint8Array {
  const next = seeded(seed);
  return Uint8Array.from({ length: rows }, () => Math.floor(next() * classes));
}

/** Some rows of a tensor. */
export function take(data: Tensor, rows: ArrayLike<number>): Tensor {
  const width = data.size / data.shape[0]!;
  const taken = Array.from(rows).flatMap((row) => [...data.data.subarray(row * width, (row + 1) * width)]);
  return new Tensor(Float32Array.from(taken), [rows.length, ...data.shape.slice(1)]);
}

/** Bits of the weights by name: equal exactly if all are. */
export function bits(model: Model): Record<string, string> {
  return Object.fromEntries(
    [...model.getWeights()].map(([name, { data }]) => [name, Buffer.from(data.buffer).toString("hex")]),
  );
}

/**
 * Everything that the next step depends on: weights, statistics, optimizer state and counters. With `raw`, as it lies
 * in memory, the padding of panels included: that is read without allocating.
 */
export function fingerprint(model: Model, { raw = false } = {}): string {
  const hash = createHash("sha256");
  const { engine, steps } = model;
  for (const [name, parameter] of model.built.parameters) {
    const bytesAt = (address: number): Uint8Array =>
      raw ? engine.u8.slice(address, address + parameter.size * 4) : new Uint8Array(parameter.read(address).buffer);
    hash.update(name).update(bytesAt(parameter.address));
    const state = model.compiled?.optimizer.state(parameter);
    if (state === undefined || !(state.scalars["updates"] || state.scalars["accumulated"])) continue; // as good as none
    for (const [slot, address] of Object.entries(state.slots)) {
      hash.update(slot).update(bytesAt(address));
    }
    hash.update(JSON.stringify(state.scalars));
  }
  return hash.update(JSON.stringify([steps, model.compiled?.optimizer.iterations])).digest("hex");
}
