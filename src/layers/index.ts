/** The layers by name. */
import type { LayerOptions } from "../graph/layer.js";
import { Activation, elu, leakyReLU, reLU, selu, softmax, type ActivationOptions } from "./activation.js";
import { ActivityRegularization, type ActivityRegularizationOptions } from "./activity-regularization.js";
import { AlphaDropout, type AlphaDropoutOptions } from "./alpha-dropout.js";
import { BatchNormalization, type BatchNormalizationOptions } from "./batch-normalization.js";
import { Concatenate, type ConcatenateOptions } from "./concatenate.js";
import { Dense, type DenseOptions } from "./dense.js";
import { DenseTranspose, type DenseTransposeOptions } from "./dense-transpose.js";
import { Dot, type DotOptions } from "./dot.js";
import { Dropout, type DropoutOptions } from "./dropout.js";
import { GaussianDropout, GaussianNoise, type GaussianDropoutOptions, type GaussianNoiseOptions } from "./gaussian.js";
import { LayerNormalization, type LayerNormalizationOptions } from "./layer-normalization.js";
import { Add, Average, Maximum, Minimum, Multiply, plainOptions, Subtract } from "./merge.js";
import { Normalization, type NormalizationOptions } from "./normalization.js";
import { PReLU, type PReLUOptions } from "./prelu.js";
import { Flatten, Reshape, type ReshapeOptions } from "./reshape.js";
import { Rescaling, type RescalingOptions } from "./rescaling.js";
import { RReLU, type RReLUOptions } from "./rrelu.js";
import type { ActivationSpec } from "../activations.js";

/** Factories of all layers: each takes one options object, or its one essential option alone. */
export const layers = {
  dense: (options: DenseOptions | number) => new Dense(options),
  denseTranspose: (options: DenseTransposeOptions) => new DenseTranspose(options),
  activation: (options: ActivationOptions | ActivationSpec) => new Activation(options),
  reLU,
  leakyReLU,
  prelu: (options: PReLUOptions = {}) => new PReLU(options),
  rrelu: (options: RReLUOptions = {}) => new RReLU(options),
  elu,
  selu,
  softmax,
  batchNormalization: (options: BatchNormalizationOptions = {}) => new BatchNormalization(options),
  layerNormalization: (options: LayerNormalizationOptions = {}) => new LayerNormalization(options),
  dropout: (options: DropoutOptions | number) => new Dropout(options),
  alphaDropout: (options: AlphaDropoutOptions | number) => new AlphaDropout(options),
  gaussianDropout: (options: GaussianDropoutOptions | number) => new GaussianDropout(options),
  gaussianNoise: (options: GaussianNoiseOptions | number) => new GaussianNoise(options),
  activityRegularization: (options: ActivityRegularizationOptions) => new ActivityRegularization(options),
  flatten: (options: LayerOptions = {}) => new Flatten(options),
  reshape: (options: ReshapeOptions | readonly number[]) => new Reshape(options),
  rescaling: (options: RescalingOptions | number) => new Rescaling(options),
  normalization: (options: NormalizationOptions = {}) => new Normalization(options),
  add: (options: LayerOptions = {}) => new Add(plainOptions("add", options)),
  subtract: (options: LayerOptions = {}) => new Subtract(plainOptions("subtract", options)),
  multiply: (options: LayerOptions = {}) => new Multiply(plainOptions("multiply", options)),
  average: (options: LayerOptions = {}) => new Average(plainOptions("average", options)),
  maximum: (options: LayerOptions = {}) => new Maximum(plainOptions("maximum", options)),
  minimum: (options: LayerOptions = {}) => new Minimum(plainOptions("minimum", options)),
  concatenate: (options: ConcatenateOptions = {}) => new Concatenate(options),
  dot: (options: DotOptions) => new Dot(options),
} as const;

export type LayerKind = keyof typeof layers;
