"""Writes layers.json: each layer's output, gradients by input and parameters for a fixed upstream gradient (penalties
included), and state afterwards, from Keras 3. Run: python test/golden/layers.py (pip install keras jax numpy)."""

import json
import pathlib

from keras_nets import VERSIONS, build, floats, initialize, is_state, path, tensor, weights

import jax
import jax.numpy as jnp
import numpy as np

random = np.random.default_rng(11)
ROWS = 4
cases = []


def numbers(shape):
    """Far enough from the kinks at 0, -3, 3 and 6 that rounding cannot cross them."""
    values = random.normal(0, 1.5, (ROWS, *shape))
    for kink in (0, -3, 3, 6):
        near = np.abs(values - kink) < 0.02
        values[near] += 0.05
    return values.round(3).astype(np.float32)  # short in the file


def add(kind, options={}, *shapes, prepare=None):
    """One case: kind with options on inputs of these shapes, training and inference."""
    shapes = shapes or ((6,),)
    inputs = {f"x{i}": list(shape) for i, shape in enumerate(shapes)}
    net = {"inputs": inputs, "layers": [{"kind": kind, "name": "layer", "options": options, "inputs": list(inputs)}]}
    model = build(net)
    initialize(model, random)
    layer = model.get_layer("layer")
    data = [jnp.asarray(numbers(shape)) for shape in shapes]
    case = {"kind": kind, "options": options, "inputs": [tensor(x) for x in data]}
    if prepare is not None:
        case.update(prepare(layer))
    case["weights"] = weights(model)
    given = data if len(data) > 1 else data[0]
    inference = model(given, training=False)
    upstream = jnp.asarray(random.normal(0, 1, inference.shape).round(3), jnp.float32)
    trainable = [v.value for v in model.trainable_variables]
    fixed = [v.value for v in model.non_trainable_variables]

    def total(trainable, data):
        given = data if len(data) > 1 else data[0]
        y, after, penalties = model.stateless_call(trainable, fixed, given, training=True, return_losses=True)
        return jnp.sum(y * upstream) + sum(penalties, 0.0), (y, after, sum(penalties, 0.0))

    gradients, (y, after, penalty) = jax.grad(total, argnums=(0, 1), has_aux=True)(trainable, data)
    case["output"] = tensor(y)
    if np.max(np.abs(y - inference)) > 1e-6:
        case["inference"] = floats(inference)
    case["penalty"] = floats(penalty)[0]
    case["upstream"] = floats(upstream)
    case["inputGradients"] = [floats(g) for g in gradients[1]]
    case["gradients"] = {path(v): floats(g) for v, g in zip(model.trainable_variables, gradients[0])}
    case["after"] = {path(v): floats(a) for v, a in zip(model.non_trainable_variables, after) if is_state(v)}
    cases.append(case)


ACTIVATIONS = (
    "relu relu6 leakyRelu elu selu celu gelu geluTanh silu mish softplus softsign sigmoid hardSigmoid hardSilu tanh "
    "exponential softmax logSoftmax abs linear"
).split()

add("dense", {"units": 5})
add("dense", {"units": 1}, (1,))
add("dense", {"units": 5, "useBias": False}, (3, 7))
add("dense", {"units": 9, "activation": "tanh"}, (2, 3, 4))
for name in ACTIVATIONS:
    add("dense", {"units": 5, "activation": name})
add("dense", {"units": 5, "activation": {"activations": "elu", "options": {"alpha": 0.6}}})
add("dense", {"units": 5, "activation": {"activations": "celu", "options": {"alpha": 0.6}}})
add("dense", {"units": 5, "activation": {"activations": "leakyRelu", "options": {"alpha": 0.07}}})
add(
    "dense",
    {
        "units": 5,
        "activation": "sigmoid",
        "kernelRegularizer": {"regularizers": "l1l2", "options": {"l1": 0.03, "l2": 0.05}},
        "biasRegularizer": {"regularizers": "l1", "options": {"l1": 0.2}},
        "activityRegularizer": {"regularizers": "l2", "options": {"l2": 0.4}},
    },
)
add("dense", {"units": 5, "kernelRegularizer": "l2", "biasRegularizer": "l1", "activityRegularizer": "l1"}, (3, 7))

