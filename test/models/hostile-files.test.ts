/**
 * Model files that lie: a FormatError that names what is wrong, and nothing allocated. (Files that are no safetensors:
 * test/formats.)
 */
import { afterEach, describe, expect, test } from "vitest";
import {
  FormatError,
  functional,
  input,
  layers,
  loadModel,
  optimizers,
  safetensors,
  schedules,
  sequential,
} from "../../src/index.js";
import { engineOf } from "../builds.js";
import { seeded } from "../guarded.js";
import { labels, noise } from "./nets.js";

const engine = engineOf("baseline");
afterEach(() => expect(engine.arena.usedBytes).toBe(0));

/* eslint-disable @typescript-eslint/no-explicit-any -- the point is JSON that does not fit its type */
type Config = any;
type Tensors = Map<string, { shape: readonly number[]; data: any }>;

/** A file with every part: a nested model, shared and tied layers, schedules, losses, metrics, optimizer state. */
const bytes = (() => {
  const start = input({ shape: [5], name: "in" });
  const encoder = layers.dense({ units: 4, name: "encoder", activation: "elu", kernelRegularizer: "l2" });
  const inner = sequential([layers.dense({ units: 4, kernelConstraint: "maxNorm" }), layers.batchNormalization()], {
    name: "inner",
    engine,
  });
  const code = inner.apply(encoder.apply(start));
  const decoder = layers.denseTranspose({ of: encoder, name: "decoder" });
  const outputs = [decoder.apply(code), layers.dense({ units: 3, activation: "softmax", name: "head" }).apply(code)];
  const model = functional({ inputs: start, outputs, seed: 1, engine });
  const learningRate = schedules.warmup({
    schedule: schedules.exponentialDecay({ initial: 0.1, decaySteps: 5, decayRate: 0.5 }),
    steps: 3,
  });
  model.compile({
    optimizer: optimizers.adam({ learningRate, useEma: true }),
    loss: ["meanSquaredError", "sparseCategoricalCrossentropy"],
    lossWeights: [1, 2],
    metrics: [[], ["accuracy"]],
  });
  const x = noise(8, 5, 1);
  model.trainOnBatch(x, [x, labels(8, 3, 1)]);
  const saved = model.save({ includeOptimizer: true });
  model.dispose();
  return saved;
})();

/** The file with its metadata, its tensors or both changed. */
function forged(edit: (config: Config, tensors: Tensors) => unknown): Uint8Array {
  const { tensors, metadata } = safetensors.read(bytes);
  const config = JSON.parse(metadata.get("lanewise")!) as Config;
  const replaced = edit(config, tensors as Tensors);
  const text = typeof replaced === "string" ? replaced : JSON.stringify(config);
  return safetensors.write(tensors, { ...Object.fromEntries(metadata), lanewise: text });
}

