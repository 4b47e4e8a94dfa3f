/** A layer whose output is its own parameter: what flows back into it is the gradient of whatever it feeds. */
import { Layer } from "../../src/graph/layer.js";
import type { Lowered, Lowering } from "../../src/graph/lowering.js";
import type { ParameterDeclaration } from "../../src/graph/parameter.js";
import type { Shape } from "../../src/graph/shape.js";
import { initializers } from "../../src/initializers.js";

/** Ignores its input; y is the parameter `value`, [rows, ...shape], for batches of just so many rows. */
export class Leaf extends Layer {
  readonly kind = "leaf";

  constructor(
    name: string,
    readonly rows: number,
    readonly shape: Shape,
  ) {
    super({ name });
  }

  outputShape(): Shape {
    return this.shape;
  }

  override declare(): ParameterDeclaration[] {
    return [{ key: "value", shape: [this.rows, ...this.shape], initializer: initializers.zeros() }];
  }

  override forward(lower: Lowering): Lowered {
    const { kernels: k } = lower;
    const y = lower.value(this.shape);
    const value = this.parameter("value");
    lower.call([], [y], () => k.copyRows(1, value.size, value.address, value.size, y.address, value.size));
    return {
      output: y,
      backward: (back) => {
        const dy = back.gradientOf(y);
        const into = back.parameter(value);
        if (dy === undefined || into === undefined) return;
        back.call([dy], [into], () => k.copyRows(1, value.size, dy.address, value.size, into.address, value.size));
      },
    };
  }
}
