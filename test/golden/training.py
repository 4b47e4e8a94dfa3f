"""Writes training.json: whole trainings with Keras 3, step by step: the loss of each of 20 steps, the final weights and
predictions. Run: python test/golden/training.py (pip install keras jax numpy)."""

import json
import pathlib
import sys

from keras_nets import VERSIONS, build, floats, initialize, optimizer, tensor, value, weights

import keras
import numpy as np

STEPS = 20
BATCH = 6
ROWS = 18


def dense(name, units, activation="linear", inputs=None, **options):
    made = {"kind": "dense", "name": name, "options": {"units": units, "activation": activation, **options}}
    return {**made, "inputs": inputs} if inputs else made


def of(kind, name, inputs=None, **options):
    made = {"kind": kind, "name": name, "options": options}
    return {**made, "inputs": inputs} if inputs else made


def pick(family, name, **options):
    return {family: name, "options": options}


def train(net, seed):
    """One training: batch s takes rows 6s, 6s + 1, ... of 18, beginning again at the end."""
    keras.utils.clear_session()
    random = np.random.default_rng(seed)
    model = build(net)
    initialize(model, random)
    x = [np.asarray(random.normal(0, 1, (ROWS, *shape)), np.float32) for shape in net["inputs"].values()]
    targets = [make_target(kind, output.shape[1:], random) for kind, output in zip(net["targets"], model.outputs)]
    losses = [value({"losses": loss} if isinstance(loss, str) else loss) for loss in net["loss"]]
    one = len(losses) == 1
    model.compile(
        optimizer=optimizer(net["optimizer"]["name"], net["optimizer"]["options"]),
        loss=losses[0] if one else losses,
        loss_weights=net.get("lossWeights"),
    )
    sample_weights = None
    if net.get("sampleWeights"):
        sample_weights = [np.asarray(random.uniform(0, 2, ROWS), np.float32) for _ in losses]

    golden = {
        "net": net,
        "x": [tensor(each) for each in x],
        "y": [tensor(each) for each in targets],
        "sampleWeights": [tensor(each) for each in sample_weights] if sample_weights else None,
        "initial": weights(model),
        "losses": [],
        "outputLosses": [],
    }
    for step in range(STEPS):
        rows = [(step * BATCH + i) % ROWS for i in range(BATCH)]
        take = lambda arrays: [each[rows] for each in arrays]
        options = {}
        if sample_weights:
            options["sample_weight"] = take(sample_weights)[0] if one else take(sample_weights)
        if net.get("classWeight"):
            options["class_weight"] = {int(label): weight for label, weight in net["classWeight"].items()}
        model.reset_metrics()
        inputs, wanted = take(x), take(targets)
        logs = model.train_on_batch(
            inputs[0] if len(inputs) == 1 else inputs, wanted[0] if one else wanted, return_dict=True, **options
        )
        golden["losses"].append(floats(logs["loss"])[0])
        golden["outputLosses"].append([floats(logs[f"{name}_loss"])[0] for name in model.output_names] if not one else [])
    golden["final"] = weights(model)
    predictions = model.predict_on_batch(x[0] if len(x) == 1 else x)
    golden["predictions"] = [floats(each) for each in ([predictions] if one else predictions)]
    return golden


def make_target(kind, shape, random):
    if kind == "class":
        return random.integers(0, shape[-1], (ROWS, *shape[:-1])).astype(np.float32)
    if kind == "oneHot":
        return np.eye(shape[-1], dtype=np.float32)[random.integers(0, shape[-1], ROWS)]
    if kind == "binary":
        return random.integers(0, 2, (ROWS, *shape)).astype(np.float32)
    if kind == "sign":
        return (2 * random.integers(0, 2, (ROWS, *shape)) - 1).astype(np.float32)
    if kind == "count":
        return random.integers(0, 5, (ROWS, *shape)).astype(np.float32)
    if kind == "probabilities":
        return random.dirichlet(np.ones(shape[-1]), ROWS).astype(np.float32)
    return random.normal(0, 1, (ROWS, *shape)).astype(np.float32)


nets = {
    "SGD with Nesterov momentum": {
        "inputs": {"x": [7]},
        "layers": [dense("a", 9, "elu"), dense("b", 5, "elu"), dense("c", 3, "softmax")],
        "targets": ["class"],
        "loss": ["sparseCategoricalCrossentropy"],
        "optimizer": {"name": "sgd", "options": {"learningRate": 0.05, "momentum": 0.9, "nesterov": True}},
    },
    "Adam with batch normalization": {
        "inputs": {"x": [7]},
        "layers": [
            dense("a", 9, useBias=False),
            of("batchNormalization", "aNorm"),
            of("activation", "aElu", activation="elu"),
            dense("b", 5, useBias=False),
            of("batchNormalization", "bNorm", momentum=0.9),
            of("activation", "bElu", activation="elu"),
            dense("c", 3, "softmax"),
        ],
        "targets": ["class"],
        "loss": ["sparseCategoricalCrossentropy"],
        "optimizer": {"name": "adam", "options": {"learningRate": 0.01}},
    },
}

