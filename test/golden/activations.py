"""Writes activations.json: values and gradients of Keras 3's activations in float64, checked against PyTorch.
No argument is at a kink, where backends of Keras differ among themselves.
Run: KERAS_BACKEND=jax python test/golden/activations.py (pip install keras jax torch)."""

import json
import os
import pathlib

os.environ["KERAS_BACKEND"] = "jax"

import jax

jax.config.update("jax_enable_x64", True)

import keras
import numpy as np
import torch
import torch.nn.functional as torch_functions
from keras import activations, layers, ops

keras.config.set_floatx("float64")
random = np.random.default_rng(23)


def as_float32(values):
    return np.asarray(values, np.float32).astype(np.float64)


def shown(values):
    return [float(f"{value:.9g}") for value in np.asarray(values).reshape(-1)]


x = as_float32(np.concatenate([random.uniform(-8, 8, 40), random.uniform(-0.1, 0.1, 8), [-60, -25, -12.5, 12.5, 25, 60]]))
dy = as_float32(random.uniform(-2, 2, x.size))

# name, hyperparameters, Keras's function, PyTorch's
elementwise = [
    ("linear", {}, activations.linear, lambda v: v * 1),
    ("relu", {}, activations.relu, torch_functions.relu),
    ("relu6", {}, activations.relu6, torch_functions.relu6),
    ("leakyRelu", {}, activations.leaky_relu, lambda v: torch_functions.leaky_relu(v, 0.2)),
    ("leakyRelu", {"alpha": 0.01}, lambda v: activations.leaky_relu(v, 0.01), torch_functions.leaky_relu),
    # In evaluation RReLU takes the mean of its slopes.
    ("leakyRelu", {"alpha": 11 / 48}, lambda v: activations.leaky_relu(v, 11 / 48), torch_functions.rrelu),
    ("elu", {}, activations.elu, torch_functions.elu),
    ("elu", {"alpha": 0.5}, lambda v: activations.elu(v, 0.5), lambda v: torch_functions.elu(v, 0.5)),
    ("selu", {}, activations.selu, torch_functions.selu),
    ("celu", {}, activations.celu, torch_functions.celu),
    ("celu", {"alpha": 2.5}, lambda v: activations.celu(v, 2.5), lambda v: torch_functions.celu(v, 2.5)),
    ("gelu", {}, activations.gelu, torch_functions.gelu),
    (
        "geluTanh",
        {},
        lambda v: activations.gelu(v, approximate=True),
        lambda v: torch_functions.gelu(v, approximate="tanh"),
    ),
    ("silu", {}, activations.silu, torch_functions.silu),
    ("mish", {}, activations.mish, torch_functions.mish),
    # PyTorch's is linear beyond its threshold.
    ("softplus", {}, activations.softplus, lambda v: torch_functions.softplus(v, threshold=100)),
    ("softsign", {}, activations.softsign, torch_functions.softsign),
    ("sigmoid", {}, activations.sigmoid, torch.sigmoid),
    ("hardSigmoid", {}, activations.hard_sigmoid, torch_functions.hardsigmoid),
    ("hardSilu", {}, activations.hard_silu, torch_functions.hardswish),
    ("tanh", {}, activations.tanh, torch.tanh),
    ("exponential", {}, activations.exponential, torch.exp),
    ("abs", {}, ops.abs, torch.abs),
]
rowwise = [
    ("softmax", activations.softmax, lambda v: torch_functions.softmax(v, -1)),
    ("logSoftmax", activations.log_softmax, lambda v: torch_functions.log_softmax(v, -1)),
]


def case(name, options, keras_function, torch_function, inputs, gradient):
    y, pull = jax.vjp(keras_function, jax.numpy.asarray(inputs))
    (dx,) = pull(jax.numpy.asarray(gradient, y.dtype))
    v = torch.tensor(inputs, requires_grad=True)
    w = torch_function(v)
    w.backward(torch.tensor(gradient))
    exact, slope = w.detach().numpy(), v.grad.numpy()
    # Keras takes some constants as float32, and its tanh answers in float32; a wrong formula is off by much more.
    np.testing.assert_allclose(y, exact, rtol=1e-6, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(dx, slope, rtol=1e-6, atol=1e-6 if y.dtype == np.float32 else 1e-12, err_msg=name)
    if y.dtype == np.float32:
        y, dx = exact, slope
    return {"name": name, "options": options, "y": shown(y), "dx": shown(dx)}


def prelu(shape, shared_axes):
    inputs = as_float32(random.uniform(-2, 2, shape))
    gradient = as_float32(random.uniform(-1, 1, shape))
    layer = layers.PReLU(shared_axes=shared_axes)
    layer.build(shape)
    alpha = as_float32(random.uniform(-0.5, 0.5, layer.alpha.shape))

    def call(alpha, v):
        return layer.stateless_call([alpha], [], v)[0]

    y, pull = jax.vjp(call, jax.numpy.asarray(alpha), jax.numpy.asarray(inputs))
    dalpha, dx = pull(jax.numpy.asarray(gradient))
    return {
        "shape": list(shape),
        "sharedAxes": shared_axes,
        "x": shown(inputs),
        "alpha": shown(alpha),
        "dy": shown(gradient),
        "y": shown(y),
        "dx": shown(dx),
        "dalpha": shown(dalpha),
    }


rows = as_float32(random.uniform(-9, 9, (5, 7)))
row_gradient = as_float32(random.uniform(-2, 2, rows.shape))
golden = {
    "versions": {"keras": keras.__version__, "jax": jax.__version__, "torch": torch.__version__},
    "x": shown(x),
    "dy": shown(dy),
    "elementwise": [case(name, options, k, t, x, dy) for name, options, k, t in elementwise],
    "rows": {"shape": list(rows.shape), "x": shown(rows), "dy": shown(row_gradient)},
    "rowwise": [case(name, {}, k, t, rows, row_gradient) for name, k, t in rowwise],
    "prelu": [prelu((6, 5), None), prelu((4, 3, 5), [1]), prelu((4, 3, 5), [2]), prelu((3, 2, 3, 4), [1, 2])],
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden) + "\n")
