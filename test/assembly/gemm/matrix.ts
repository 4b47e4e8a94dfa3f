/** Row-major matrices in linear memory whose rows may lie apart, with something harmful between them. */
import type { Engine } from "../../../src/runtime/engine.js";
import { Guarded } from "../../guarded.js";

/** Where a matrix lies: floats from row to row beyond its width, and floats past a multiple of 64 bytes. */
export interface Placement {
  apart?: number;
  misalignment?: number;
}

export class Matrix {
  readonly ld: number;
  readonly #array: Guarded;

  /** Every float, between the rows too, begins as NaN: an input's neighbour must not leak, an output must be written. */
  constructor(
    engine: Engine,
    readonly rows: number,
    readonly columns: number,
    { apart = 0, misalignment = 0 }: Placement = {},
  ) {
    this.ld = columns + apart;
    this.#array = new Guarded(engine, Math.max(0, rows * this.ld - apart), misalignment);
    this.#array.values.fill(NaN);
  }

  static of(engine: Engine, rows: number, columns: number, values: ArrayLike<number>, placement?: Placement): Matrix {
    const matrix = new Matrix(engine, rows, columns, placement);
    const target = matrix.#array.values;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) target[i * matrix.ld + j] = values[i * columns + j]!;
    }
    return matrix;
  }

  get address(): number {
    return this.#array.address;
  }

  /** Address of element [i][j]. */
  at(i: number, j: number): number {
    return this.address + 4 * (i * this.ld + j);
  }

  /** The live contents of row i. */
  row(i: number): Float32Array {
    return this.#array.values.subarray(i * this.ld, i * this.ld + this.columns);
  }

  /** The values row by row; throws if a canary or anything between the rows changed. */
  read(): Float32Array {
    const stored = this.#array.read();
    const values = new Float32Array(this.rows * this.columns);
    for (let i = 0; i < this.rows; i++) {
      for (let j = 0; j < this.ld && i * this.ld + j < stored.length; j++) {
        if (j < this.columns) values[i * this.columns + j] = stored[i * this.ld + j]!;
        else if (!Number.isNaN(stored[i * this.ld + j])) throw new Error(`the gap after row ${i} was overwritten`);
      }
    }
    return values;
  }

  free(): void {
    this.#array.free();
  }
}

/** A [k, n] kernel in panel storage. */
export function panelsOf(engine: Engine, k: number, n: number, w: ArrayLike<number>, misalignment = 0): Guarded {
  const source = Guarded.of(engine, w);
  const panels = new Guarded(engine, engine.kernels.panelFloats(k, n), misalignment);
  engine.kernels.packPanels(k, n, source.address, panels.address);
  source.free();
  return panels;
}

/** The row-major [k, n] kernel that panels hold. */
export function rowsOf(engine: Engine, k: number, n: number, panels: Guarded): Float32Array {
  const target = new Guarded(engine, k * n);
  engine.kernels.unpackPanels(k, n, panels.address, target.address);
  const rows = target.read();
  target.free();
  return rows;
}
