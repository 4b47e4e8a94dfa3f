/** The learned scale `gamma` and shift `beta` that both normalizations end with: their options and parameters. */
import { resolveConstraint, type ConstraintSpec } from "../constraints.js";
import type { ParameterDeclaration } from "../graph/parameter.js";
import type { Shape } from "../graph/shape.js";
import { initializer, type InitializerSpec } from "../initializers.js";
import { boolean, number, type Values } from "../options.js";
import { resolveRegularizer, type RegularizerSpec } from "../regularizers.js";

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

/** How both normalizations read them. */
export const SCALE_SHIFT_OPTIONS = {
  center: boolean(true),
  scale: boolean(true),
  betaInitializer: initializer("zeros"),
  gammaInitializer: initializer("ones"),
  betaRegularizer: resolveRegularizer,
  gammaRegularizer: resolveRegularizer,
  betaConstraint: resolveConstraint,
  gammaConstraint: resolveConstraint,
  learningRateScale: number({ min: 0 }, 1),
};

export type ScaleShift = Values<typeof SCALE_SHIFT_OPTIONS>;

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
