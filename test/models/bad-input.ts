/** Everything that users get wrong, with the exact error. Each row is run on a trained model, which must stay as it was. */
import {
  activations,
  callbacks,
  constraints,
  functional,
  initializers,
  input,
  layers,
  losses,
  metrics,
  optimizers,
  regularizers,
  sequential,
  tensor,
  type Model,
} from "../../src/index.js";
import type { Engine } from "../../src/runtime/engine.js";
import { noise } from "./nets.js";

/** A model of [5] to 3 classes, compiled with sparse crossentropy, and valid data for it. */
export interface Subject {
  readonly model: Model;
  readonly engine: Engine;
}

/**
 * A title; what is wrong, which may be anything that plain JavaScript would let pass; and the exact error. "…" in a
 * message stands for the list of everything known.
 */
export type Row = readonly [
  title: string,
  act: (subject: Subject) => unknown,
  error: ErrorConstructor | TypeErrorConstructor | RangeErrorConstructor,
  message: string,
];

const x = noise(4, 5, 1);
const y = [0, 1, 2, 1];
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the point is to pass what types forbid
const any = (value: unknown): any => value;
const fit =
  (options: object, target: unknown = y, data: unknown = x) =>
  ({ model }: Subject) =>
    model.fit(any(data), any(target), options);
const train =
  (data: unknown, target: unknown, options?: object) =>
  ({ model }: Subject) =>
    model.trainOnBatch(any(data), any(target), options);
const predict =
  (data: unknown, options?: object) =>
  ({ model }: Subject) =>
    model.predict(any(data), options);
const compile =
  (options: object) =>
  ({ model }: Subject) =>
    model.compile(any({ optimizer: "adam", loss: "sparseCategoricalCrossentropy", ...options }));
const make =
  (list: () => unknown[], options: object = {}) =>
  ({ engine }: Subject) =>
    sequential(any(list()), { inputShape: [5], engine, ...options });

