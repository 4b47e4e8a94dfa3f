import { rangeError } from "../check.js";
import { Layer, type LayerOptions } from "../graph/layer.js";
import type { Backward, Buffer, Lowered, Lowering, Value } from "../graph/lowering.js";
import { sameShape, showShape, type Shape } from "../graph/shape.js";
import type { Kernels } from "../runtime/wasm.js";
import { checkLayerOptions } from "./options.js";

/** A merge of two arrays; three and more are merged from the left. */
interface Merge {
  /** y = a ∘ b. */
  forward(k: Kernels, n: number, a: number, b: number, y: number): void;
  /** Adds what hands dy on to a and b. */
  backward(merge: { back: Backward; k: Kernels; a: Value; b: Value; y: Value; dy: Buffer }): void;
}

/** Hands dy on through a kernel, if anybody wants it. */
function through(back: Backward, to: Value, reads: (Value | Buffer)[], run: (n: number, dx: number) => void): void {
  const dx = back.into(to);
  if (dx !== undefined) back.call(reads, [dx], (rows) => run(rows * to.width, dx.address));
}

/** dy to the first input that equals the result, the rest of it to the other: together dy, also where both are equal. */
const toChosen: Merge["backward"] = ({ back, k, a, b, y, dy }) => {
  const da = back.into(a) ?? back.buffer({ perRow: a.width });
  back.call([a, y, dy], [da], (rows) => {
    k.affineForward(rows * a.width, dy.address, da.address, 1, 0);
    k.gateEqual(rows * a.width, a.address, y.address, da.address);
  });
  through(back, b, [dy, da], (n, db) => k.subtractForward(n, dy.address, da.address, db));
};

const merges = {
  add: {
    forward: (k, n, a, b, y) => k.addForward(n, a, b, y),
    backward: ({ back, a, b, dy }) => {
      back.pass(a, dy);
      back.pass(b, dy);
    },
  },
  subtract: {
    forward: (k, n, a, b, y) => k.subtractForward(n, a, b, y),
    backward: ({ back, k, a, b, dy }) => {
      back.pass(a, dy);
      through(back, b, [dy], (n, dx) => k.affineForward(n, dy.address, dx, -1, 0));
    },
  },
  multiply: {
    forward: (k, n, a, b, y) => k.mulForward(n, a, b, y),
    backward: ({ back, k, a, b, dy }) => {
      through(back, a, [b, dy], (n, dx) => k.mulForward(n, dy.address, b.address, dx));
      through(back, b, [a, dy], (n, dx) => k.mulForward(n, dy.address, a.address, dx));
    },
  },
  maximum: { forward: (k, n, a, b, y) => k.maximumForward(n, a, b, y), backward: toChosen },
  minimum: { forward: (k, n, a, b, y) => k.minimumForward(n, a, b, y), backward: toChosen },
} satisfies Record<string, Merge>;

/** Elementwise merge of two or more inputs of one shape. No weights. */
abstract class MergeLayer extends Layer {
  protected abstract readonly merge: Merge;
  /** Factor on the result: 1, but for the average. */
  protected factor(_inputs: number): number {
    return 1;
  }

  protected override checkInputCount(count: number): void {
    if (count < 2) throw rangeError(this.where, "the layer takes two or more inputs", "inputs", count);
  }

  outputShape(shapes: readonly Shape[]): Shape {
    const first = shapes[0]!;
    const other = shapes.find((shape) => !sameShape(shape, first));
    if (other !== undefined) {
      throw rangeError(
        this.where,
        `all inputs must have the first one's shape ${showShape(first)}`,
        "shape",
        showShape(other),
      );
    }
    return first;
  }

  override forward(lower: Lowering): Lowered {
    const { kernels: k, inputs } = lower;
    const pairs: { a: Value; b: Value; y: Value }[] = [];
    const merged = inputs.slice(1).reduce((a, b) => {
      const y = lower.value(a.shape);
      lower.call([a, b], [y], (rows) => this.merge.forward(k, rows * y.width, a.address, b.address, y.address));
      pairs.push({ a, b, y });
      return y;
    }, inputs[0]!);
    const factor = this.factor(inputs.length);
    const output = factor === 1 ? merged : lower.value(merged.shape);
    if (output !== merged) {
      lower.call([merged], [output], (rows) =>
        k.affineForward(rows * output.width, merged.address, output.address, factor, 0),
      );
    }
    return {
      output,
      backward: (back) => {
        const dOutput = back.gradientOf(output);
        if (dOutput === undefined) return;
        if (output !== merged) {
          through(back, merged, [dOutput], (n, dx) => k.affineForward(n, dOutput.address, dx, factor, 0));
        }
        for (const pair of [...pairs].reverse()) {
          const dy = back.gradientOf(pair.y);
          if (dy !== undefined) this.merge.backward({ back, k, ...pair, dy });
        }
      },
    };
  }
}

/** y = x₁ + x₂ + … */
export class Add extends MergeLayer {
  readonly kind: string = "add";
  protected readonly merge = merges.add;
}

/** y = (x₁ + x₂ + …) / number of inputs */
export class Average extends Add {
  override readonly kind = "average";
  protected override factor(inputs: number): number {
    return 1 / inputs;
  }
}

/** y = x₁ - x₂ */
export class Subtract extends MergeLayer {
  readonly kind = "subtract";
  protected readonly merge = merges.subtract;
  protected override checkInputCount(count: number): void {
    if (count !== 2) throw rangeError(this.where, "the layer takes two inputs", "inputs", count);
  }
}

/** y = x₁ * x₂ * … */
export class Multiply extends MergeLayer {
  readonly kind = "multiply";
  protected readonly merge = merges.multiply;
}

/** y = max(x₁, x₂, …); the gradient goes to the first input that equals it. */
export class Maximum extends MergeLayer {
  readonly kind = "maximum";
  protected readonly merge = merges.maximum;
}

/** y = min(x₁, x₂, …); the gradient goes to the first input that equals it. */
export class Minimum extends MergeLayer {
  readonly kind = "minimum";
  protected readonly merge = merges.minimum;
}

/** Throws unless the options are those that every layer has. */
export function plainOptions(kind: string, options: LayerOptions = {}): LayerOptions {
  checkLayerOptions(kind, options, []);
  return options;
}