ACTIVATIONS = (
    "relu relu6 leakyRelu elu selu celu gelu geluTanh silu mish softplus softsign sigmoid hardSigmoid hardSilu tanh "
    "exponential softmax logSoftmax abs linear"
).split()
nets["every activation, Nadam, clipping by norm, cosine decay after warm-up, label smoothing"] = {
    "inputs": {"x": [5]},
    "layers": [
        *[dense(name, 2, name, ["x"]) for name in ACTIVATIONS],
        dense("slopes", 3, inputs=["x"]),
        of("prelu", "prelu", ["slopes"]),
        of("leakyReLU", "leaky", ["slopes"], alpha=0.1),
        of("concatenate", "all", [*ACTIVATIONS, "prelu", "leaky"]),
        dense("head", 3, "softmax", ["all"]),
    ],
    "targets": ["oneHot"],
    "loss": [pick("losses", "categoricalCrossentropy", labelSmoothing=0.1)],
    "optimizer": {
        "name": "nadam",
        "options": {
            "learningRate": pick("schedules", "cosineDecay", initial=1e-3, decaySteps=12, alpha=0.1, warmupTarget=0.02, warmupSteps=5),
            "clipNorm": 0.2,
        },
    },
}

nets["regularizers, constraints, batch and layer normalization, AdamW, clipping by global norm, exponential decay"] = {
    "inputs": {"x": [6]},
    "layers": [
        dense("a", 8, "tanh", kernelRegularizer=pick("regularizers", "l2", l2=0.02), kernelConstraint=pick("constraints", "maxNorm", maxValue=0.8)),
        of("layerNormalization", "aNorm", center=False),  # beta would be a bias in front of batch normalization
        dense("b", 7, useBias=False, kernelRegularizer=pick("regularizers", "l1", l1=0.003), kernelConstraint="unitNorm"),
        of(
            "batchNormalization",
            "bNorm",
            momentum=0.8,
            gammaRegularizer=pick("regularizers", "l1l2", l1=0.01, l2=0.02),
            betaConstraint=pick("constraints", "maxNorm", maxValue=0.5),
        ),
        of("activation", "bSilu", activation="silu"),
        of("activityRegularization", "penalty", l1=0.01, l2=0.02),
        dense(
            "c",
            6,
            "softplus",
            biasRegularizer=pick("regularizers", "l2", l2=0.1),
            activityRegularizer=pick("regularizers", "l2", l2=0.03),
            kernelConstraint=pick("constraints", "minMaxNorm", minValue=0.6, maxValue=0.9, rate=0.7),
            biasConstraint=pick("constraints", "minMaxNorm", minValue=0.1, maxValue=0.3),
        ),
        dense("d", 2, kernelConstraint="nonNegative", kernelRegularizer="l2", biasRegularizer="l1"),
    ],
    "targets": ["values"],
    "loss": ["meanSquaredError"],
    "optimizer": {
        "name": "adamW",
        "options": {
            "learningRate": pick("schedules", "exponentialDecay", initial=0.03, decaySteps=5, decayRate=0.8),
            "weightDecay": 0.05,
            "excludeFromWeightDecay": ["bias", "gamma"],
            "globalClipNorm": 0.5,
        },
    },
}

nets["merge layers, shared layers, two inputs and outputs, sample weights, RMSprop, clipping by value, piecewise constant"] = {
    "inputs": {"left": [5], "right": [5]},
    "layers": [
        {**dense("twin", 4, "tanh", ["left"]), "as": "l"},
        {**dense("twin", 4, "tanh", ["right"]), "as": "r"},
        {**dense("twin2", 4, "elu", ["l"]), "as": "ll"},
        {**dense("twin2", 4, "elu", ["r"]), "as": "rr"},
        of("add", "sum", ["l", "r", "ll"]),
        of("subtract", "difference", ["ll", "rr"]),
        of("multiply", "product", ["l", "rr", "r"]),
        of("average", "mean", ["l", "ll", "rr"]),
        of("maximum", "larger", ["ll", "r"]),
        of("minimum", "smaller", ["l", "rr"]),
        of("dot", "inner", ["ll", "rr"], axes=1),
        of("dot", "cosine", ["l", "r"], axes=-1, normalize=True),
        of("concatenate", "all", ["sum", "difference", "product", "mean", "larger", "smaller", "inner", "cosine"]),
        of("concatenate", "both", ["left", "right"]),
        of("rescaling", "scaled", ["both"], scale=0.5, offset=0.25),
        of("reshape", "grid", ["scaled"], targetShape=[5, 2]),
        dense("cells", 3, "sigmoid", ["grid"]),
        {**of("prelu", "slopes", ["cells"], sharedAxes=[1])},
        of("flatten", "flat", ["slopes"]),
        of("concatenate", "joined", ["all", "flat"]),
        of("layerNormalization", "norm", ["joined"], scale=False),
        dense("same", 1, "sigmoid", ["norm"]),
        dense("distance", 2, inputs=["joined"]),
    ],
    "outputs": ["same", "distance"],
    "targets": ["binary", "values"],
    "loss": ["binaryCrossentropy", pick("losses", "huber", delta=0.7)],
    "lossWeights": [1.5, 0.4],
    "sampleWeights": True,
    "optimizer": {
        "name": "rmsprop",
        "options": {
            "learningRate": pick("schedules", "piecewiseConstant", boundaries=[4, 11], values=[0.01, 0.004, 0.001]),
            "momentum": 0.6,
            "centered": True,
            "clipValue": 0.05,
        },
    },
}

