import { rangeError, typeError } from "../check.js";
import type { Plan, PlanInput, PlanLoss } from "../graph/plan.js";
import type { PlanCache } from "./plan-cache.js";
import { showShape, sizeOf, type Shape } from "../graph/shape.js";
import type { Engine } from "../runtime/engine.js";
import { tensor, Tensor, type DataLike, type TypedArray } from "../tensor.js";

/** Rows of one input or target, as they lie in a user's array. */
export interface Column {
  readonly data: TypedArray;
  /** Values per row. */
  readonly width: number;
  readonly rows: number;
  /** Shape of a row, where that is the user's choice. */
  readonly shape?: Shape;
}

/** Everything a pass over the data reads. Nothing is copied: rows go into linear memory batch by batch. */
export interface Dataset {
  readonly rows: number;
  readonly inputs: readonly Column[];
  readonly targets: readonly (Column | undefined)[];
  /** One weight per row and output. */
  readonly weights: readonly (Float32Array | undefined)[];
  /** Plans of what lies above frozen layers, where the inputs are those layers' outputs. Default: the model's. */
  readonly plans?: PlanCache;
}

/** Which rows of a dataset make a batch: `order[start .. start + rows)`, or those rows themselves. */
export interface Batch {
  readonly dataset: Dataset;
  readonly start: number;
  readonly rows: number;
  readonly order: Uint32Array | undefined;
}

function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) && !isBigArray(value);
}

function isBigArray(value: unknown): boolean {
  return value instanceof BigInt64Array || value instanceof BigUint64Array;
}

/** Reads one input: rows of `shape`. Throws if the length does not fit, or the shape that comes with it. */
export function toColumn(where: string, name: string, data: unknown, shape: Shape): Column {
  const width = sizeOf(shape);
  if (isTypedArray(data)) {
    if (data.length % width !== 0) {
      throw rangeError(
        where,
        `${name} must hold whole rows of ${width} values for shape ${showShape(shape)}`,
        "length",
        data.length,
      );
    }
    return { data, width, rows: data.length / width };
  }
  const value = toTensor(where, name, data);
  const [rows = 0, ...rest] = value.shape;
  // [rows] for a shape of one value, and [rows, 1] for scalars, are what users mean.
  const fits =
    sizeOf(rest) === width && (rest.length === shape.length ? rest.every((n, i) => n === shape[i]) : width === 1);
  if (!fits) throw rangeError(where, `${name} must have shape ${showShape(shape)}`, "shape", value.shape);
  return { data: value.data, width, rows };
}

/**
 * Reads the targets of a user's own loss, which may be whatever that understands: in the shape of the predictions where
 * there are as many, else as they were given.
 */
export function toGivenColumn(where: string, name: string, data: unknown, rows: number, shape: Shape): Column {
  const value = isTypedArray(data) ? tensor(data) : toTensor(where, name, data);
  const width = rows > 0 ? value.size / rows : 0;
  if (!isTypedArray(data) && value.shape[0] !== rows) {
    throw rangeError(where, `${name} must have ${rows} rows, as the inputs`, "shape", value.shape);
  }
  if (!Number.isInteger(width) || width === 0) {
    throw rangeError(where, `${name} must hold as many values for each of the ${rows} rows`, "length", value.size);
  }
  const own = isTypedArray(data) ? (width === 1 ? [] : [width]) : value.shape.slice(1);
  return { data: value.data, width, rows, shape: width === sizeOf(shape) ? shape : own };
}

function toTensor(where: string, name: string, data: unknown): Tensor<TypedArray> {
  if (data instanceof Tensor) return data;
  if (isBigArray(data) || typeof data !== "object" || data === null) {
    throw typeError(
      where,
      `${name} must be a Tensor, nested arrays of numbers, or a typed array of 32 bits or less, or of float64`,
      name,
      data,
    );
  }
  return tensor(data as DataLike);
}

/** The shape of one row, where the data itself says it. */
export function rowShapeOf(data: unknown): Shape | undefined {
  if (data instanceof Tensor) return data.shape.slice(1);
  if (Array.isArray(data) && data.length > 0) return tensor(data as DataLike).shape.slice(1);
  return undefined;
}

