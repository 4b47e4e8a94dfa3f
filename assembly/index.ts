/**
 * The Wasm ABI: every kernel, by name. Kernels are pure functions over addresses (usize), counts (i32, in floats) and
 * scalars (f32); they allocate nothing and keep no state.
 */
export { isFused } from "./simd";
export { saxpy, sscal, addForward, sdot } from "./blas1";
export { weightedSum } from "./losses/rows";
export { meanSquaredErrorForward, meanSquaredErrorBackward } from "./losses/mean-squared-error";
export { meanAbsoluteErrorForward, meanAbsoluteErrorBackward } from "./losses/mean-absolute-error";
export { huberForward, huberBackward } from "./losses/huber";
export { logCoshForward, logCoshBackward } from "./losses/log-cosh";
export { hingeForward, hingeBackward, squaredHingeForward, squaredHingeBackward } from "./losses/hinge";
export { poissonForward, poissonBackward } from "./losses/poisson";
export { klDivergenceForward, klDivergenceBackward } from "./losses/kl-divergence";
export { cosineSimilarityForward, cosineSimilarityBackward } from "./losses/cosine-similarity";
export {
  binaryCrossentropyForward, binaryCrossentropyBackward,
  binaryCrossentropyFromLogitsForward, binaryCrossentropyFromLogitsBackward, sigmoidCrossentropyBackward,
} from "./losses/binary-crossentropy";
export {
  categoricalCrossentropyForward, categoricalCrossentropyBackward,
  sparseCategoricalCrossentropyForward, sparseCategoricalCrossentropyBackward,
} from "./losses/categorical-crossentropy";
export {
  softmaxCrossentropyForward, softmaxCrossentropyBackward,
  softmaxCrossentropySparseForward, softmaxCrossentropySparseBackward,
  categoricalCrossentropyFromLogitsForward, categoricalCrossentropyFromLogitsBackward,
  sparseCategoricalCrossentropyFromLogitsForward, sparseCategoricalCrossentropyFromLogitsBackward,
} from "./losses/softmax-crossentropy";
export {
  subtractForward,
  maximumForward,
  minimumForward,
  gateEqual,
  affineForward,
  copyRows,
  rowDots,
  scaleRows,
  l2NormalizeForward,
  l2NormalizeBackward,
  inverseDeviation,
  standardizeForward,
  standardizeBackward,
} from "./merge";
export { read2Write1, read3Write2, read4Write3, read5Write4 } from "./stream";
export { sumOfSquares } from "./clipping";
export { sgdStep, momentumStep, nesterovStep } from "./optimizers/sgd";
export { adamStep, amsgradStep } from "./optimizers/adam";
export { adagradStep } from "./optimizers/adagrad";
export { adadeltaStep } from "./optimizers/adadelta";
export {
  rmspropStep, rmspropMomentumStep, rmspropCenteredStep, rmspropCenteredMomentumStep,
} from "./optimizers/rmsprop";
export { adamaxStep } from "./optimizers/adamax";
export { nadamStep } from "./optimizers/nadam";
export { lionStep } from "./optimizers/lion";
export { averageStep } from "./optimizers/average";
export { flushTiny } from "./optimizers/moving-average";
export { panelFloats, panelOffset, panelStride, packPanels, unpackPanels } from "./gemm/panels";
export { denseForward, denseForwardShort } from "./gemm/dense-forward";
export { denseBackwardWeights, denseBackwardWeightsShort } from "./gemm/dense-backward-weights";
export { denseBackwardInput, denseBackwardInputShort, denseBackwardInputScratch } from "./gemm/dense-backward-input";
export { biasBackward } from "./gemm/bias-backward";
export {
  sgemmNN, sgemmNT, sgemmTN, sgemmTT, sgemmNNShort, sgemmNTShort, sgemmTNShort, sgemmTTShort, sgemmScratch,
} from "./gemm/sgemm";
export { u8ToF32, i32ToF32, f64ToF32 } from "./convert";
export { peak, copyFloats } from "./peak";
export { threefry2x32, bitsFill, uniformFill, normalFill, truncatedNormalFill } from "./random";
export {
  mulForward, dropoutForward, dropoutMask, alphaDropoutForward, gaussianDropoutForward, gaussianNoiseForward,
} from "./dropout";
export {
  batchNormStatistics, inverseStandardDeviation, movingUpdate,
  batchNormForward, batchNormBackward, batchNormInferenceBackward,
} from "./batch-norm";
export { vexpm1, vlog, vlog1p, verf } from "./vmath-kernels";
export { reluForward, reluBackward } from "./activations/relu";
export { relu6Forward, relu6Backward } from "./activations/relu6";
export { leakyReluForward, leakyReluBackward } from "./activations/leaky-relu";
export { eluForward, eluBackward } from "./activations/elu";
export { seluForward, seluBackward } from "./activations/selu";
export { celuForward, celuBackward } from "./activations/celu";
export { geluForward, geluBackward } from "./activations/gelu";
export { geluTanhForward, geluTanhBackward } from "./activations/gelu-tanh";
export { siluForward, siluBackward } from "./activations/silu";
export { mishForward, mishBackward } from "./activations/mish";
export { softplusForward, softplusBackward } from "./activations/softplus";
export { softsignForward, softsignBackward } from "./activations/softsign";
export { sigmoidForward, sigmoidBackward } from "./activations/sigmoid";
export { hardSigmoidForward, hardSigmoidBackward } from "./activations/hard-sigmoid";
export { hardSiluForward, hardSiluBackward } from "./activations/hard-silu";
export { tanhForward, tanhBackward } from "./activations/tanh";
export { exponentialForward, exponentialBackward } from "./activations/exponential";
export { softmaxForward, softmaxBackward } from "./activations/softmax";
export { logSoftmaxForward, logSoftmaxBackward } from "./activations/log-softmax";
export { absForward, absBackward } from "./activations/abs";
export { linearForward, linearBackward } from "./activations/linear";
export { preluForward, preluBackward } from "./activations/prelu";
export { repeatForward, repeatBackward } from "./repeat";
export { rreluForward, rreluBackward } from "./activations/rrelu";
export { layerNormForward, layerNormBackward, layerNormParameterGradient } from "./layer-norm";
export { sumOfAbsolutes, l1Backward } from "./regularizers";
export {
  normConstraint, panelColumnNormConstraint, panelRowNormConstraint, nonNegativeConstraint,
} from "./constraints";

/** First address that no constant table of the module occupies: where the arena may begin. */
export function heapBase(): usize {
  return __heap_base;
}
