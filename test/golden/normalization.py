"""Writes normalization.json: batch and layer normalization with gradients and moving statistics, from Keras 3 and PyTorch,
both in float64 on data that f32 holds exactly.
Run: KERAS_BACKEND=jax python test/golden/normalization.py (pip install keras jax torch)."""

import json
import os
import pathlib

os.environ["KERAS_BACKEND"] = "jax"
import jax
import jax.numpy as jnp
import keras
import numpy as np
import torch

jax.config.update("jax_enable_x64", True)
keras.config.set_floatx("float64")
torch.set_default_dtype(torch.float64)
random = np.random.default_rng(4)


def floats(x):
    return [float(f"{v:.9g}") for v in np.asarray(x, np.float64).ravel()]


def draw(*shape, mean=0.0, std=1.0):
    return random.normal(mean, std, shape).astype(np.float32).astype(np.float64)


def keras_case(layer, x, gamma, beta, dy, state=()):
    """y, gradients and state of one training call."""
    layer.build(x.shape)
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    trainable = [v.value for v in layer.trainable_variables]
    fixed = [v.value for v in layer.non_trainable_variables]

    def total(x, trainable):
        y, after = layer.stateless_call(trainable, fixed, x, **({"training": True} if state else {}))
        return jnp.sum(y * dy), (y, after)

    (dx, (dgamma, dbeta)), (y, after) = jax.grad(total, argnums=(0, 1), has_aux=True)(jnp.asarray(x), trainable)
    case = {"y": floats(y), "dx": floats(dx), "dgamma": floats(dgamma), "dbeta": floats(dbeta)}
    for name, value in zip(state, after):
        case[name] = floats(value)
    return case


def torch_batch(x, gamma, beta, dy, epsilon, momentum):
    tx = torch.tensor(x, requires_grad=True)
    layer = torch.nn.BatchNorm1d(x.shape[1], eps=epsilon, momentum=momentum)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(gamma))
        layer.bias.copy_(torch.tensor(beta))
    y = layer(tx)
    y.backward(torch.tensor(dy))
    return {
        "y": floats(y.detach()), "dx": floats(tx.grad), "dgamma": floats(layer.weight.grad),
        "dbeta": floats(layer.bias.grad), "movingMean": floats(layer.running_mean),
        "movingVariance": floats(layer.running_var),
    }


def torch_layer(x, gamma, beta, dy, epsilon):
    tx = torch.tensor(x, requires_grad=True)
    layer = torch.nn.LayerNorm(x.shape[1], eps=epsilon)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(gamma))
        layer.bias.copy_(torch.tensor(beta))
    y = layer(tx)
    y.backward(torch.tensor(dy))
    return {
        "y": floats(y.detach()), "dx": floats(tx.grad), "dgamma": floats(layer.weight.grad),
        "dbeta": floats(layer.bias.grad),
    }


batch, layer = [], []
for rows, n, mean, std in [(2, 3, 0, 1), (8, 5, -2, 3), (32, 19, 0.5, 0.01), (5, 21, 30, 2)]:
    x, dy = draw(rows, n, mean=mean, std=std), draw(rows, n)
    gamma, beta = draw(n, mean=1, std=0.3), draw(n)
    given = {"rows": rows, "n": n, "x": floats(x), "dy": floats(dy), "gamma": floats(gamma), "beta": floats(beta)}
    state = ("movingMean", "movingVariance")
    batch.append({
        **given, "from": "keras", "epsilon": 1e-3, "momentum": 0.99,
        **keras_case(keras.layers.BatchNormalization(), x, gamma, beta, dy, state),
    })
    batch.append({
        **given, "from": "torch", "epsilon": 1e-5, "momentum": 0.1, **torch_batch(x, gamma, beta, dy, 1e-5, 0.1),
    })
    layer.append({
        **given, "from": "keras", "epsilon": 1e-3, **keras_case(keras.layers.LayerNormalization(), x, gamma, beta, dy),
    })
    layer.append({**given, "from": "torch", "epsilon": 1e-5, **torch_layer(x, gamma, beta, dy, 1e-5)})

versions = {"keras": keras.__version__, "jax": jax.__version__, "torch": torch.__version__, "numpy": np.__version__}
target = pathlib.Path(__file__).with_suffix(".json")
target.write_text(json.dumps({"versions": versions, "batch": batch, "layer": layer}, separators=(",", ":")) + "\n")
