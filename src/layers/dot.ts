import { checkBoolean, checkNumber, rangeError } from "../check.js";
import { Layer, type LayerOptions } from "../graph/layer.js";
import type { Lowered, Lowering, Value } from "../graph/lowering.js";
import { showShape, type Shape } from "../graph/shape.js";
import { sampleAxis } from "./concatenate.js";
import { checkLayerOptions } from "./options.js";

/** Options of `layers.dot`. */
export interface DotOptions extends LayerOptions {
  /** Axis (or one for each input) to contract, counted with the batch axis as 0, or from the end. */
  axes: number | readonly [number, number];
  /** Whether to make both inputs unit vectors along those axes first: cosine proximity. Default false. */
  normalize?: boolean;
}

/** How one input of at most two axes is read as a matrix whose inner axis is contracted. */
interface Operand {
  readonly value: Value;
  /** Extent of the axis that is kept, 1 if there is none. */
  readonly kept: number;
  readonly contracted: number;
  /** Whether the contracted axis is the first one in memory. */
  readonly contractedFirst: boolean;
  readonly rest: Shape;
}

/**
 * Row by row, the product of two inputs of one or two axes, summed over an axis of each. `[batch, d]` and `[batch, d]`
 * with axes 1 give `[batch, 1]`; `[batch, n, d]` and `[batch, m, d]` with axes 2 give `[batch, n, m]`. No weights.
 */
export class Dot extends Layer<DotOptions> {
  readonly kind = "dot";

  constructor(options: DotOptions) {
    checkLayerOptions("dot", options, ["axes", "normalize"]);
    const axes = [options.axes].flat() as number[];
    if (axes.length !== 1 && axes.length !== 2)
      throw rangeError("dot", "axes must be one axis or two", "axes", options.axes);
    for (const axis of axes) checkNumber("dot", "axes", axis, { integer: true });
    super({ ...options, normalize: checkBoolean("dot", "normalize", options.normalize ?? false) });
  }

  protected override checkInputCount(count: number): void {
    if (count !== 2) throw rangeError(this.where, "the layer takes two inputs", "inputs", count);
  }

  outputShape(shapes: readonly Shape[]): Shape {
    const [a, b] = shapes as [Shape, Shape];
    const [axisA, axisB] = this.#axes(shapes);
    if (a[axisA] !== b[axisB]) {
      throw rangeError(
        this.where,
        `the contracted axes must be equal, the first input is ${showShape(a)}`,
        "shape",
        showShape(b),
      );
    }
    const rest = [...a.filter((_, i) => i !== axisA), ...b.filter((_, i) => i !== axisB)];
    return rest.length === 0 ? [1] : rest;
  }

  #axes(shapes: readonly Shape[]): [number, number] {
    const given = [this.options.axes].flat() as number[];
    return shapes.map((shape, i) => {
      if (shape.length > 2)
        throw rangeError(this.where, "inputs may have two axes beside the batch", "shape", showShape(shape));
      return sampleAxis(this.where, given[i] ?? given[0]!, shape.length);
    }) as [number, number];
  }

  override forward(lower: Lowering): Lowered {
    const { kernels: k } = lower;
    const shapes = lower.inputs.map((x) => x.shape);
    const axes = this.#axes(shapes);
    const normalized = lower.inputs.map((x, i) =>
      this.options.normalize ? unitVectors(lower, x, axes[i]!) : undefined,
    );
    const [a, b] = lower.inputs.map((x, i): Operand => {
      const { shape } = x;
      const axis = axes[i]!;
      return {
        value: normalized[i]?.output ?? x,
        kept: shape.length === 2 ? shape[1 - axis]! : 1,
        contracted: shape[axis]!,
        contractedFirst: shape.length === 2 && axis === 0,
        rest: shape.filter((_, j) => j !== axis),
      };
    }) as [Operand, Operand];
    const y = lower.value(this.outputShape(shapes));
    const [m, n, d] = [a.kept, b.kept, a.contracted];
    // The orders in which the passes below multiply.
    const orders = [[m, n, d], [m, d, n], [n, d, m], [d, m, n], [d, n, m]] as const; // prettier-ignore
    const scratch = lower.buffer({ fixed: Math.max(...orders.map((order) => k.sgemmScratch(...order))) });

    /** C = op(A) op(B) for each row of the batch; a transposed operand is stored the other way round. */
    const product = (
      rows: number,
      [mm, nn, kk]: readonly [number, number, number],
      [x, transposeX, z, transposeZ]: readonly [number, boolean, number, boolean],
      c: number,
    ): void => {
      const gemm = transposeX ? (transposeZ ? k.sgemmTT : k.sgemmTN) : transposeZ ? k.sgemmNT : k.sgemmNN;
      const [ldx, ldz] = [transposeX ? mm : kk, transposeZ ? kk : nn];
      for (let r = 0; r < rows; r++) {
        const [ax, az, ac] = [x + r * mm * kk * 4, z + r * kk * nn * 4, c + r * mm * nn * 4];
        gemm(mm, nn, kk, 1, ax, ldx, az, ldz, 0, ac, nn, scratch.address);
      }
    };

    lower.call([a.value, b.value], [y, scratch], (rows) =>
      product(rows, [m, n, d], [a.value.address, a.contractedFirst, b.value.address, !b.contractedFirst], y.address),
    );
    return {
      output: y,
      backward: (back) => {
        const dy = back.gradientOf(y);
        if (dy === undefined) return;
        const da = back.into(a.value);
        if (da !== undefined) {
          // A is [m, d]: dA = dY B'. Stored [d, m]: dA' = B dY'.
          back.call([b.value, dy], [da, scratch], (rows) =>
            a.contractedFirst
              ? product(rows, [d, m, n], [b.value.address, !b.contractedFirst, dy.address, true], da.address)
              : product(rows, [m, d, n], [dy.address, false, b.value.address, b.contractedFirst], da.address),
          );
        }
        const db = back.into(b.value);
        if (db !== undefined) {
          // B is [d, n]: dB = A' dY. Stored [n, d]: dB' = dY' A.
          back.call([a.value, dy], [db, scratch], (rows) =>
            b.contractedFirst
              ? product(rows, [d, n, m], [a.value.address, !a.contractedFirst, dy.address, false], db.address)
              : product(rows, [n, d, m], [dy.address, true, a.value.address, a.contractedFirst], db.address),
          );
        }
        for (const step of normalized) step?.backward?.(back);
      },
    };
  }
}

/** x / |x| along one axis of its samples. */
function unitVectors(lower: Lowering, x: Value, axis: number): Lowered {
  const { kernels: k } = lower;
  const extent = x.shape[axis]!;
  const inner = x.shape.slice(axis + 1).reduce((p, q) => p * q, 1);
  const outer = x.width / (extent * inner);
  const y = lower.value(x.shape);
  const norms = lower.buffer({ perRow: outer * inner });
  lower.call([x], [y, norms], (rows) =>
    k.l2NormalizeForward(rows * outer, extent, inner, x.address, y.address, norms.address),
  );
  return {
    output: y,
    backward: (back) => {
      const dy = back.gradientOf(y);
      const dx = dy && back.into(x);
      if (dy === undefined || dx === undefined) return;
      back.call([y, norms, dy], [dx], (rows) =>
        k.l2NormalizeBackward(rows * outer, extent, inner, y.address, norms.address, dy.address, dx.address),
      );
    },
  };
}
