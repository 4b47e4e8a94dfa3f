/** A user's own loss: plain JavaScript on copies, in place of kernels. */
import { rangeError, typeError } from "../check.js";
import { Tensor } from "../tensor.js";
import type { Loss } from "./loss.js";

/**
 * The targets come as floats: shaped as the prediction where there are as many, else as they were given, such as
 * [rows] of class indices or ids. Values and slopes of a batch: `value` one per sample, `gradient` the derivative of each value by the prediction,
 * shaped as the prediction. The mean over the batch, and weights, are not its business.
 */
export type CustomLoss = (yTrue: Tensor, yPred: Tensor) => { value: ArrayLike<number>; gradient: ArrayLike<number> };

/** Of prediction, rowLoss, rowScale and dPrediction (0: not wanted). */
export type CustomAddresses = readonly [number, number, number, number];

/** A Loss around a user's function, named as the function. */
export function customLoss(custom: CustomLoss): Loss {
  const name = custom.name || "customLoss";
  const misused = () => {
    throw new Error(`${name}: a user's own loss runs through evaluate, not through kernels.`);
  };
  const evaluate = evaluator(name, custom);
  return Object.freeze({ name, options: {}, target: "given", forward: misused, backward: misused, evaluate });
}

/**
 * Runs a user's function on copies of a batch, checks what it returns and writes rowLoss and, unless dPrediction is 0,
 * dPrediction[r][j] = rowScale[r] * gradient[r][j]. `shape` is that of the prediction, [rows, ...].
 */
function evaluator(name: string, custom: CustomLoss): NonNullable<Loss["evaluate"]> {
  return (engine, shape, yTrue, prediction, rowLoss, rowScale, dPrediction) => {
    const rows = shape[0]!;
    const size = shape.reduce((product, length) => product * length, 1);
    const yPred = new Tensor(engine.floats(prediction, size).slice(), shape);
    const result: unknown = custom(new Tensor(yTrue.data.slice(), yTrue.shape), yPred);
    const expected = "a custom loss must return { value, gradient }";
    if (typeof result !== "object" || result === null) throw typeError(name, expected, "result", result);
    const { value, gradient } = result as Record<string, unknown>;
    const values = checkFloats(name, "value", value, rows, `one number per sample, ${rows}`);
    const slopes = checkFloats(name, "gradient", gradient, size, `one number per element of yPred, ${size}`);

    // The function may have made memory grow (by predicting with another model): views are taken only now.
    engine.floats(rowLoss, rows).set(values);
    if (dPrediction === 0) return;
    const scale = engine.floats(rowScale, rows);
    const slope = engine.floats(dPrediction, size);
    const width = size / rows;
    for (let i = 0; i < size; i++) slope[i] = Math.fround(slopes[i]!) * scale[Math.floor(i / width)]!;
  };
}

function checkFloats(where: string, name: string, value: unknown, length: number, what: string): ArrayLike<number> {
  const expected = `${name} must be an array of floats, ${what}`;
  if (!Array.isArray(value) && !ArrayBuffer.isView(value)) throw typeError(where, expected, name, value);
  const floats = value as ArrayLike<number>;
  if (floats.length !== length) throw rangeError(where, expected, `${name}.length`, floats.length);
  return floats;
}
