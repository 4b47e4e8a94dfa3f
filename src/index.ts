/** The public names. */
export { FormatError, MemoryError } from "./check.js";
export { Tensor, tensor, type DataLike, type NestedArray, type TypedArray } from "./tensor.js";
export { dispose, info, init, type EngineInfo, type EngineOptions } from "./runtime/engine.js";
export { datasets } from "./datasets/index.js";
export type * from "./datasets/index.js";

export { sequential, type SequentialOptions } from "./models/sequential.js";
export { functional, input, type FunctionalOptions } from "./models/functional.js";
export type { Model, ModelData, ModelOptions, ParameterInfo, WeightReport } from "./models/model.js";
export type { CompileOptions } from "./models/compile.js";
export type { FitOptions, History } from "./models/fit.js";
export type { EvaluateOptions } from "./models/evaluate.js";
export type { PredictOptions } from "./models/predict.js";
export type { MonteCarloOptions, MonteCarloPrediction } from "./models/predict-mc.js";

export { layers } from "./layers/index.js";
export { activations, type ActivationName } from "./activations.js";
export { initializers } from "./initializers.js";
export { regularizers } from "./regularizers.js";
export { constraints } from "./constraints.js";
export { losses, type CustomLoss, type LossName } from "./losses/index.js";
export { metrics, type CustomMetric, type MetricName } from "./metrics/index.js";
export { optimizers, type OptimizerName } from "./optimizers/index.js";
export type { Callback, CallbackContext, Logs } from "./callbacks/index.js";
export { callbacks } from "./diagnostics/callbacks.js";

export { gradientReport, type GradientMonitorOptions } from "./diagnostics/gradient-monitor.js";
export type { GradientReport, LayerHealth } from "./diagnostics/gradient-report.js";
export { findLearningRate, type LearningRateCurve, type LearningRateRange } from "./diagnostics/find-learning-rate.js";
export { foldBatchNormalization, type FoldedModel, type FoldReport } from "./reuse/fold-batch-normalization.js";
export { recipes, type RecipeOptions } from "./reuse/recipes.js";
export { schedules } from "./schedules/index.js";
export type { Schedule } from "./schedules/schedule.js";
export { saveModel, type SaveOptions } from "./formats/save-model.js";
export { loadModel, type LoadOptions } from "./formats/load-model.js";
export * as safetensors from "./formats/safetensors.js";
export { pretraining } from "./reuse/index.js";
export type * from "./reuse/index.js";
