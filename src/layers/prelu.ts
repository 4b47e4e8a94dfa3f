import { rangeError } from "../check.js";
import { resolveConstraint, type Constraint, type ConstraintSpec } from "../constraints.js";
import { Layer, type LayerOptions } from "../graph/layer.js";
import type { Lowered, Lowering } from "../graph/lowering.js";
import type { ParameterDeclaration } from "../graph/parameter.js";
import { sizeOf, type Shape } from "../graph/shape.js";
import { resolveInitializer, type Initializer, type InitializerSpec } from "../initializers.js";
import { resolveRegularizer, type Regularizer, type RegularizerSpec } from "../regularizers.js";
import { checkLayerOptions } from "./options.js";

/** Options of `layers.prelu`. */
export interface PReLUOptions extends LayerOptions {
  /** Default zeros. */
  alphaInitializer?: InitializerSpec;
  alphaRegularizer?: RegularizerSpec | undefined;
  alphaConstraint?: ConstraintSpec | undefined;
  /** Axes (the batch is 0) along which one slope is shared: the first ones or the last ones. Default none. */
  sharedAxes?: readonly number[];
}

interface Resolved extends LayerOptions {
  readonly alphaInitializer: Initializer;
  readonly alphaRegularizer: Regularizer | undefined;
  readonly alphaConstraint: Constraint | undefined;
  readonly sharedAxes: readonly number[];
}

/** y = x where x > 0, else alpha x. Learns `alpha`, one slope per position. He et al. 2015, arXiv:1502.01852. */
export class PReLU extends Layer<Resolved> {
  readonly kind = "prelu";

  constructor(options: PReLUOptions = {}) {
    checkLayerOptions("prelu", options, ["alphaInitializer", "alphaRegularizer", "alphaConstraint", "sharedAxes"]);
    super({
      ...options,
      alphaInitializer: resolveInitializer("prelu", options.alphaInitializer ?? "zeros"),
      alphaRegularizer: resolveRegularizer("prelu", options.alphaRegularizer),
      alphaConstraint: resolveConstraint("prelu", options.alphaConstraint),
      sharedAxes: [...(options.sharedAxes ?? [])],
    });
  }

  outputShape([shape]: readonly Shape[]): Shape {
    this.#extents(shape!);
    return shape!;
  }

  override declare([shape]: readonly Shape[]): ParameterDeclaration[] {
    const { alphaInitializer, alphaRegularizer, alphaConstraint } = this.options;
    const alphaShape = shape!.map((extent, i) => (this.#isShared(i) ? 1 : extent));
    return [
      {
        key: "alpha",
        shape: alphaShape,
        initializer: alphaInitializer,
        regularizer: alphaRegularizer,
        constraint: alphaConstraint,
      },
    ];
  }

  #isShared(axis: number): boolean {
    return this.options.sharedAxes.includes(axis + 1);
  }

  /** The shape as [positions sharing in front, slopes, positions sharing behind]. */
  #extents(shape: Shape): [outer: number, size: number, inner: number] {
    const bad = this.options.sharedAxes.find((axis) => !(Number.isInteger(axis) && axis >= 1 && axis <= shape.length));
    if (bad !== undefined) throw rangeError(this.where, `sharedAxes must be in [1, ${shape.length}]`, "axis", bad);
    const shared = shape.map((extent, i) => extent === 1 || this.#isShared(i));
    let start = 0;
    while (start < shape.length && shared[start]) start++;
    let end = shape.length;
    while (end > start && shared[end - 1]) end--;
    if (shape.slice(start, end).some((extent, i) => extent > 1 && this.#isShared(start + i))) {
      throw rangeError(
        this.where,
        "sharedAxes must be the first axes, the last ones, or both",
        "sharedAxes",
        this.options.sharedAxes,
      );
    }
    return [sizeOf(shape.slice(0, start)), sizeOf(shape.slice(start, end)), sizeOf(shape.slice(end))];
  }

  override forward(lower: Lowering): Lowered {
    const { kernels: k } = lower;
    const x = lower.inputs[0]!;
    const y = lower.value(x.shape);
    const [outer, size, inner] = this.#extents(x.shape);
    const alpha = this.parameter("alpha");
    lower.call([x], [y], (rows) => k.preluForward(rows * outer, size, inner, x.address, alpha.address, y.address));
    return {
      output: y,
      backward: (back) => {
        const dy = back.gradientOf(y);
        if (dy === undefined) return;
        // The kernel makes both gradients at once: what nobody wants goes to scratch.
        const dx = back.into(x) ?? back.buffer({ perRow: x.width });
        const dAlpha = back.parameter(alpha) ?? back.buffer({ fixed: size });
        back.call([x, dy], [dx, dAlpha], (rows) =>
          k.preluBackward(
            rows * outer,
            size,
            inner,
            x.address,
            alpha.address,
            dy.address,
            dx.address,
            dAlpha.address,
            0,
          ),
        );
      },
    };
  }
}