export const badInputs: Readonly<Record<string, readonly Row[]>> = {
  "data of the wrong shape or kind": [
    [
      "a typed array that is no whole number of rows",
      predict(new Float32Array(7)),
      RangeError,
      "predict: x must hold whole rows of 5 values for shape [batch, 5]. Received: length=7.",
    ],
    [
      "a tensor of another width",
      predict(tensor([[1, 2, 3]])),
      RangeError,
      "predict: x must have shape [batch, 5]. Received: shape=[1, 3].",
    ],
    [
      "a tensor of another rank",
      predict(tensor(new Float32Array(20), [2, 2, 5])),
      RangeError,
      "predict: x must have shape [batch, 5]. Received: shape=[2, 2, 5].",
    ],
    [
      "nested arrays of another width",
      predict([
        [1, 2],
        [3, 4],
      ]),
      RangeError,
      "predict: x must have shape [batch, 5]. Received: shape=[2, 2].",
    ],
    [
      "ragged arrays",
      predict([
        [1, 2, 3, 4, 5],
        [1, 2],
      ]),
      RangeError,
      "tensor: rows must have equal lengths: data[1] must have 5 elements. Received: data[1].length=2.",
    ],
    [
      "strings",
      predict([["1", "2", "3", "4", "5"]]),
      TypeError,
      'tensor: data[0][0] must be a number. Received: data[0][0]="1".',
    ],
    [
      "64-bit integers",
      predict(new BigInt64Array(5)),
      TypeError,
      "predict: x must be a Tensor, nested arrays of numbers, or a typed array of 32 bits or less, or of float64. Received: x=BigInt64Array(5).",
    ],
    [
      "nothing",
      predict(undefined),
      TypeError,
      "predict: x must be a Tensor, nested arrays of numbers, or a typed array of 32 bits or less, or of float64. Received: x=undefined.",
    ],
    [
      "null",
      predict(null),
      TypeError,
      "predict: x must be a Tensor, nested arrays of numbers, or a typed array of 32 bits or less, or of float64. Received: x=null.",
    ],
    [
      "a number",
      predict(5),
      TypeError,
      "predict: x must be a Tensor, nested arrays of numbers, or a typed array of 32 bits or less, or of float64. Received: x=5.",
    ],
    [
      "text",
      predict("data"),
      TypeError,
      'predict: x must be a Tensor, nested arrays of numbers, or a typed array of 32 bits or less, or of float64. Received: x="data".',
    ],
    [
      "no rows",
      predict(new Float32Array(0)),
      RangeError,
      "predict: the data must have at least one row. Received: rows=0.",
    ],
    ["an empty array", predict([]), RangeError, "predict: x must have shape [batch, 5]. Received: shape=[0]."],
    [
      "no rows to train on",
      fit({}, [], new Float32Array(0)),
      RangeError,
      "fit: the data must have at least one row. Received: rows=0.",
    ],
    [
      "an input by an unknown name",
      predict({ imput: x }),
      RangeError,
      'predict: inputs: names must be among input. Received: name="imput".',
    ],
    [
      "targets by an unknown name",
      train(x, { labels: y }),
      RangeError,
      'trainOnBatch: targets: names must be among dense_1. Received: name="labels".',
    ],
    ["no targets", train(x, undefined), TypeError, "trainOnBatch: y must hold the targets. Received: y=undefined."],
    [
      "no targets for fit",
      ({ model }) => model.fit(x.data),
      TypeError,
      "fit: y must hold the targets. Received: y=undefined.",
    ],
    [
      "fewer targets than rows",
      train(x, [0, 1]),
      RangeError,
      "trainOnBatch: all inputs and targets must have as many rows as the first, 4. Received: rows=2.",
    ],
    [
      "validation data without targets",
      fit({ validationData: [x] }),
      TypeError,
      "fit (validationData): y must hold the targets. Received: y=undefined.",
    ],
    [
      "validation data that is no pair",
      fit({ validationData: x }),
      TypeError,
      "fit: validationData must be [x, y]. Received: validationData={ data, shape }.",
    ],
    [
      "validation data of another width",
      fit({ validationData: [noise(4, 4, 1), y] }),
      RangeError,
      "fit (validationData): x must have shape [batch, 5]. Received: shape=[4, 4].",
    ],
    [
      "evaluation targets of another length",
      ({ model }) => model.evaluate(x, [1]),
      RangeError,
      "evaluate: all inputs and targets must have as many rows as the first, 4. Received: rows=1.",
    ],
    [
      "gradients without targets",
      ({ model }) => model.gradients(x, any(undefined)),
      TypeError,
      "gradients: y must hold the targets. Received: y=undefined.",
    ],
    [
      "Monte Carlo prediction of another width",
      ({ model }) => model.predictMC([[1]]),
      RangeError,
      "predictMC: x must have shape [batch, 5]. Received: shape=[1, 1].",
    ],
  ],
  "labels and values": [
    [
      "a label too large",
      train(x, [0, 1, 3, 0]),
      RangeError,
      "trainOnBatch: class labels must be integers in [0, 3). Received: label[2]=3.",
    ],
    [
      "a negative label",
      train(x, Int32Array.of(0, -1, 2, 0)),
      RangeError,
      "trainOnBatch: class labels must be integers in [0, 3). Received: label[1]=-1.",
    ],
    [
      "a label that is no integer",
      train(x, [0, 1, 0.5, 0]),
      RangeError,
      "trainOnBatch: class labels must be integers in [0, 3). Received: label[2]=0.5.",
    ],
    [
      "a label that is NaN",
      train(x, [NaN, 1, 0, 0]),
      RangeError,
      "trainOnBatch: class labels must be integers in [0, 3). Received: label[0]=NaN.",
    ],
    [
      "a label too large in validation data",
      fit({ validationData: [x, [0, 1, 2, 9]] }),
      RangeError,
      "fit (validationData): class labels must be integers in [0, 3). Received: label[3]=9.",
    ],
    [
      "NaN in data that is to be checked",
      fit({ checkFinite: true }, y, x.data.with(7, NaN)),
      RangeError,
      "fit: x must hold finite numbers. Received: x[1][2]=NaN.",
    ],
    [
      "Infinity in data that is to be checked",
      fit({ checkFinite: true }, y, x.data.with(0, -Infinity)),
      RangeError,
      "fit: x must hold finite numbers. Received: x[0][0]=-Infinity.",
    ],
  ],
  "weights of rows": [
    [
      "of another length",
      train(x, y, { sampleWeight: [1, 2] }),
      RangeError,
      "trainOnBatch: sampleWeight must have 4 values. Received: length=2.",
    ],
    [
      "negative",
      train(x, y, { sampleWeight: [1, 1, -1, 1] }),
      RangeError,
      "trainOnBatch: sampleWeight must be finite and not negative. Received: sampleWeight[2]=-1.",
    ],
    [
      "NaN",
      fit({ sampleWeight: [1, NaN, 1, 1] }),
      RangeError,
      "fit: sampleWeight must be finite and not negative. Received: sampleWeight[1]=NaN.",
    ],
    [
      "for classes and rows at once",
      fit({ sampleWeight: [1, 1, 1, 1], classWeight: { 0: 2 } }),
      TypeError,
      "fit: give sampleWeight or classWeight, not both.",
    ],
    [
      "of an unknown class",
      fit({ classWeight: { 3: 2 } }),
      RangeError,
      'fit: classWeight names classes 0 to 2. Received: class="3".',
    ],
    [
      "of a class by its name",
      fit({ classWeight: { cat: 2 } }),
      RangeError,
      'fit: classWeight names classes 0 to 2. Received: class="cat".',
    ],
    [
      "of a class, negative",
      fit({ classWeight: { 1: -2 } }),
      RangeError,
      "fit: class weights must be finite and not negative. Received: 1=-2.",
    ],
  ],
  options: [
    ["unknown, of fit", fit({ epoch: 3 }), TypeError, 'fit: unknown option "epoch". Known: …. Did you mean "epochs"?'],
    ["unknown, of predict", predict(x, { batch: 3 }), TypeError, 'predict: unknown option "batch". Known: ….'],
    [
      "unknown, of trainOnBatch",
      train(x, y, { weights: [1] }),
      TypeError,
      'trainOnBatch: unknown option "weights". Known: ….',
    ],
    [
      "unknown, of evaluate",
      ({ model }) => model.evaluate(x, y, any({ batchsize: 3 })),
      TypeError,
      'evaluate: unknown option "batchsize". Known: …. Did you mean "batchSize"?',
    ],
    [
      "unknown, of predictMC",
      ({ model }) => model.predictMC(x, any({ sample: 3 })),
      TypeError,
      'predictMC: unknown option "sample". Known: …. Did you mean "samples"?',
    ],
    [
      "unknown, of sequential",
      make(() => [layers.dense(1)], { inputShpae: [5] }),
      TypeError,
      'sequential: unknown option "inputShpae". Known: …. Did you mean "inputShape"?',
    ],
    [
      "unknown, of compile",
      compile({ metric: ["accuracy"] }),
      TypeError,
      'compile: unknown option "metric". Known: …. Did you mean "metrics"?',
    ],
    [
      "unknown, of input",
      () => input(any({ shape: [1], dtype: "float32" })),
      TypeError,
      'input: unknown option "dtype". Known: ….',
    ],
    ["options that are no object", fit(any(3)), TypeError, "fit: options must be an object. Received: options=3."],
    [
      "epochs that are no integer",
      fit({ epochs: 1.5 }),
      RangeError,
      "fit: epochs must be an integer in [0, Infinity). Received: epochs=1.5.",
    ],
    [
      "epochs as text",
      fit({ epochs: "3" }),
      TypeError,
      'fit: epochs must be an integer in [0, Infinity). Received: epochs="3".',
    ],
    [
      "negative epochs",
      fit({ epochs: -1 }),
      RangeError,
      "fit: epochs must be an integer in [0, Infinity). Received: epochs=-1.",
    ],
    [
      "batchSize 0",
      fit({ batchSize: 0 }),
      RangeError,
      "fit: batchSize must be an integer in [1, Infinity). Received: batchSize=0.",
    ],
    [
      "batchSize NaN",
      predict(x, { batchSize: NaN }),
      RangeError,
      "predict: batchSize must be an integer in [1, Infinity). Received: batchSize=NaN.",
    ],
    [
      "a validationSplit of everything",
      fit({ validationSplit: 1 }),
      RangeError,
      "fit: validationSplit must be a finite number in [0, 1). Received: validationSplit=1.",
    ],
    [
      "a validationSplit that leaves nothing",
      fit({ validationSplit: 0.99 }),
      RangeError,
      "fit: validationSplit leaves none of 4 rows to train on. Received: validationSplit=0.99.",
    ],
    [
      "validationFreq 0",
      fit({ validationFreq: 0 }),
      RangeError,
      "fit: validationFreq must be an integer in [1, Infinity). Received: validationFreq=0.",
    ],
    [
      "stepsPerEpoch 0",
      fit({ stepsPerEpoch: 0 }),
      RangeError,
      "fit: stepsPerEpoch must be an integer in [1, Infinity). Received: stepsPerEpoch=0.",
    ],
    [
      "shuffle as text",
      fit({ shuffle: "batch" }),
      TypeError,
      'fit: shuffle must be true or false. Received: shuffle="batch".',
    ],
    ["verbose 3", fit({ verbose: 3 }), RangeError, "fit: verbose must be an integer in [0, 2]. Received: verbose=3."],
    [
      "samples 0",
      ({ model }) => model.predictMC(x, { samples: 0 }),
      RangeError,
      "predictMC: samples must be an integer in [1, Infinity). Received: samples=0.",
    ],
    [
      "a negative seed of predictMC",
      ({ model }) => model.predictMC(x, { seed: -1 }),
      RangeError,
      "predictMC: seed must be an integer in [0, 9007199254740991]. Received: seed=-1.",
    ],
    [
      "callbacks that are no array",
      fit({ callbacks: {} }),
      TypeError,
      "fit: callbacks must be an array. Received: callbacks={  }.",
    ],
    [
      "a callback's factory that was not called",
      fit({ callbacks: [callbacks.earlyStopping] }),
      TypeError,
      "fit: callbacks[0] must be an object with hooks; a factory must be called. Received: callbacks[0]=function earlyStopping.",
    ],
    [
      "a misspelt hook",
      fit({ callbacks: [{ onEpochend: () => {} }] }),
      TypeError,
      "fit: hooks are onTrainBegin, onEpochBegin, onBatchBegin, onBatchEnd, onEpochEnd, onTrainEnd (did you mean onEpochEnd?). Received: callbacks[0]={ onEpochend }.",
    ],
    [
      "a list of batches with a misspelt option",
      ({ model }) => model.fit(any(new Map([[x, y]])), any({ epoch: 2 })),
      TypeError,
      'fit: unknown option "epoch". Known: …. Did you mean "epochs"?',
    ],
  ],
  "names and members of families": [
    ["an unknown loss", compile({ loss: "crossentropy" }), RangeError, 'Unknown loss "crossentropy". Known: ….'],
    [
      "a misspelt loss",
      compile({ loss: "meanSquareError" }),
      RangeError,
      'Unknown loss "meanSquareError". Known: …. Did you mean "meanSquaredError"?',
    ],
    ["no loss", compile({ loss: undefined }), RangeError, "compile: a loss is needed. Received: loss=undefined."],
    [
      "a loss that is no loss",
      compile({ loss: 3 }),
      TypeError,
      "compile: loss must be a name, a loss of losses.*, or a function (yTrue, yPred). Received: loss=3.",
    ],
    [
      "an unknown optimizer",
      compile({ optimizer: "adma" }),
      RangeError,
      'Unknown optimizer "adma". Known: …. Did you mean "adam"?',
    ],
    [
      "an optimizer that is none",
      compile({ optimizer: { learningRate: 1 } }),
      TypeError,
      'compile: optimizer must be a name such as "adam" or what a factory returns, such as optimizers.adam(). Received: optimizer={ learningRate }.',
    ],
    [
      "an unknown metric",
      compile({ metrics: ["acuracy"] }),
      RangeError,
      'Unknown metric "acuracy". Known: …. Did you mean "accuracy"?',
    ],
    [
      "the same metric twice",
      compile({ metrics: ["accuracy", "accuracy"] }),
      RangeError,
      'compile: each metric must have its own name. Received: metric="accuracy".',
    ],
    [
      "a loss weight that is negative",
      compile({ lossWeights: [-1] }),
      RangeError,
      "compile: lossWeights must be a finite number in [0, Infinity). Received: lossWeights=-1.",
    ],
    [
      "too many losses",
      compile({ loss: ["meanSquaredError", "huber"] }),
      TypeError,
      'compile: loss must be a name, a loss of losses.*, or a function (yTrue, yPred). Received: loss=["meanSquaredError", "huber"].',
    ],
    [
      "losses by an unknown output",
      compile({ loss: { classes: "meanSquaredError" } }),
      RangeError,
      'compile: loss: names must be among dense_1. Received: name="classes".',
    ],
    [
      "an unknown activation",
      () => layers.dense({ units: 1, activation: any("rleu") }),
      RangeError,
      'dense: activation must be one of "linear", "relu", "relu6", "leakyRelu", "elu", "selu", "celu", "gelu", "geluTanh", "silu", "mish", "softplus", "softsign", "sigmoid", "hardSigmoid", "hardSilu", "tanh", "exponential", "softmax", "logSoftmax", "abs", "swish" (did you mean "relu"?). Received: activation="rleu".',
    ],
    [
      "an unknown initializer",
      () => layers.dense({ units: 1, kernelInitializer: any("he") }),
      RangeError,
      'Unknown initializer "he". Known: ….',
    ],
    [
      "an unknown regularizer",
      () => layers.dense({ units: 1, kernelRegularizer: any("l3") }),
      RangeError,
      'Unknown regularizer "l3". Known: …. Did you mean "l1"?',
    ],
    [
      "an unknown constraint",
      () => layers.dense({ units: 1, kernelConstraint: any("maxnorm") }),
      RangeError,
      'Unknown constraint "maxnorm". Known: …. Did you mean "maxNorm"?',
    ],
    [
      "options of members",
      () => [activations.elu({ alpha: -1 })],
      RangeError,
      "activations.elu: alpha must be a finite number in [0, Infinity). Received: alpha=-1.",
    ],
    [
      "options of regularizers",
      () => [regularizers.l2({ l2: -1 })],
      RangeError,
      "regularizers.l2: l2 must be a finite number in [0, Infinity). Received: l2=-1.",
    ],
    [
      "options of constraints",
      () => [constraints.maxNorm(-1)],
      RangeError,
      "constraints.maxNorm: maxValue must be a finite number in [0, Infinity). Received: maxValue=-1.",
    ],
    [
      "options of losses",
      () => [losses.huber({ delta: 0 })],
      RangeError,
      "losses.huber: delta must be a finite number in (0, Infinity). Received: delta=0.",
    ],
    [
      "options of metrics",
      () => [metrics.topKCategoricalAccuracy({ k: 0 })],
      RangeError,
      "metrics.topKCategoricalAccuracy: k must be an integer in [1, Infinity). Received: k=0.",
    ],
    [
      "options of optimizers",
      () => [optimizers.adam({ beta1: 1 })],
      RangeError,
      "adam: beta1 must be a finite number in [0, 1). Received: beta1=1.",
    ],
    [
      "two clip options",
      () => [optimizers.adam({ clipNorm: 1, clipValue: 1 })],
      RangeError,
      "adam: at most one of clipValue, clipNorm, globalClipNorm can be set. Received: clipNorm=1.",
    ],
    [
      "options of initializers",
      () => [initializers.randomNormal({ stddev: -1 })],
      RangeError,
      "initializers.randomNormal: stddev must be a finite number in [0, Infinity). Received: stddev=-1.",
    ],
  ],
  layers: [
    [
      "no units",
      () => layers.dense(any({})),
      TypeError,
      "dense: units must be an integer in [1, Infinity). Received: units=undefined.",
    ],
    [
      "0 units",
      () => layers.dense(0),
      RangeError,
      "dense: units must be an integer in [1, Infinity). Received: units=0.",
    ],
    [
      "an unknown option",
      () => layers.dense(any({ unit: 3 })),
      TypeError,
      'dense: unknown option "unit". Known: …. Did you mean "units"?',
    ],
    [
      "a rate above 1",
      () => layers.dropout(1.5),
      RangeError,
      "dropout: rate must be a finite number in [0, 1]. Received: rate=1.5.",
    ],
    [
      "a name with a slash",
      () => layers.dense({ units: 1, name: "a/b" }),
      TypeError,
      'dense: name must be a string without slashes. Received: name="a/b".',
    ],
    [
      "trainable as text",
      () => layers.dense({ units: 1, trainable: any("no") }),
      TypeError,
      'dense: trainable must be true or false. Received: trainable="no".',
    ],
    [
      "a model's name with a slash",
      make(() => [layers.dense(1)], { name: "a/b" }),
      TypeError,
      'sequential: name must be a string without slashes. Received: name="a/b".',
    ],
    [
      "a seed that is no integer",
      make(() => [layers.dense(1)], { seed: 0.5 }),
      RangeError,
      "model: seed must be an integer in [0, 9007199254740991]. Received: seed=0.5.",
    ],
    [
      "a seed of more than 64 bits",
      make(() => [layers.dense(1)], { seed: 2n ** 64n }),
      RangeError,
      "model: seed must be in [0, 2^64 - 1]. Received: seed=18446744073709551616.",
    ],
    [
      "no layers",
      make(() => []),
      TypeError,
      "sequential: layers must be an array of at least one layer. Received: layers=[].",
    ],
    [
      "something else than a layer",
      make(() => [layers.dense(1), "relu"]),
      TypeError,
      'sequential: every element must be a layer or a model. Received: layers[1]="relu".',
    ],
    [
      "a factory that was not called",
      make(() => [layers.flatten]),
      TypeError,
      "sequential: every element must be a layer or a model. Received: layers[0]=function flatten.",
    ],
    [
      "the same name twice",
      make(() => [layers.dense({ units: 1, name: "a" }), layers.reLU({ name: "a" })]),
      RangeError,
      'functional: layer names must be unique in a model. Received: name="a".',
    ],
    [
      "an input shape that is no array",
      make(() => [layers.dense(1)], { inputShape: 5 }),
      TypeError,
      "input: shape must be an array of row extents, such as [784]. Received: shape=5.",
    ],
    [
      "an input shape with 0",
      make(() => [layers.dense(1)], { inputShape: [0] }),
      RangeError,
      "input: shape[0] must be an integer in [1, Infinity). Received: shape[0]=0.",
    ],
    [
      "a shape that does not reshape",
      make(() => [layers.reshape([2, 3])]),
      RangeError,
      "reshape: targetShape must have the 5 values of [batch, 5]. Received: targetShape=[2, 3].",
    ],
    [
      "normalization over another axis",
      make(() => [layers.batchNormalization({ axis: 2 })]),
      RangeError,
      "batchNormalization: axis must be the last one, -1 or 1. Received: axis=2.",
    ],
    [
      "a constraint over another axis",
      make(() => [layers.dense({ units: 1, biasConstraint: constraints.maxNorm({ axis: 1 }) })]),
      RangeError,
      "constraints.maxNorm: axis must name consecutive axes of the shape [1]. Received: axis=[1].",
    ],
    [
      "a layer whose weights are for another shape",
      ({ model, engine }) => sequential([model.getLayer(0)], { inputShape: [4], engine }),
      RangeError,
      'dense: the layer was built for inputs of shape [batch, 5]. Received: shape="[batch, 4]".',
    ],
    [
      "one input to a merging layer",
      () => layers.add().apply(input({ shape: [2] })),
      RangeError,
      "add: the layer takes two or more inputs. Received: inputs=1.",
    ],
    [
      "two inputs to a plain layer",
      () => layers.dense(1).apply(input({ shape: [2] }), input({ shape: [2] })),
      RangeError,
      "dense: the layer takes one input. Received: inputs=2.",
    ],
    [
      "inputs of two shapes to add",
      () => layers.add().apply(input({ shape: [2] }), input({ shape: [3] })),
      RangeError,
      'add: all inputs must have the first one\'s shape [batch, 2]. Received: shape="[batch, 3]".',
    ],
    [
      "data in place of a node",
      () => layers.dense(1).apply(any([1, 2])),
      TypeError,
      "dense: apply takes nodes made by input() or apply(). Received: input=1.",
    ],
    [
      "data in place of a model's node",
      ({ model }) => model.apply(any("x")),
      TypeError,
      'sequential: apply takes nodes made by input() or apply(). Received: input="x".',
    ],
    [
      "a node of another shape to a model",
      ({ model }) => model.apply(input({ shape: [4] })),
      RangeError,
      'sequential: the model takes [batch, 5]. Received: shapes="[batch, 4]".',
    ],
    [
      "an output that no input leads to",
      ({ engine }) =>
        functional({
          inputs: input({ shape: [2], name: "here" }),
          outputs: layers.dense(1).apply(input({ shape: [2], name: "there" })),
          engine,
        }),
      RangeError,
      'functional: every output must depend on the given inputs only. Received: missing input="there".',
    ],
    [
      "outputs that are no nodes",
      ({ engine }) => functional({ inputs: input({ shape: [2] }), outputs: any([layers.dense(1)]), engine }),
      TypeError,
      "functional: outputs must be one node or an array of nodes. Received: outputs={ options, trainable, kind }.",
    ],
  ],
  state: [
    [
      "fit before compile",
      ({ engine }) => sequential([layers.dense(1)], { engine }).fit(x, y),
      Error,
      "fit: model is not compiled. Call model.compile({ optimizer, loss }) first.",
    ],
    [
      "trainOnBatch before compile",
      ({ engine }) => sequential([layers.dense(1)], { engine }).trainOnBatch(x, y),
      Error,
      "trainOnBatch: model is not compiled. Call model.compile({ optimizer, loss }) first.",
    ],
    [
      "evaluate before compile",
      ({ engine }) => sequential([layers.dense(1)], { engine }).evaluate(x, y),
      Error,
      "evaluate: model is not compiled. Call model.compile({ optimizer, loss }) first.",
    ],
    [
      "gradients before compile",
      ({ engine }) => sequential([layers.dense(1)], { engine }).gradients(x, y),
      Error,
      "gradients: model is not compiled. Call model.compile({ optimizer, loss }) first.",
    ],
    [
      "the optimizer before compile",
      ({ engine }) => sequential([layers.dense(1)], { engine }).optimizer,
      Error,
      "optimizer: model is not compiled. Call model.compile({ optimizer, loss }) first.",
    ],
    [
      "weights before the input shape is known",
      ({ engine }) => sequential([layers.dense(1)], { engine }).getWeights(),
      Error,
      "sequential: the model has no input shape yet. Give sequential(layers, { inputShape }).",
    ],
    [
      "flat data before the input shape is known",
      ({ engine }) => sequential([layers.dense(1)], { engine }).predict(x.data),
      Error,
      "predict: the model has no input shape yet. Give sequential(layers, { inputShape }).",
    ],
    [
      "an iterable that is over",
      ({ model }) => model.fit([].values(), { epochs: 2 }),
      RangeError,
      "fit: an epoch must have at least one batch. Received: batches=0.",
    ],
    [
      "an iterable of something else",
      ({ model }) => model.fit(any([x].values())),
      TypeError,
      "fit: the iterable must give [x, y] or [x, y, sampleWeight]. Received: batch={ data, shape }.",
    ],
    [
      "an iterable with too few batches",
      ({ model }) => model.fit([].values(), { stepsPerEpoch: 2 }),
      Error,
      "fit: the iterable must give 2 batches per epoch, but it ended.",
    ],
    [
      "a learning rate that is negative",
      ({ model }) => (model.optimizer.learningRate = -1),
      RangeError,
      "adam: learningRate must be a finite number in [0, Infinity). Received: learningRate=-1.",
    ],
    [
      "a layer that is not there",
      ({ model }) => model.getLayer("conv"),
      RangeError,
      'getLayer: name must be one of dense, dense_1. Received: name="conv".',
    ],
  ],
};
