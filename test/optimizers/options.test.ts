import { describe, expect, it } from "vitest";
import { optimizerConfig, optimizerFromConfig } from "../../src/optimizers/config.js";
import type { OptimizerSpec } from "../../src/optimizers/define-optimizer.js";
import { optimizers, resolveOptimizer, type OptimizerName } from "../../src/optimizers/index.js";
import { schedules } from "../../src/schedules/index.js";

const { sgd, adagrad, adadelta, rmsprop, adam, adamax, nadam, adamW, lion } = optimizers;

function picked(spec: OptimizerSpec, ...names: string[]): unknown[] {
  return names.map((name) => spec.options[name]);
}

describe("defaults", () => {
  it("are Keras's", () => {
    expect(picked(sgd(), "learningRate", "momentum", "nesterov")).toEqual([0.01, 0, false]);
    expect(picked(adagrad(), "learningRate", "initialAccumulatorValue", "epsilon")).toEqual([0.001, 0.1, 1e-7]);
    expect(picked(adadelta(), "learningRate", "rho", "epsilon")).toEqual([0.001, 0.95, 1e-7]);
    expect(picked(rmsprop(), "learningRate", "rho", "momentum", "epsilon")).toEqual([0.001, 0.9, 0, 1e-7]);
    for (const factory of [adam, adamW]) {
      const names = ["learningRate", "beta1", "beta2", "epsilon", "amsgrad"];
      expect(picked(factory(), ...names)).toEqual([0.001, 0.9, 0.999, 1e-7, false]);
    }
    for (const factory of [adamax, nadam]) {
      expect(picked(factory(), "learningRate", "beta1", "beta2", "epsilon")).toEqual([0.001, 0.9, 0.999, 1e-7]);
    }
    expect(picked(lion(), "learningRate", "beta1", "beta2")).toEqual([0.001, 0.9, 0.99]);
    expect(picked(adamW(), "weightDecay", "decoupledWeightDecay")).toEqual([0.004, true]);
    expect(picked(adam(), "weightDecay", "decoupledWeightDecay", "emaMomentum")).toEqual([0, true, 0.99]);
  });

  it("are PyTorch's with compat", () => {
    const compat = "torch";
    expect(picked(sgd({ compat }), "learningRate", "dampening")).toEqual([0.001, 0]);
    const words = ["learningRate", "initialAccumulatorValue", "epsilon", "learningRateDecay"];
    expect(picked(adagrad({ compat }), ...words)).toEqual([0.01, 0, 1e-10, 0]);
    expect(picked(adadelta({ compat }), "learningRate", "rho", "epsilon")).toEqual([1, 0.9, 1e-6]);
    expect(picked(rmsprop({ compat }), "learningRate", "rho", "epsilon")).toEqual([0.01, 0.99, 1e-8]);
    expect(picked(adam({ compat }), "learningRate", "epsilon", "decoupledWeightDecay")).toEqual([0.001, 1e-8, false]);
    expect(picked(adamax({ compat }), "learningRate", "epsilon")).toEqual([0.002, 1e-8]);
    expect(picked(nadam({ compat }), "learningRate", "epsilon", "momentumDecay")).toEqual([0.002, 1e-8, 0.004]);
    expect(picked(adamW({ compat }), "weightDecay", "decoupledWeightDecay")).toEqual([0.01, true]);
  });

  it("give way to what is given, and undefined is not given", () => {
    const spec = adam({ compat: "torch", epsilon: 1e-3, beta1: undefined as unknown as number });
    expect(picked(spec, "epsilon", "beta1")).toEqual([1e-3, 0.9]);
  });
});

describe("bad options", () => {
  it("names an unknown option and the nearest known one", () => {
    expect(() => adam({ learningrate: 1 } as object)).toThrow(
      'adam: unknown option "learningrate". Known: learningRate, beta1, beta2, epsilon, amsgrad, decoupledWeightDecay, ' +
        "clipValue, clipNorm, globalClipNorm, weightDecay, excludeFromWeightDecay, gradientAccumulationSteps, useEma, " +
        'emaMomentum, emaOverwriteFrequency, compat. Did you mean "learningRate"?',
    );
    expect(() => adam(null as unknown as object)).toThrow("adam: options must be an object. Received: options=null.");
  });

  it.each([
    [() => adam({ learningRate: -1 }), "adam: learningRate must be a finite number in [0, Infinity)."],
    [() => adam({ learningRate: NaN }), "adam: learningRate must be a finite number in [0, Infinity)."],
    [() => adam({ learningRate: "fast" as unknown as number }), "adam: learningRate must be a number or a schedule."],
    [() => adam({ beta1: 1 }), "adam: beta1 must be a finite number in [0, 1). Received: beta1=1."],
    [() => adam({ epsilon: 0 }), "adam: epsilon must be a finite number in [1e-30, Infinity). Received: epsilon=0."],
    [() => adam({ amsgrad: 1 as unknown as boolean }), "adam: amsgrad must be true or false. Received: amsgrad=1."],
    [() => sgd({ momentum: 1.5 }), "sgd: momentum must be a finite number in [0, 1]. Received: momentum=1.5."],
    [() => sgd({ clipValue: 0 }), "sgd: clipValue must be a finite number in (0, Infinity). Received: clipValue=0."],
    [
      () => sgd({ clipValue: 1, globalClipNorm: 2 }),
      "sgd: at most one of clipValue, clipNorm, globalClipNorm can be set. Received: globalClipNorm=2.",
    ],
    [
      () => sgd({ gradientAccumulationSteps: 1.5 }),
      "sgd: gradientAccumulationSteps must be an integer in [1, Infinity). Received: gradientAccumulationSteps=1.5.",
    ],
    [() => sgd({ emaMomentum: 0.9 }), "sgd: emaMomentum needs useEma: true. Received: emaMomentum=0.9."],
    [
      () => sgd({ excludeFromWeightDecay: "bias" as unknown as string[] }),
      "sgd: excludeFromWeightDecay must be an array of strings, parts of parameter names. Received: ",
    ],
    [
      () => sgd({ compat: "pytorch" as "torch" }),
      'sgd: compat must be one of "keras", "torch" (did you mean "torch"?). Received: compat="pytorch".',
    ],
    [() => sgd({ dampening: 0.1 }), 'sgd: dampening needs compat: "torch". Received: dampening=0.1.'],
    [() => nadam({ momentumDecay: 1 }), 'nadam: momentumDecay needs compat: "torch". Received: momentumDecay=1.'],
    [
      () => adam({ decoupledWeightDecay: true }),
      'adam: decoupledWeightDecay needs compat: "torch". Received: decoupledWeightDecay=true.',
    ],
    [
      () => lion({ compat: "torch" }),
      'lion: compat must be "keras": PyTorch has no such optimizer. Received: compat="torch".',
    ],
    [() => sgd({ compat: "torch", nesterov: true }), "sgd: nesterov needs momentum > 0. Received: momentum=0."],
    [
      () => sgd({ compat: "torch", nesterov: true, momentum: 0.9, dampening: 0.1 }),
      "sgd: nesterov needs dampening = 0. Received: dampening=0.1.",
    ],
    [
      () => adagrad({ initialAccumulatorValue: (() => 1) as unknown as number }),
      "adagrad: initialAccumulatorValue must be a finite number in [0, Infinity). Received: ",
    ],
  ])("%s", (make, text) => {
    expect(make).toThrow(text);
  });
});