nets["class weights, Adagrad, polynomial decay, standardized input, frozen layers, skip connection"] = {
    "inputs": {"x": [3, 4]},
    "layers": [
        of("normalization", "standard", mean=[0.1, -0.2, 0.3, 0.4], variance=[1.5, 0.5, 2, 1]),
        of("flatten", "flat"),
        dense("frozen", 6, "tanh", trainable=False),
        of("batchNormalization", "still", trainable=False),
        dense("a", 6, "mish"),
        of("add", "skip", ["still", "a"]),
        of("batchNormalization", "norm", ["skip"], center=False, momentum=0.7),
        of("layerNormalization", "norm2", epsilon=1e-5),
        dense("head", 4, "softmax"),
    ],
    "targets": ["class"],
    "loss": ["sparseCategoricalCrossentropy"],
    "classWeight": {"0": 0.5, "1": 2.0, "3": 1.25},
    "optimizer": {
        "name": "adagrad",
        "options": {
            "learningRate": pick("schedules", "polynomialDecay", initial=0.2, decaySteps=15, end=0.01, power=2),
            "initialAccumulatorValue": 0.2,
        },
    },
}

HEADS = [
    ("absolute", 3, "linear", "values", "meanAbsoluteError"),
    ("logCosh", 3, "linear", "values", "logCosh"),
    ("hinge", 2, "tanh", "sign", "hinge"),
    ("squaredHinge", 2, "tanh", "sign", "squaredHinge"),
    ("direction", 4, "linear", "values", "cosineSimilarity"),
    ("rate", 2, "softplus", "count", "poisson"),
    ("share", 4, "softmax", "probabilities", "klDivergence"),
    ("smooth", 2, "sigmoid", "binary", pick("losses", "binaryCrossentropy", labelSmoothing=0.2)),
    ("logit", 2, "linear", "binary", pick("losses", "binaryCrossentropy", fromLogits=True)),
    ("logits", 3, "linear", "oneHot", pick("losses", "categoricalCrossentropy", fromLogits=True)),
    ("label", 3, "linear", "class", pick("losses", "sparseCategoricalCrossentropy", fromLogits=True)),
]
nets["every other loss with a weight, Lion, averaged weights, accumulated gradients, inverse time decay"] = {
    "inputs": {"x": [6]},
    "layers": [
        dense("trunk", 7, "gelu"),
        *[dense(name, units, activation, ["trunk"]) for name, units, activation, _, _ in HEADS],
    ],
    "outputs": [name for name, *_ in HEADS],
    "targets": [target for *_, target, _ in HEADS],
    "loss": [loss for *_, loss in HEADS],
    "lossWeights": [round(0.3 + 0.2 * i, 1) for i in range(len(HEADS))],
    "optimizer": {
        "name": "lion",
        "options": {
            "learningRate": pick("schedules", "inverseTimeDecay", initial=0.01, decaySteps=4, decayRate=0.5),
            "weightDecay": 0.02,
            "gradientAccumulationSteps": 2,
            "useEma": True,
            "emaMomentum": 0.7,
            "emaOverwriteFrequency": 4,
        },
    },
}

only = sys.argv[1:]
lines = []
for seed, (name, net) in enumerate(nets.items()):
    if only and not any(word in name for word in only):
        continue
    golden = train(net, 100 + seed)
    print(name, golden["losses"][:2], "...", golden["losses"][-1])
    lines.append(f"{json.dumps(name)}: {json.dumps(golden, separators=(',', ':'))}")
if not only:
    target = pathlib.Path(__file__).with_suffix(".json")
    target.write_text(f'{{"versions": {json.dumps(VERSIONS)}, "batch": {BATCH}, "nets": {{\n' + ",\n".join(lines) + "\n}}\n")
    print(target.stat().st_size)