function refuse(file: Uint8Array, message: RegExp): void {
  let error: unknown;
  try {
    loadModel(file, { engine, nonFinite: "allow" }).dispose();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(FormatError);
  expect((error as Error).message).toMatch(/^loadModel/);
  expect((error as Error).message).toMatch(message);
  expect(engine.arena.usedBytes).toBe(0);
}

const set =
  (path: string, value: unknown) =>
  (config: Config): void => {
    const keys = path.split(".");
    const last = keys.pop()!;
    keys.reduce((at, key) => at[key], config)[last] = value;
  };

test("the file itself is read", () => {
  const model = loadModel(
    forged(() => {}),
    { engine },
  );
  expect(model.save({ includeOptimizer: true })).toEqual(bytes);
  const { callees } = JSON.parse(safetensors.read(bytes).metadata.get("lanewise")!) as Config;
  expect(callees.map(({ layer, model: nested }: Config) => layer ?? nested)).toEqual(["dense", "dense", "batchNormalization", "sequential", "denseTranspose", "dense"]); // prettier-ignore
  model.dispose();
});

describe("metadata", () => {
  const rows: [string, (config: Config, tensors: Tensors) => unknown, RegExp][] = [
    ["that is no JSON", () => "{", /must be JSON/],
    ["that is null", () => "null", /must be an object/],
    ["that is an array", () => "[]", /must be an object/],
    ["that is a number", () => "3", /must be an object/],
    ["nested 100 deep", () => "[".repeat(100) + "]".repeat(100), /at most 64 deep/],
    ["nested 100,000 deep", () => "[".repeat(1e5) + "]".repeat(1e5), /at most 64 deep|must be JSON/],
    ["of two million values", () => `[${"0,".repeat(2e6)}0]`, /at most 1000000 values/],
    ["of a later version", set("version", 2), /version 1\. Received: version=2/],
    ["of an unknown kind", set("kind", "magic"), /kind must be/],
    ["with a name that is no text", set("name", 3), /name must be a string/],
    ["with a name that is a path", set("name", "a/b"), /name must be a string without slashes/],
    ["with a seed below 0", set("seed", "-1"), /seed must be a decimal/],
    ["with a seed of 65 bits", set("seed", "99999999999999999999"), /seed must be/],
    ["with a seed that is a number", set("seed", 5), /seed must be a decimal/],
    ["with steps below 0", set("steps", -1), /steps must be a count/],
    ["with half an epoch", set("epochs", 0.5), /epochs must be a count/],
    ["with a switch that is text", set("trainable", "yes"), /trainable must be true or false/],
    ["without layers", set("callees", undefined), /callees must be an array/],
    ["with 20,000 layers", set("callees", new Array(20_000).fill(null)), /at most 10000 layers/],
  ];
  test.each(rows)("%s", (_, edit, message) => refuse(forged(edit), message));

  test("that is missing", () => {
    const { tensors } = safetensors.read(bytes);
    refuse(safetensors.write(tensors), /is this a file of saveModel\?/);
  });
});

describe("architecture", () => {
  const rows: [string, (config: Config, tensors: Tensors) => unknown, RegExp][] = [
    [
      "a layer outside the list",
      set("callees.0.layer", "lambda"),
      /layer must be a known name\. Received: layer="lambda"/,
    ],
    ["a layer that every object has", set("callees.0.layer", "constructor"), /layer must be a known name/],
    ["a layer that is null", set("callees.0", null), /a layer must be an object/],
    ["a layer that is a number", set("callees.0", 3), /a layer must be an object/],
    ["options that are null", set("callees.0.options", null), /options must be an object/],
    ["options that are a list", set("callees.0.options", [1]), /options must be an object/],
    ["an unknown option", set("callees.0.options.code", "x"), /unknown option "code"/],
    [
      "a prototype as an option",
      (config) => JSON.stringify(config).replace('"options":{', '"options":{"__proto__":{"units":3},'),
      /unknown option "__proto__"/,
    ],
    ["units out of range", set("callees.0.options.units", -4), /units must be/],
    ["units as text", set("callees.0.options.units", "4"), /units must be/],
    [
      "an unknown activation",
      set("callees.0.options.activation", { name: "evil", options: {} }),
      /activation must be a known name/,
    ],
    [
      "an unknown initializer",
      set("callees.0.options.kernelInitializer", { name: "toString", options: {} }),
      /kernelInitializer must be a known name/,
    ],
    [
      "an unknown regularizer",
      set("callees.0.options.kernelRegularizer", { name: "l3", options: {} }),
      /kernelRegularizer must be a known name/,
    ],
    [
      "an unknown constraint",
      set("callees.1.options.kernelConstraint", { name: "no", options: {} }),
      /kernelConstraint must be a known name/,
    ],
    ["a constraint over no axis", set("callees.1.options.kernelConstraint.options.axis", [7]), /axis must name/],
    ["a layer's name that is a path", set("callees.0.options.name", "../x"), /without slashes/],
    ["a layer's switch that is text", set("callees.0.trainable", "no"), /trainable must be true or false/],
    ["the same name twice", set("callees.5.options.name", "encoder"), /must be unique/],
    ["a model's kind that is unknown", set("callees.3.model", "magic"), /must be sequential or functional/],
    ["a transposed layer of one that comes later", set("callees.4.options.of", { callee: 5 }), /of/],
    ["a transposed layer of itself", set("callees.4.options.of", { callee: 4 }), /of/],
    ["a transposed layer of another kind", set("callees.4.options.of", { callee: 2 }), /of must be a dense layer/],
    ["more units than the file holds", set("callees.0.options.units", 5), /the model takes \[batch, 4\]/],
    ["2^31 units", set("callees.5.options.units", 2 ** 31), /head\/kernel must be \[4, 2147483648\] but is \[4, 3\]/],
    ["10^15 units", set("callees.5.options.units", 1e15), /do not fit the architecture/],
    ["another input shape", set("graph.inputs.0.shape", [6]), /encoder\/kernel must be \[6, 4\]/],
    ["an input shape of 10^15", set("graph.inputs.0.shape", [1e15]), /do not fit the architecture/],
    ["a negative extent", set("graph.inputs.0.shape", [-5]), /positive integers/],
    ["an extent that is text", set("graph.inputs.0.shape", ["5"]), /positive integers/],
    ["a shape that is a number", set("graph.inputs.0.shape", 5), /positive integers/],
    ["an input that is null", set("graph.inputs.0", null), /not valid|input/],
    ["an input's name that is a number", set("graph.inputs.0.name", 7), /name/],
    ["no inputs", set("graph.inputs", []), /node|inputs/],
    ["no outputs", set("graph.outputs", []), /output/],
    ["an output that is not there", set("graph.outputs", [99]), /nodes are numbered/],
    ["an output that is no number", set("graph.outputs", ["0"]), /nodes are numbered/],
    ["a graph that is null", set("graph", null), /a graph must have/],
    ["applications that are no list", set("graph.applications", {}), /a graph must have/],
    ["an application that is null", set("graph.applications.0", null), /not valid|application/],
    [
      "an application of a layer that is not there",
      set("graph.applications.0.callee", 77),
      /an application must name a layer/,
    ],
    [
      "an application of a layer by name",
      set("graph.applications.0.callee", "length"),
      /an application must name a layer/,
    ],
    ["an application of a node that is not there", set("graph.applications.0.inputs", [50]), /nodes are numbered/],
    ["an application of nothing", set("graph.applications.0.inputs", []), /takes one input/],
    ["a nested model of itself", set("callees.3.graph.applications.0.callee", 3), /an application must name a layer/],
    ["a missing tensor", (_, tensors) => void tensors.delete("head/bias"), /missing: head\/bias/],
    [
      "an unexpected tensor",
      (_, tensors) => void tensors.set("extra", { shape: [1], data: Float32Array.of(1) }),
      /unexpected: extra/,
    ],
    [
      "a tensor of another shape",
      (_, tensors) => void tensors.set("head/bias", { shape: [1, 3], data: new Float32Array(3) }),
      /head\/bias must be \[3\] but is \[1, 3\]/,
    ],
  ];
  test.each(rows)("%s", (_, edit, message) => refuse(forged(edit), message));

  test("models in models that double at each level", () => {
    const config = JSON.parse(safetensors.read(bytes).metadata.get("lanewise")!) as Config;
    const doubled = (callee: number) => ({
      inputs: [{ shape: [5] }],
      applications: [
        { callee, inputs: [0] },
        { callee, inputs: [1] },
      ],
      outputs: [2],
    });
    config.callees = [{ layer: "flatten", options: {}, trainable: true }];
    for (let i = 0; i < 60; i++) config.callees.push({ model: "functional", trainable: true, graph: doubled(i) });
    config.graph = doubled(60);
    delete config.compile;
    delete config.optimizer;
    const start = performance.now();
    refuse(safetensors.write({}, { lanewise: JSON.stringify(config) }), /layers/);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  test("nothing that every object inherits is changed", () => {
    for (const key of ["units", "polluted"]) expect(key in {}).toBe(false);
  });
});

describe("training", () => {
  const rows: [string, (config: Config, tensors: Tensors) => unknown, RegExp][] = [
    ["a configuration that is a number", set("compile", 3), /./],
    ["a configuration that is empty", set("compile", {}), /./],
    ["losses that are no list", set("compile.losses", "mse"), /./],
    ["too many losses", set("compile.losses", [null, null, null, null]), /./],
    ["an unknown loss", set("compile.losses.0.name", "evil"), /losses must be a known name/],
    ["a loss with an unknown option", set("compile.losses.0.options", { code: 1 }), /unknown option "code"/],
    ["a loss that is a number", set("compile.losses.0", 3), /./],
    ["loss weights that are text", set("compile.lossWeights", ["1", "2"]), /lossWeights/],
    ["metrics that are no list", set("compile.metrics", null), /./],
    ["an unknown metric", set("compile.metrics.1.0.name", "evil"), /metrics must be a known name/],
    ["an unknown optimizer", set("compile.optimizer.name", "evil"), /Unknown optimizer "evil"/],
    ["an optimizer without options", set("compile.optimizer.options", null), /options/],
    ["an optimizer's option out of range", set("compile.optimizer.options.beta1", 2), /beta1 must be/],
    ["an unknown schedule", set("compile.optimizer.options.learningRate.schedule", "evil"), /Unknown schedule "evil"/],
    [
      "a schedule's option out of range",
      set("compile.optimizer.options.learningRate.options.steps", -1),
      /steps must be/,
    ],
    ["state without a configuration", (config) => void delete config.compile, /optimizer/],
    ["state that is null", set("optimizer", null), /./],
    ["state without numbers", set("optimizer.scalars", null), /./],
    ["state of a number that is negative", set("optimizer.scalars.head/bias.updates", -1), /updates must be/],
    ["state without a product", (config) => void delete config.optimizer.scalars["head/bias"].beta1, /beta1/],
    ["iterations below 0", set("optimizer.iterations", -1), /iterations must be/],
    ["an override of nothing", set("optimizer.overrides", { code: 1 }), /name must be one of/],
    ["an override out of range", set("optimizer.overrides", { learningRate: -1 }), /learningRate must be/],
    ["overrides that are null", set("optimizer.overrides", null), /./],
    [
      "a missing slot",
      (_, tensors) => void tensors.delete("optimizer:head/bias/m"),
      /the optimizer slot optimizer:head\/bias\/m of 3 values/,
    ],
    [
      "a slot of another size",
      (_, tensors) => void tensors.set("optimizer:head/bias/m", { shape: [4], data: new Float32Array(4) }),
      /slot optimizer:head\/bias\/m/,
    ],
    [
      "a slot of no parameter",
      (_, tensors) => void tensors.set("optimizer:tail/bias/m", { shape: [3], data: new Float32Array(3) }),
      /unexpected: optimizer:tail/,
    ],
    [
      "a slot that the optimizer has not",
      (_, tensors) => void tensors.set("optimizer:head/bias/velocity", { shape: [3], data: new Float32Array(3) }),
      /unexpected.*optimizer:head\/bias\/velocity/,
    ],
    ["slots without state", (config) => void delete config.optimizer, /unexpected: optimizer:/],
  ];
  test.each(rows)("%s", (_, edit, message) => refuse(forged(edit), message));
});

test("any value in place of any other: a model or a FormatError, never something else", () => {
  const next = seeded(7);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
  const junk = [null, true, -1, 0, 1.5, 1e9, 2 ** 53, "", "x", "__proto__", [], {}, [[]], { name: "adam" }, [0, 1, 2]];
  const outcomes = { models: 0, refused: 0 };
  for (let i = 0; i < 700; i++) {
    const file = forged((config) => {
      for (let edits = 1 + Math.floor(next() * 2); edits > 0; edits--) {
        const places: [Config, string][] = [];
        const visit = (value: Config): void => {
          if (typeof value !== "object" || value === null) return;
          for (const key of Object.keys(value)) {
            places.push([value, key]);
            visit(value[key]);
          }
        };
        visit(config);
        const [parent, key] = pick(places);
        const choice = next();
        if (choice < 0.15) delete parent[key];
        else if (choice < 0.4) {
          const [other, name] = pick(places);
          parent[key] = structuredClone(other[name]);
        } else parent[key] = pick(junk);
      }
    });
    try {
      loadModel(file, { engine, nonFinite: "allow" }).dispose();
      outcomes.models++;
    } catch (error) {
      if (!(error instanceof FormatError)) {
        const config = safetensors.read(file).metadata.get("lanewise");
        throw new Error(`edit ${i} of the metadata gave ${String(error)}: ${config}`, { cause: error });
      }
      outcomes.refused++;
    }
    expect(engine.arena.usedBytes).toBe(0);
  }
  expect(outcomes.refused).toBeGreaterThan(150);
  expect(outcomes.models).toBeGreaterThan(10);
});
