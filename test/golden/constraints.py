"""Writes constraints.json: weights before and after each constraint, and penalties of regularizers with their gradients,
from Keras 3. Run: KERAS_BACKEND=jax python test/golden/constraints.py (pip install keras jax)."""

import json
import os
import pathlib

os.environ["KERAS_BACKEND"] = "jax"
import jax
import jax.numpy as jnp
import keras
import numpy as np

random = np.random.default_rng(9)


def floats(x):
    return [float(f"{v:.9g}") for v in np.asarray(x, np.float32).ravel()]


def camel(options):
    words = {"max_value": "maxValue", "min_value": "minValue"}
    return {words.get(key, key): value for key, value in options.items()}


cases = []


def add(name, constraint, options, shape, scale=1.0):
    w = random.normal(0, scale, shape).astype(np.float32)
    if w.ndim > 1:
        w[..., 0] = 0  # a vector without length
    after = constraint(**options)(jnp.asarray(w))
    cases.append({"name": name, "options": camel(options), "shape": list(shape), "w": floats(w), "after": floats(after)})


matrices = [(5, 7), (6, 13), (9, 3), (11, 12), (3, 16), (1, 6)]
for shape in matrices:
    for axis in [0, 1, [0, 1], -1]:
        add("maxNorm", keras.constraints.MaxNorm, {"max_value": 1.5, "axis": axis}, shape)
        add("unitNorm", keras.constraints.UnitNorm, {"axis": axis}, shape, 3.0)
        add("minMaxNorm", keras.constraints.MinMaxNorm, {"min_value": 1, "max_value": 2, "rate": 0.3, "axis": axis}, shape)
    add("maxNorm", keras.constraints.MaxNorm, {}, shape)
    add("minMaxNorm", keras.constraints.MinMaxNorm, {}, shape, 0.1)
    add("nonNegative", keras.constraints.NonNeg, {}, shape)
for axis in [[0, 1, 2], [0, 1], 3, 1]:
    add("maxNorm", keras.constraints.MaxNorm, {"max_value": 1, "axis": axis}, (3, 3, 2, 5))
for name, constraint in [("maxNorm", keras.constraints.MaxNorm), ("unitNorm", keras.constraints.UnitNorm)]:
    add(name, constraint, {}, (6,), 2.0)

penalties = []
for name, regularizer, options in [
    ("l1", keras.regularizers.L1, {}),
    ("l1", keras.regularizers.L1, {"l1": 0.3}),
    ("l2", keras.regularizers.L2, {}),
    ("l2", keras.regularizers.L2, {"l2": 0.3}),
    ("l1l2", keras.regularizers.L1L2, {}),
    ("l1l2", keras.regularizers.L1L2, {"l1": 0.1, "l2": 0.2}),
]:
    w = random.normal(0, 1, 23).astype(np.float32)
    value, gradient = jax.value_and_grad(regularizer(**options))(jnp.asarray(w))
    penalties.append({
        "name": name, "options": options, "w": floats(w), "penalty": floats(value)[0], "gradient": floats(gradient),
    })

versions = {"keras": keras.__version__, "jax": jax.__version__, "numpy": np.__version__}
target = pathlib.Path(__file__).with_suffix(".json")
target.write_text(json.dumps({"versions": versions, "constraints": cases, "penalties": penalties}, separators=(",", ":")) + "\n")
