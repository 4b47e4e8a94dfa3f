import {
  activationDefinitions,
  activations,
  resolveActivation,
  type Activation as ActivationFunction,
  type ActivationDefinition,
  type ActivationSpec,
} from "../activations.js";
import { Layer, type LayerOptions } from "../graph/layer.js";
import type { Lowered, Lowering } from "../graph/lowering.js";
import type { Shape } from "../graph/shape.js";
import { checkLayerOptions, readLayerOptions, withEssential } from "./options.js";
import { renamed } from "./reshape.js";

/** Options of `layers.activation`. */
export interface ActivationOptions extends LayerOptions {
  activation: ActivationSpec;
}

interface Resolved extends LayerOptions {
  readonly activation: ActivationFunction;
}

/** y = f(x) for any row of `activations`; softmax and logSoftmax over the last axis. No weights. */
export class Activation extends Layer<Resolved> {
  readonly kind = "activation";

  constructor(options: ActivationOptions | ActivationSpec) {
    const given = withEssential<"activation", ActivationOptions>("activation", options);
    super(readLayerOptions("activation", given, { activation: resolveActivation }));
  }

  outputShape([shape]: readonly Shape[]): Shape {
    return shape!;
  }

  override forward(lower: Lowering): Lowered {
    const { activation } = this.options;
    return activation.identity ? renamed(lower) : { output: lower.activate(activation, lower.inputs[0]!) };
  }
}

/** Those of the activation, if it has some, and those of every layer. */
type OptionsOf<Name extends keyof typeof activations> = LayerOptions &
  (Parameters<(typeof activations)[Name]> extends [] ? unknown : Parameters<(typeof activations)[Name]>[0]);

/** A factory of activation layers, called `kind`, that takes the options of one activation. */
function layerOf<Name extends keyof typeof activations>(kind: string, name: Name, layerDefaults: object = {}) {
  const make = activations[name] as (options: object) => ActivationFunction;
  const definition: ActivationDefinition = activationDefinitions[name];
  const known = Object.keys(definition.options ?? {});
  return (options: OptionsOf<Name> = {} as OptionsOf<Name>): Activation => {
    checkLayerOptions(kind, options, known);
    const { name: layerName, trainable, ...own } = options as LayerOptions & object;
    return new Activation({
      activation: make({ ...layerDefaults, ...own }),
      ...(layerName === undefined ? {} : { name: layerName }),
      ...(trainable === undefined ? {} : { trainable }),
    });
  };
}

export const reLU = layerOf("reLU", "relu");
/** Keras's layer has slope .3 where its function has .2 (Maas et al. 2013). */
export const leakyReLU = layerOf("leakyReLU", "leakyRelu", { alpha: 0.3 });
export const elu = layerOf("elu", "elu");
export const selu = layerOf("selu", "selu");
export const softmax = layerOf("softmax", "softmax");