/** Never called: the compiler checks it. */
export function types(): void {
  adam({ beta1: (step) => step, amsgrad: true, compat: "torch", decoupledWeightDecay: true, clipNorm: 3 });
  nadam({ momentumDecay: 3, learningRate: 2, weightDecay: (step) => step });
  // @ts-expect-error: there is no such option
  adam({ beta3: 1 });
  // @ts-expect-error: another optimizer has it
  adam({ dampening: 1 });
  // @ts-expect-error: a number or a schedule
  adam({ beta1: true });
  // @ts-expect-error: true or false
  adam({ amsgrad: 1 });
}

describe("resolveOptimizer", () => {
  it("takes names and specifications", () => {
    for (const name of Object.keys(optimizers) as OptimizerName[]) {
      expect(resolveOptimizer("compile", name).name).toBe(name);
    }
    const spec = adam();
    expect(resolveOptimizer("compile", spec)).toBe(spec);
  });

  it("says what it knows", () => {
    expect(() => resolveOptimizer("compile", "adma" as OptimizerName)).toThrow(
      'Unknown optimizer "adma". Known: adadelta, adagrad, adam, adamW, adamax, lion, nadam, rmsprop, sgd. ' +
        'Did you mean "adam"?',
    );
    for (const wrong of [adam, {}, null, undefined, 3]) {
      expect(() => resolveOptimizer("compile", wrong as unknown as OptimizerSpec)).toThrow(
        'compile: optimizer must be a name such as "adam" or what a factory returns, such as optimizers.adam(). Received:',
      );
    }
  });
});

describe("configs", () => {
  const decay = schedules.exponentialDecay({ initial: 0.1, decaySteps: 10, decayRate: 0.9 });
  const cycle = schedules.oneCycle({ maxLearningRate: 1, totalSteps: 20 });
  const specs: OptimizerSpec[] = Object.values(optimizers).flatMap((factory) => {
    const make = factory as (options: object) => OptimizerSpec;
    const torch = factory.definition.torch === undefined ? [] : [make({ compat: "torch", weightDecay: 0.2 })];
    const common = { clipNorm: 2, useEma: true, excludeFromWeightDecay: ["bias"], gradientAccumulationSteps: 2 };
    return [make({}), make({ ...common, learningRate: decay }), ...torch];
  });
  specs.push(adam({ learningRate: cycle.learningRate, beta1: cycle.momentum, amsgrad: true }));
  specs.push(nadam({ compat: "torch", decoupledWeightDecay: true, momentumDecay: 0.1 }));
  specs.push(sgd({ learningRate: schedules.warmup({ schedule: decay, steps: 3 }), momentum: 0.5 }));

  it.each(specs.map((spec) => [spec.name, spec] as const))("%s survives plain JSON", (_, spec) => {
    const text = JSON.stringify(optimizerConfig(spec));
    const again = optimizerFromConfig("loadModel", JSON.parse(text));
    expect(JSON.stringify(optimizerConfig(again))).toBe(text);
    for (const [name, value] of Object.entries(spec.options)) {
      const got = again.options[name];
      if (typeof value === "function") expect((got as typeof decay)(7)).toBe((value as typeof decay)(7));
      else expect(got).toEqual(value);
    }
  });

  it("refuses what is no config", () => {
    expect(() => optimizerFromConfig("loadModel", { name: "sgdd", options: {} })).toThrow('Unknown optimizer "sgdd"');
    expect(() => optimizerFromConfig("loadModel", { name: "__proto__", options: {} })).toThrow("Unknown optimizer");
    expect(() => optimizerFromConfig("loadModel", { name: 1, options: {} })).toThrow(
      "loadModel: the optimizer's name must be a string. Received: name=1.",
    );
    expect(() => optimizerFromConfig("loadModel", { name: "sgd", options: { momentum: 2 } })).toThrow("sgd: momentum");
    expect(() => optimizerFromConfig("loadModel", { name: "sgd", options: null })).toThrow(
      "loadModel: options must be",
    );
  });
});
