import { rangeError } from "../check.js";
import { Layer, type LayerOptions } from "../graph/layer.js";
import type { Lowered, Lowering } from "../graph/lowering.js";
import type { Shape } from "../graph/shape.js";
import { number } from "../options.js";
import { readLayerOptions } from "./options.js";

/** Options of `layers.rrelu`. */
export interface RReLUOptions extends LayerOptions {
  /** Least slope below zero, above 0. Default 1/8. */
  lower?: number;
  /** Greatest slope below zero. Default 1/3. */
  upper?: number;
}

/**
 * y = x where x > 0, else a x; in training a is uniform in [lower, upper], new for each element and step, in inference
 * it is their mean. Xu et al. 2015, arXiv:1505.00853; defaults as PyTorch's.
 */
export class RReLU extends Layer<Required<Pick<RReLUOptions, "lower" | "upper">> & LayerOptions> {
  readonly kind = "rrelu";

  constructor(options: RReLUOptions = {}) {
    const given = readLayerOptions("rrelu", options, {
      lower: number({ above: 0 }, 1 / 8),
      upper: number({ above: 0 }, 1 / 3),
    });
    const { lower, upper } = given;
    if (lower > upper) throw rangeError("rrelu", `upper must be at least lower, ${lower}`, "upper", upper);
    super(given);
  }

  override get randomInTraining(): boolean {
    return this.options.lower < this.options.upper;
  }

  outputShape([shape]: readonly Shape[]): Shape {
    return shape!;
  }

  override forward(lower: Lowering): Lowered {
    const { kernels: k, state } = lower;
    const { options } = this;
    const x = lower.inputs[0]!;
    const y = lower.value(x.shape);
    const mean = (options.lower + options.upper) / 2;
    // Slopes are random in training only: Monte Carlo prediction switches dropout on and nothing else.
    if (lower.mode !== "train" || options.lower === options.upper) {
      lower.call([x], [y], (rows) => k.leakyReluForward(rows * x.width, x.address, y.address, mean));
      return {
        output: y,
        backward: (back) => {
          const dy = back.gradientOf(y);
          const dx = dy && back.into(x);
          if (dy === undefined || dx === undefined) return;
          back.call([y, dy], [dx], (rows) =>
            k.leakyReluBackward(rows * x.width, y.address, dy.address, dx.address, mean),
          );
        },
      };
    }
    const slope = lower.buffer({ perRow: x.width });
    lower.call([x], [y, slope], (rows) => {
      const [key0, key1] = lower.maskKey(state.step);
      const n = rows * x.width;
      k.uniformFill(n, state.firstRow * x.width, slope.address, key0, key1, options.lower, options.upper);
      k.rreluForward(n, x.address, slope.address, y.address);
    });
    return {
      output: y,
      backward: (back) => {
        const dy = back.gradientOf(y);
        const dx = dy && back.into(x);
        if (dy === undefined || dx === undefined) return;
        back.call([y, slope, dy], [dx], (rows) =>
          k.rreluBackward(rows * x.width, y.address, slope.address, dy.address, dx.address),
        );
      },
    };
  }
}
