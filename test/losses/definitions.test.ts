import { describe, expect, it } from "vitest";
import { checkClasses, losses, resolveLoss, type LossName } from "../../src/losses/index.js";
import { Tensor } from "../../src/tensor.js";
import { engineOf } from "../builds.js";
import { Guarded } from "../guarded.js";

describe("losses", () => {
  it("have names that are their keys, and frozen options with the defaults filled in", () => {
    for (const [name, factory] of Object.entries(losses)) expect(factory.definition.name).toBe(name);
    const loss = losses.categoricalCrossentropy({ labelSmoothing: 0.1 });
    expect(loss.options).toEqual({ fromLogits: false, labelSmoothing: 0.1 });
    expect(Object.isFrozen(loss) && Object.isFrozen(loss.options)).toBe(true);
  });

  it("say what is wrong with an option", () => {
    expect(() => losses.huber({ delta: 0 })).toThrow(
      "losses.huber: delta must be a finite number in (0, Infinity). Received: delta=0.",
    );
    expect(() => losses.binaryCrossentropy({ labelSmoothing: 1.5 })).toThrow(
      "losses.binaryCrossentropy: labelSmoothing must be a finite number in [0, 1]. Received: labelSmoothing=1.5.",
    );
    expect(() => losses.binaryCrossentropy({ fromLogit: true } as object)).toThrow(
      'losses.binaryCrossentropy: unknown option "fromLogit". Known: fromLogits, labelSmoothing. ' +
        'Did you mean "fromLogits"?',
    );
    expect(() => losses.sparseCategoricalCrossentropy({ fromLogits: "yes" as never })).toThrow(
      'losses.sparseCategoricalCrossentropy: fromLogits must be true or false. Received: fromLogits="yes".',
    );
  });

  it("are found by name, factory or value", () => {
    const made = losses.huber({ delta: 2 });
    expect(resolveLoss("compile", made)).toBe(made);
    expect(resolveLoss("compile", "huber").options).toEqual({ delta: 1 });
    expect(resolveLoss("compile", losses.huber as never).options).toEqual({ delta: 1 });
    expect(() => resolveLoss("compile", "sparseCategoricalCrossEntropy" as LossName)).toThrow(
      'Did you mean "sparseCategoricalCrossentropy"?',
    );
    expect(() => resolveLoss("compile", 1 as never)).toThrow(
      "compile: loss must be a name, a loss of losses.*, or a function (yTrue, yPred). Received: loss=1.",
    );
  });

  it("fuse with the activation they are meant for, unless they take logits", () => {
    expect(losses.sparseCategoricalCrossentropy().fused?.activation).toBe("softmax");
    expect(losses.binaryCrossentropy().fused?.activation).toBe("sigmoid");
    expect(losses.binaryCrossentropy({ fromLogits: true }).fused).toBeUndefined();
    expect(losses.meanSquaredError().fused).toBeUndefined();
  });
});

describe("checkClasses", () => {
  it("names the first label that is no class", () => {
    checkClasses("fit", Int32Array.of(0, 9, 3), 10);
    checkClasses("fit", Float32Array.of(0, 9, 3), 10);
    expect(() => checkClasses("fit", Int32Array.of(0, 10, 11), 10)).toThrow(
      "fit: class labels must be integers in [0, 10). Received: label[1]=10.",
    );
    expect(() => checkClasses("fit", [0, -1], 10)).toThrow("Received: label[1]=-1.");
    expect(() => checkClasses("fit", Float32Array.of(1.5), 10)).toThrow("Received: label[0]=1.5.");
    expect(() => checkClasses("fit", Float32Array.of(NaN), 10)).toThrow("Received: label[0]=NaN.");
  });
});

describe("a user's own loss", () => {
  const engine = engineOf("baseline");
  const place = (values: number[]) => Guarded.of(engine, values);
  const evaluate = (custom: Parameters<typeof resolveLoss>[1], withGradient = true) => {
    const [prediction, rowLoss, rowScale] = [place([1, 2, 3, 4, 5, 6]), place([0, 0]), place([1, 0.5])] as const;
    const target = new Tensor(new Float32Array(6).fill(1), [2, 3]);
    const slope = new Guarded(engine, 6);
    const loss = resolveLoss("compile", custom);
    loss.evaluate!(
      engine,
      [2, 3],
      target,
      prediction.address,
      rowLoss.address,
      rowScale.address,
      withGradient ? slope.address : 0,
    );
    expect([...prediction.read()]).toEqual([1, 2, 3, 4, 5, 6]);
    return { name: loss.name, value: [...rowLoss.read()], slope: [...slope.read()] };
  };

  function sumOfErrors(yTrue: Tensor, yPred: Tensor) {
    const value = [0, 0];
    yPred.data.forEach((y, i) => (value[Math.floor(i / 3)]! += y - yTrue.data[i]!));
    const gradient = yPred.data.map((_, i) => i + 1);
    yPred.data.fill(NaN); // a copy: nobody else sees it
    return { value, gradient };
  }

  it("gives a value per sample and, scaled, its gradient", () => {
    expect(evaluate(sumOfErrors)).toEqual({ name: "sumOfErrors", value: [3, 12], slope: [1, 2, 3, 2, 2.5, 3] });
    expect(evaluate(sumOfErrors, false).value).toEqual([3, 12]);
  });

  it("may make linear memory grow", () => {
    const growing = (yTrue: Tensor, yPred: Tensor) => {
      engine.memory.grow(1);
      return sumOfErrors(yTrue, yPred);
    };
    expect(evaluate(growing).slope).toEqual([1, 2, 3, 2, 2.5, 3]);
  });

  it("is told what it returned wrong", () => {
    const returning = (result: unknown) => () => evaluate(Object.assign(() => result as never, {}));
    expect(returning(3)).toThrow("customLoss: a custom loss must return { value, gradient }. Received: result=3.");
    expect(returning({ value: [1], gradient: [] })).toThrow(
      "customLoss: value must be an array of floats, one number per sample, 2. Received: value.length=1.",
    );
    expect(returning({ value: [1, 2], gradient: [1, 2] })).toThrow(
      "customLoss: gradient must be an array of floats, one number per element of yPred, 6. Received: gradient.length=2.",
    );
    expect(returning({ value: 1 })).toThrow("Received: value=1.");
  });
});
