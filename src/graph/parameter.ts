import { rangeError } from "../check.js";
import type { Constraint } from "../constraints.js";
import type { Initializer } from "../initializers.js";
import type { Regularizer } from "../regularizers.js";
import type { Key } from "../random.js";
import type { Engine } from "../runtime/engine.js";
import { sizeOf, type Shape } from "./shape.js";

/** What a layer asks for when it is built. */
export interface ParameterDeclaration {
  /** Last part of its name: `kernel`, `bias`, `gamma`, … */
  readonly key: string;
  readonly shape: Shape;
  readonly initializer: Initializer;
  /** `panels`: a [inputs, units] matrix stored as the dense kernels read it. Default `plain`, row-major. */
  readonly layout?: "plain" | "panels";
  /** False for values that no gradient moves, such as moving statistics. Default true. */
  readonly learned?: boolean;
  readonly regularizer?: Regularizer | undefined;
  readonly constraint?: Constraint | undefined;
  readonly learningRateScale?: number | undefined;
}

/** A named array in linear memory that belongs to a layer: a weight or a statistic. */
export class Parameter {
  readonly key: string;
  /** Path in the model that built it: `encoder/dense/kernel`. */
  readonly name: string;
  readonly shape: Shape;
  /** Values that a user sees: the product of shape. */
  readonly count: number;
  /** Floats in memory: more than count where panels are padded. The pads are always zero. */
  readonly size: number;
  readonly layout: "plain" | "panels";
  readonly learned: boolean;
  readonly regularizer: Regularizer | undefined;
  readonly learningRateScale: number;
  readonly constraint: { apply(): void } | undefined;
  readonly address: number;
  readonly #engine: Engine;

  constructor(engine: Engine, layerName: string, declaration: ParameterDeclaration) {
    const { key, shape, layout = "plain", learned = true, regularizer, constraint } = declaration;
    this.key = key;
    this.name = `${layerName}/${key}`;
    this.shape = shape;
    this.count = sizeOf(shape);
    this.layout = layout;
    this.learned = learned;
    this.regularizer = regularizer;
    this.learningRateScale = declaration.learningRateScale ?? 1;
    this.#engine = engine;
    constraint?.check?.(shape);
    this.size = layout === "panels" ? engine.kernels.panelFloats(shape[0]!, shape[1]!) : this.count;
    this.address = engine.arena.allocate(this.size * 4);
    const target = { address: this.address, shape, layout };
    this.constraint = constraint && { apply: () => constraint.apply(engine.kernels, target) };
  }

  /** Fills it with its first values, a function of the key alone. */
  initialize(initializer: Initializer, key: Key): void {
    this.#writeRows(this.address, (rows) => initializer.fill(this.#engine, rows, this.shape, key));
  }

  /** A copy of the values in row-major order; of another array laid out like them (gradient, slot) if one is given. */
  read(address = this.address): Float32Array {
    const { kernels } = this.#engine;
    if (this.layout === "plain") return this.#engine.floats(address, this.count).slice();
    return this.#withScratch((rows) => {
      kernels.unpackPanels(this.shape[0]!, this.shape[1]!, address, rows);
      return this.#engine.floats(rows, this.count).slice();
    });
  }

  /** Overwrites the values, or those of another array laid out like them, given in row-major order. */
  write(values: ArrayLike<number>, address = this.address): void {
    if (values.length !== this.count) {
      throw rangeError("setWeights", `${this.name} has ${this.count} values`, "length", values.length);
    }
    this.#writeRows(address, (rows) => this.#engine.floats(rows, this.count).set(values));
  }

  /** Remembers the values; what it returns puts them back to the bit. */
  snapshot(): () => void {
    const { address, size } = this;
    const bytes = this.#engine.u8.slice(address, address + size * 4);
    return () => this.#engine.u8.set(bytes, address);
  }

  free(): void {
    this.#engine.arena.free(this.address);
  }

  /** Lets fill write row-major values, and converts them to panels where that is the layout. */
  #writeRows(address: number, fill: (rows: number) => void): void {
    if (this.layout === "plain") return fill(address);
    this.#withScratch((rows) => {
      fill(rows);
      this.#engine.kernels.packPanels(this.shape[0]!, this.shape[1]!, rows, address);
    });
  }

  #withScratch<T>(action: (address: number) => T): T {
    const rows = this.#engine.arena.allocate(this.count * 4);
    try {
      return action(rows);
    } finally {
      this.#engine.arena.free(rows);
    }
  }
}
