import { rangeError } from "../check.js";
import { resolveConstraint, type ConstraintSpec } from "../constraints.js";
import { Layer, type LayerOptions } from "../graph/layer.js";
import type { Buffer, Lowered, Lowering } from "../graph/lowering.js";
import type { ParameterDeclaration } from "../graph/parameter.js";
import { sizeOf, type Shape } from "../graph/shape.js";
import { initializer, type InitializerSpec } from "../initializers.js";
import { numbers, type Values } from "../options.js";
import { resolveRegularizer, type RegularizerSpec } from "../regularizers.js";
import { readLayerOptions } from "./options.js";

/** Options of `layers.prelu`. */
export interface PReLUOptions extends LayerOptions {
  /** Default zeros. */
  alphaInitializer?: InitializerSpec;
  alphaRegularizer?: RegularizerSpec | undefined;
  alphaConstraint?: ConstraintSpec | undefined;
  /** Axes along which one slope is shared, the batch being 0: [1, 2] for a slope per channel. Default none. */
  sharedAxes?: number | readonly number[];
}

const OPTIONS = {
  alphaInitializer: initializer("zeros"),
  alphaRegularizer: resolveRegularizer,
  alphaConstraint: resolveConstraint,
  sharedAxes: numbers({ min: 1, integer: true }, []),
};

/** One copying of slopes to the positions along an axis that share them: [outer, inner] to [outer, times, inner]. */
interface Repeat {
  readonly outer: number;
  readonly times: number;
  readonly inner: number;
}

/** A row of x as [positions sharing in front, slopes, positions sharing behind], and what spreads alpha to `size`. */
interface Layout {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  readonly repeats: readonly Repeat[];
}

/** y = x where x > 0, else alpha x. Learns `alpha`, one slope per position. He et al. 2015, arXiv:1502.01852. */
export class PReLU extends Layer<LayerOptions & Values<typeof OPTIONS>> {
  readonly kind = "prelu";

  constructor(options: PReLUOptions = {}) {
    super(readLayerOptions("prelu", options, OPTIONS));
  }

  outputShape([shape]: readonly Shape[]): Shape {
    this.#layout(shape!);
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

  /** How x and its slopes lie, after the axes that share. */
  #layout(shape: Shape): Layout {
    const bad = this.options.sharedAxes.find((axis) => axis > shape.length);
    if (bad !== undefined) throw rangeError(this.where, `sharedAxes must be in [1, ${shape.length}]`, "axis", bad);
    const shared = shape.map((extent, i) => extent === 1 || this.#isShared(i));
    const start = Math.max(shared.indexOf(false), 0);
    const end = shared.lastIndexOf(false) + 1;
    const repeats: Repeat[] = [];
    for (let i = start; i < end; i++) {
      if (!shared[i] || shape[i] === 1) continue;
      const behind = shape.slice(i + 1, end).filter((_, j) => !shared[i + 1 + j]);
      repeats.push({ outer: sizeOf(shape.slice(start, i)), times: shape[i]!, inner: sizeOf(behind) });
    }
    return {
      outer: sizeOf(shape.slice(0, start)),
      size: sizeOf(shape.slice(start, end)),
      inner: sizeOf(shape.slice(end)),
      repeats,
    };
  }

  override forward(lower: Lowering): Lowered {
    const { kernels: k } = lower;
    const x = lower.inputs[0]!;
    const y = lower.value(x.shape);
    const { outer, size, inner, repeats } = this.#layout(x.shape);
    const alpha = this.parameter("alpha");
    // One slope per position between the axes that share in front and behind: axis after axis is spread out.
    let slopes: { readonly address: number } = alpha;
    const spread = repeats.map(({ outer, times, inner }) => {
      const from = slopes;
      const to = lower.buffer({ fixed: outer * times * inner });
      lower.call(from === alpha ? [] : [from as Buffer], [to], () =>
        k.repeatForward(outer, times, inner, from.address, to.address),
      );
      slopes = to;
      return to;
    });
    const read = spread.slice(-1);
    lower.call([x, ...read], [y], (rows) =>
      k.preluForward(rows * outer, size, inner, x.address, slopes.address, y.address),
    );
    return {
      output: y,
      backward: (back) => {
        const dy = back.gradientOf(y);
        if (dy === undefined) return;
        // The kernel makes both gradients at once: what nobody wants goes to scratch.
        const dx = back.into(x) ?? back.buffer({ perRow: x.width });
        const dAlpha = back.parameter(alpha);
        let dSlopes = (repeats.length === 0 ? dAlpha : undefined) ?? back.buffer({ fixed: size });
        const dSpread = dSlopes;
        back.call([x, dy, ...read], [dx, dSpread], (rows) =>
          k.preluBackward(
            rows * outer,
            size,
            inner,
            x.address,
            slopes.address,
            dy.address,
            dx.address,
            dSpread.address,
            0,
          ),
        );
        if (dAlpha === undefined) return;
        for (const [i, { outer, times, inner }] of [...repeats.entries()].reverse()) {
          const from = dSlopes;
          const to = i === 0 ? dAlpha : back.buffer({ fixed: outer * inner });
          back.call([from], [to], () => k.repeatBackward(outer, times, inner, from.address, to.address));
          dSlopes = to;
        }
      },
    };
  }
}
