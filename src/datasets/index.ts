/** Small, pure readers and splitters. Nothing here downloads, and nothing touches a file. */
import { batches } from "./batches.js";
import { csv } from "./csv.js";
import { idx } from "./idx.js";
import { shuffleSplit } from "./shuffle-split.js";
import { standardize } from "./standardize.js";

export const datasets = { batches, csv, idx, shuffleSplit, standardize } as const;

export type { Batches, BatchesOptions } from "./batches.js";
export type { CsvOptions, Table } from "./csv.js";
export type { Samples } from "./samples.js";
export type { ShuffleSplitOptions, Split } from "./shuffle-split.js";
export type { Standardized } from "./standardize.js";
