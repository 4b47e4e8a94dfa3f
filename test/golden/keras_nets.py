"""Nets described as JSON in lanewise's words, built with Keras 3. The same descriptions go into the golden files, so
that each net is written once: the tests build it from there.

A layer is {"kind", "name", "options", "inputs"}; inputs are names of layers or of model inputs, by default the layer
before. A value from a family, such as a regularizer, is {family: name, "options": {...}}.
"""

import os
import re

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras
import numpy as np

VERSIONS = {"keras": keras.__version__, "jax": jax.__version__, "numpy": np.__version__}


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def floats(array):
    """The fewest digits that tell every float from its neighbours."""
    return [float(str(value)) for value in np.asarray(array, np.float32).ravel()]


def tensor(array):
    return {"shape": list(np.shape(array)), "values": floats(array)}


# Words that are not the camelCase form of Keras's.
OPTIONS = {
    "beta1": "beta_1",
    "beta2": "beta_2",
    "clipNorm": "clipnorm",
    "clipValue": "clipvalue",
    "globalClipNorm": "global_clipnorm",
    "initial": "initial_learning_rate",
    "end": "end_learning_rate",
}


def activation(name, options):
    plain = {
        "abs": keras.ops.abs,
        "gelu": lambda x: keras.activations.gelu(x, approximate=False),
        "geluTanh": lambda x: keras.activations.gelu(x, approximate=True),
    }
    function = plain.get(name) or getattr(keras.activations, snake(name))
    words = {"alpha": "negative_slope"} if name == "leakyRelu" else {}
    given = {words.get(key, key): value for key, value in options.items()}
    return lambda x: function(x, **given)


def family(module, words={}):
    """Classes of a Keras module by lanewise's names."""

    def make(name, options):
        found = getattr(module, words.get(name) or name[0].upper() + name[1:])
        return found(**arguments(options))

    return make


FAMILIES = {
    "activations": activation,
    "regularizers": family(keras.regularizers, {"l1l2": "L1L2"}),
    "constraints": family(keras.constraints, {"nonNegative": "NonNeg", "unitNorm": "UnitNorm"}),
    "schedules": family(
        keras.optimizers.schedules,
        {"piecewiseConstant": "PiecewiseConstantDecay"},
    ),
    "losses": family(keras.losses, {"klDivergence": "KLDivergence"}),
}


def value(given):
    if isinstance(given, dict):
        for name, make in FAMILIES.items():
            if name in given:
                return make(given[name], given.get("options", {}))
    return given


def arguments(options):
    return {OPTIONS.get(key) or snake(key): value(given) for key, given in options.items()}


LAYERS = {"prelu": "PReLU", "leakyReLU": "LeakyReLU", "reLU": "ReLU", "elu": "ELU"}


def layer(kind, name, options):
    given = dict(options)
    trainable = given.pop("trainable", True)
    for key, each in given.items():
        for word in ("activation", "regularizer", "constraint"):
            if key.lower().endswith(word) and isinstance(each, str):
                given[key] = {f"{word}s": each}
    if kind in ("elu", "selu"):
        made = keras.layers.Activation(activation(kind, given), name=name)
    else:
        words = {"alpha": "negative_slope"} if kind == "leakyReLU" else {}
        given = {words.get(key, key): each for key, each in arguments(given).items()}
        made = getattr(keras.layers, LAYERS.get(kind) or kind[0].upper() + kind[1:])(name=name, **given)
    made.trainable = trainable
    return made


def build(net):
    """The net as a Keras model; a layer listed again under its name is shared. Names of nodes: `as`, else `name`."""
    nodes = {name: keras.Input(shape, name=name) for name, shape in net["inputs"].items()}
    inputs = list(nodes.values())
    made = {}
    last = next(iter(nodes))
    for each in net["layers"]:
        name = each["name"]
        if name not in made:
            made[name] = layer(each["kind"], name, each.get("options", {}))
        sources = [nodes[source] for source in each.get("inputs", [last])]
        last = each.get("as", name)
        nodes[last] = made[name](sources if len(sources) > 1 else sources[0])
    return keras.Model(inputs, [nodes[name] for name in net.get("outputs", [last])])


def optimizer(name, options):
    given = dict(options)
    exclude = given.pop("excludeFromWeightDecay", None)
    words = {"sgd": "SGD", "rmsprop": "RMSprop", "adamW": "AdamW"}
    made = getattr(keras.optimizers, words.get(name) or name[0].upper() + name[1:])(**arguments(given))
    if exclude:
        made.exclude_from_weight_decay(var_names=exclude)
    return made


def camel(name):
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def path(variable):
    """Keras's dense/moving_mean as dense/movingMean."""
    owner, name = variable.path.rsplit("/", 1)
    return f"{owner}/{camel(name)}"


def is_state(variable):
    """Weights that lanewise has too: not the seeds and counts that Keras keeps beside."""
    return not variable.path.endswith(("/count", "seed_generator_state"))


def initialize(model, random):
    """Every weight from the generator, so that none is at a special value."""
    for variable in model.variables:
        if not is_state(variable):
            continue
        kind = path(variable).rsplit("/", 1)[1]
        shape = variable.shape
        if kind == "kernel":
            values = random.normal(0, 1 / np.sqrt(shape[0]), shape)
        elif kind == "gamma":
            values = random.normal(1, 0.2, shape)
        elif kind in ("movingVariance", "variance"):
            values = random.uniform(0.5, 1.5, shape)
        elif kind == "alpha":
            values = random.uniform(0.1, 0.4, shape)
        else:
            values = random.normal(0, 0.2, shape)
        variable.assign(np.asarray(values, np.float32))


def weights(model):
    return {path(variable): tensor(variable.value) for variable in model.variables if is_state(variable)}
