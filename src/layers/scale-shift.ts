/** The learned scale `gamma` and shift `beta` that both normalizations end with: their options and parameters. */
import { checkBoolean, checkNumber } from "../check.js";
import { resolveConstraint, type Constraint, type ConstraintSpec } from "../constraints.js";
import type { ParameterDeclaration } from "../graph/parameter.js";
import type { Shape } from "../graph/shape.js";
import { resolveInitializer, type Initializer, type InitializerSpec } from "../initializers.js";
import { resolveRegularizer, type Regularizer, type RegularizerSpec } from "../regularizers.js";

export interface ScaleShiftOptions {
  /** Whether to add a learned `beta`. Default true. */
  center?: boolean;
  /** Whether to multiply with a learned `gamma`. Default true. */
  scale?: boolean;
  /** Default zeros. */
  betaInitializer?: InitializerSpec;
  /** Default ones. */
  gammaInitializer?: InitializerSpec;
  betaRegularizer?: RegularizerSpec | undefined;
  gammaRegularizer?: RegularizerSpec | undefined;
  betaConstraint?: ConstraintSpec | undefined;
  gammaConstraint?: ConstraintSpec | undefined;
  /** Factor on the learning rate of this layer's weights, at least 0. Default 1. */
  learningRateScale?: number;
}

export const SCALE_SHIFT_KEYS = [
  "center",
  "scale",
  "betaInitializer",
  "gammaInitializer",
  "betaRegularizer",
  "gammaRegularizer",
  "betaConstraint",
  "gammaConstraint",
  "learningRateScale",
] as const;

export interface ScaleShift {
  readonly center: boolean;
  readonly scale: boolean;
  readonly betaInitializer: Initializer;
  readonly gammaInitializer: Initializer;
  readonly betaRegularizer: Regularizer | undefined;
  readonly gammaRegularizer: Regularizer | undefined;
  readonly betaConstraint: Constraint | undefined;
  readonly gammaConstraint: Constraint | undefined;
  readonly learningRateScale: number;
}

/** Options with defaults, checked. */
export function resolveScaleShift(where: string, options: ScaleShiftOptions): ScaleShift {
  return {
    center: checkBoolean(where, "center", options.center ?? true),
    scale: checkBoolean(where, "scale", options.scale ?? true),
    betaInitializer: resolveInitializer(where, "betaInitializer", options.betaInitializer ?? "zeros"),
    gammaInitializer: resolveInitializer(where, "gammaInitializer", options.gammaInitializer ?? "ones"),
    betaRegularizer: resolveRegularizer(where, "betaRegularizer", options.betaRegularizer),
    gammaRegularizer: resolveRegularizer(where, "gammaRegularizer", options.gammaRegularizer),
    betaConstraint: resolveConstraint(where, "betaConstraint", options.betaConstraint),
    gammaConstraint: resolveConstraint(where, "gammaConstraint", options.gammaConstraint),
    learningRateScale: checkNumber(where, "learningRateScale", options.learningRateScale ?? 1, { min: 0 }),
  };
}

/** `gamma` and `beta` of this shape, as far as the options want them. */
export function declareScaleShift(options: ScaleShift, shape: Shape): ParameterDeclaration[] {
  const declare = (key: "gamma" | "beta"): ParameterDeclaration => ({
    key,
    shape,
    initializer: options[`${key}Initializer`],
    regularizer: options[`${key}Regularizer`],
    constraint: options[`${key}Constraint`],
    learningRateScale: options.learningRateScale,
  });
  return [...(options.scale ? [declare("gamma")] : []), ...(options.center ? [declare("beta")] : [])];
}