for name in ACTIVATIONS:
    add("activation", {"activation": name}, (7,))
add("activation", {"activation": "softmax"}, (3, 4))
add("reLU")
add("leakyReLU")
add("leakyReLU", {"alpha": 0.12})
add("elu")
add("elu", {"alpha": 0.7})
add("selu")
add("softmax")
add("prelu")
add("prelu", {}, (3, 4))
add("prelu", {"sharedAxes": [1]}, (3, 4))
add("prelu", {"sharedAxes": [1, 2]}, (3, 4, 2))
add("prelu", {"alphaRegularizer": {"regularizers": "l2", "options": {"l2": 0.3}}, "sharedAxes": [2]}, (3, 4))

for center in (True, False):
    for scale in (True, False):
        add("batchNormalization", {"center": center, "scale": scale})
        add("layerNormalization", {"center": center, "scale": scale})
add("batchNormalization", {"momentum": 0.6, "epsilon": 0.01}, (3, 4))
add("batchNormalization", {"trainable": False})
add("batchNormalization", {"trainable": False}, (2, 3))
add(
    "batchNormalization",
    {
        "gammaRegularizer": {"regularizers": "l2", "options": {"l2": 0.3}},
        "betaRegularizer": {"regularizers": "l1", "options": {"l1": 0.2}},
    },
)
add("layerNormalization", {"epsilon": 1e-5}, (3, 4))
add("layerNormalization", {"axis": [1, 2]}, (3, 4))
add("layerNormalization", {}, (2, 3, 5))

add("flatten", {}, (3, 4))
add("reshape", {"targetShape": [2, -1]}, (3, 4))
add("rescaling", {"scale": 0.125, "offset": -1.5}, (3, 4))
add("normalization", {"mean": [0.5, -1, 2], "variance": [4, 0.25, 0]}, (2, 3))


def adapt(layer):
    data = (random.normal(3, 2, (20, 5)) * [1, 10, 0.1, 1, 0]).astype(np.float32)
    layer.adapt(data)
    return {"adapt": tensor(data)}


add("normalization", {}, (5,), prepare=adapt)

two = ((3, 4), (3, 4))
for kind in ("add", "subtract", "multiply", "average", "maximum", "minimum"):
    add(kind, {}, *two)
    if kind != "subtract":
        add(kind, {}, *two, (3, 4))
add("concatenate", {}, (3, 4), (3, 2), (3, 5))
add("concatenate", {"axis": 1}, (3, 4), (1, 4))
add("concatenate", {"axis": -2}, (2, 2, 3), (2, 4, 3))
add("dot", {"axes": 1}, (5,), (5,))
add("dot", {"axes": -1, "normalize": True}, (5,), (5,))
for axes in (1, 2, -1, [1, 2], [2, 1]):
    add("dot", {"axes": axes}, (3, 3), (3, 3))
add("dot", {"axes": 1}, (3, 4), (3, 5))
add("dot", {"axes": 2, "normalize": True}, (4, 3), (5, 3))
add("dot", {"axes": [1, 2], "normalize": True}, (3, 4), (5, 3))
add("dot", {"axes": [1, 2]}, (3,), (5, 3))
add("dot", {"axes": [2, 1]}, (5, 3), (3,))
add("activityRegularization", {"l1": 0.3}, (3, 4))
add("activityRegularization", {"l1": 0.1, "l2": 0.2})
for axes, shape in (
    ([2], (3, 4, 2)),
    ([1], (3, 4, 2)),
    ([1, 3], (3, 4, 2)),
    ([3], (2, 3, 4)),
    ([2, 4], (3, 2, 1, 4)),
    ([2, 4], (2, 3, 2, 3, 2)),
    ([2, 3], (2, 3, 2, 5)),
    ([1, 3, 5], (2, 2, 3, 2, 2)),
    ([1, 2, 3], (2, 3, 4)),
):
    add("prelu", {"sharedAxes": axes}, shape)

target = pathlib.Path(__file__).with_suffix(".json")
lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
target.write_text(f'{{"versions": {json.dumps(VERSIONS)}, "cases": [\n{lines}\n]}}\n')
print(len(cases), target.stat().st_size)
