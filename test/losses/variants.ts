import { losses, type Loss, type LossName } from "../../src/losses/index.js";

export interface Options {
  fromLogits?: boolean;
  labelSmoothing?: number;
  delta?: number;
}

const other: Required<Options> = { fromLogits: true, labelSmoothing: 0.2, delta: 0.4 };

/** Every combination of a loss's options at their default and at another value. */
export function variants(name: LossName): Options[] {
  let all: Options[] = [{}];
  for (const key of Object.keys(losses[name].definition.defaults) as (keyof Options)[]) {
    all = all.flatMap((options) => [options, { ...options, [key]: other[key] }]);
  }
  return all;
}

/** A loss with options that its name allows. */
export function makeLoss(name: LossName, options: Options): Loss {
  return (losses[name] as (options: Options) => Loss)(options);
}
