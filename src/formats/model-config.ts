/** What the metadata of a model file holds, as JSON. Everything in it is data: names are looked up in closed lists. */

import type { OptimizerConfig } from "../optimizers/config.js";

export const MODEL_KEY = "lanewise";
export const MODEL_VERSION = 1;
/** In front of the names of optimizer slots, which follow as `<parameter path>/<slot>`. */
export const SLOT_PREFIX = "optimizer:";

/** Something made by a factory of a family: an activation, initializer, loss, … */
export interface NamedConfig {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** A user's own function, which only its name can stand for. */
export interface CustomConfig {
  readonly custom: string;
}

/** A layer, or a nested model. An option that is another layer is `{ callee }`: its number, which is lower. */
export type CalleeConfig =
  | { readonly layer: string; readonly options: Readonly<Record<string, unknown>>; readonly trainable: boolean }
  | {
      readonly model: "sequential" | "functional";
      readonly name?: string;
      readonly trainable: boolean;
      readonly graph: GraphConfig;
    };

/** Nodes are numbered: inputs first, then the outputs of each application in turn. */
export interface GraphConfig {
  readonly inputs: readonly { readonly shape: readonly number[]; readonly name?: string }[];
  /** Which callee (of the whole file) is applied to which nodes. */
  readonly applications: readonly { readonly callee: number; readonly inputs: readonly number[] }[];
  readonly outputs: readonly number[];
}

export interface CompileConfig {
  readonly optimizer: OptimizerConfig;
  readonly losses: readonly (NamedConfig | CustomConfig | null)[];
  readonly lossWeights: readonly number[];
  /** For each output. */
  readonly metrics: readonly (readonly (NamedConfig | CustomConfig)[])[];
}

export interface OptimizerStateConfig {
  readonly iterations: number;
  readonly overrides: Readonly<Record<string, number>>;
  /** By parameter path. */
  readonly scalars: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface ModelConfig {
  readonly version: number;
  readonly kind: "sequential" | "functional";
  readonly name?: string;
  /** In decimal: it may be a bigint. */
  readonly seed: string;
  readonly trainable: boolean;
  /** Training steps and epochs completed: masks and orders are functions of them. */
  readonly steps: number;
  readonly epochs: number;
  readonly callees: readonly CalleeConfig[];
  readonly graph: GraphConfig;
  readonly compile?: CompileConfig;
  readonly optimizer?: OptimizerStateConfig;
}
