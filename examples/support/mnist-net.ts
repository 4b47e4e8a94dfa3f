import { layers, optimizers, schedules, sequential, type Model } from "lanewise";

/**
 * The net of `npm start`: 784-300-100-10 with batch normalization, ELU, He weights and dropout, trained by Nadam under
 * 1cycle for so many steps. It takes images as bytes, [28, 28].
 */
export function mnistNet(seed: number, totalSteps: number): Model {
  const hidden = (units: number) => [
    layers.dense({ units, kernelInitializer: "heNormal", useBias: false }),
    layers.batchNormalization(),
    layers.activation("elu"),
    layers.dropout({ rate: 0.2 }),
  ];
  const model = sequential(
    [
      layers.rescaling({ scale: 1 / 255 }),
      layers.flatten(),
      ...hidden(300),
      ...hidden(100),
      layers.dense({ units: 10, activation: "softmax" }),
    ],
    { inputShape: [28, 28], seed },
  );
  const { learningRate } = schedules.oneCycle({ maxLearningRate: 3e-3, totalSteps, shape: "linear" });
  model.compile({
    optimizer: optimizers.nadam({ learningRate }),
    loss: "sparseCategoricalCrossentropy",
    metrics: ["accuracy"],
  });
  return model;
}