/** The values for each input or output: a bare value for one, an array by position, or a record by name. */
export function byPosition(where: string, what: string, names: readonly string[], value: unknown): unknown[] {
  const single = names.length === 1;
  const isData = value instanceof Tensor || ArrayBuffer.isView(value);
  if (typeof value === "object" && value !== null && !Array.isArray(value) && !isData) {
    const record = value as Record<string, unknown>;
    for (const key of Object.keys(record)) {
      if (!names.includes(key))
        throw rangeError(where, `${what}: names must be among ${names.join(", ")}`, "name", key);
    }
    return names.map((name) => record[name]);
  }
  if (single) return [value];
  if (!Array.isArray(value) || value.length !== names.length) {
    const count = Array.isArray(value) ? value.length : 1;
    throw rangeError(where, `${what}: ${names.length} arrays are needed (${names.join(", ")})`, "arrays", count);
  }
  return value;
}

/** Throws unless all columns have the same, positive number of rows. */
export function commonRows(where: string, columns: readonly (Column | undefined)[]): number {
  const present = columns.filter((column) => column !== undefined);
  const rows = present[0]?.rows ?? 0;
  for (const column of present) {
    if (column.rows !== rows) {
      throw rangeError(
        where,
        `all inputs and targets must have as many rows as the first, ${rows}`,
        "rows",
        column.rows,
      );
    }
  }
  if (rows === 0) throw rangeError(where, "the data must have at least one row", "rows", 0);
  return rows;
}

/** Rows [start, end) of a dataset, without copying. */
export function sliceDataset(dataset: Dataset, start: number, end: number): Dataset {
  const slice = (column: Column): Column => ({
    ...column,
    data: column.data.subarray(start * column.width, end * column.width),
    rows: end - start,
  });
  return {
    rows: end - start,
    inputs: dataset.inputs.map(slice),
    targets: dataset.targets.map((column) => column && slice(column)),
    weights: dataset.weights.map((weights) => weights?.subarray(start, end)),
  };
}

/** Copies a batch's inputs into a plan; bytes are converted by a kernel. */
export function loadInputs(engine: Engine, plan: Plan, batch: Batch): void {
  plan.state.rows = batch.rows;
  batch.dataset.inputs.forEach((column, i) => loadInput(engine, plan.inputs[i]!, column, batch));
}

function loadInput(engine: Engine, { value, bytes }: PlanInput, column: Column, batch: Batch): void {
  const { data } = column;
  if (data instanceof Uint8Array || data instanceof Uint8ClampedArray) {
    gather(data, engine.u8, bytes.address, column.width, batch);
    engine.kernels.u8ToF32(batch.rows * column.width, bytes.address, value.address);
  } else gather(data, engine.f32, value.address >>> 2, column.width, batch);
}

/** Copies rows one after another. A row's copy is a memcpy where types agree, a conversion where not. */
function gather(
  data: TypedArray,
  memory: Float32Array | Int32Array | Uint8Array,
  offset: number,
  width: number,
  { order, start, rows }: Batch,
): void {
  if (order === undefined) {
    memory.set(data.subarray(start * width, (start + rows) * width), offset);
  } else if (width <= 4) {
    for (let r = 0; r < rows; r++) {
      const from = order[start + r]! * width;
      for (let j = 0; j < width; j++) memory[offset + r * width + j] = data[from + j]!;
    }
  } else {
    for (let r = 0; r < rows; r++) {
      const from = order[start + r]! * width;
      memory.set(data.subarray(from, from + width), offset + r * width);
    }
  }
}

/** Copies a batch's targets into a plan, and each row's share of the mean loss. */
export function loadTargets(engine: Engine, plan: Plan, batch: Batch): void {
  plan.losses.forEach((loss, i) => {
    const column = batch.dataset.targets[i];
    if (loss === undefined || column === undefined) return;
    loadScale(engine, loss, batch.dataset.weights[i], batch);
    if (loss.kind === "given") {
      const data = new Float32Array(batch.rows * column.width);
      gather(column.data, data, 0, column.width, batch);
      loss.given = new Tensor(data, [batch.rows, ...column.shape!]);
      return;
    }
    const memory = loss.kind === "class" ? engine.i32 : engine.f32;
    gather(column.data, memory, loss.target.address >>> 2, column.width, batch);
  });
}

function loadScale(engine: Engine, loss: PlanLoss, weights: Float32Array | undefined, batch: Batch): void {
  const { positions } = loss;
  const n = batch.rows * positions;
  const { f32 } = engine;
  const first = loss.scale.address >>> 2;
  if (weights === undefined) {
    f32.fill(1 / n, first, first + n);
    return;
  }
  for (let r = 0; r < batch.rows; r++) {
    const row = batch.order === undefined ? batch.start + r : batch.order[batch.start + r]!;
    f32.fill(weights[row]! / n, first + r * positions, first + (r + 1) * positions);
  }
}
