"""Writes initializers.json: the distribution, and its parameters, that each Keras 3 initializer draws from for a shape, as
it asks keras.random for it. Run: KERAS_BACKEND=jax python test/golden/initializers.py (pip install keras jax)."""

import json
import os
import pathlib

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np
from keras.src.initializers import random_initializers

asked = []
keras_random = random_initializers.random


class Recorder:
    """Stands in for keras.random inside the initializers' module."""

    def __getattr__(self, distribution):
        if distribution not in KINDS:
            return getattr(keras_random, distribution)

        def draw(shape, *args, **options):
            names = {"uniform": ("minval", "maxval")}.get(distribution, ("mean", "stddev"))
            given = {**dict(zip(names, args)), **{name: options[name] for name in names if name in options}}
            asked.append([distribution, *(float(f"{given[name]:.12g}") for name in names)])
            return np.zeros(shape, np.float32)

        return draw


random_initializers.random = Recorder()
KINDS = {"uniform": "uniform", "normal": "untruncatedNormal", "truncated_normal": "truncatedNormal"}
MODES = {"fan_in": "fanIn", "fan_out": "fanOut", "fan_avg": "fanAvg"}
NAMES = {
    "glorotUniform": "GlorotUniform", "glorotNormal": "GlorotNormal", "heUniform": "HeUniform", "heNormal": "HeNormal",
    "leCunUniform": "LecunUniform", "leCunNormal": "LecunNormal", "randomUniform": "RandomUniform",
    "randomNormal": "RandomNormal", "truncatedNormal": "TruncatedNormal",
}
cases = []


def add(name, options, initializer, shape):
    asked.clear()
    initializer(shape)
    distribution, first, second = asked[0]
    cases.append({"name": name, "options": options, "shape": list(shape), "draws": [KINDS[distribution], first, second]})


for shape in [(784, 300), (300, 100), (100, 10), (1, 1), (3, 3, 16, 32), (5, 2, 4), (7,), ()]:
    for name, keras_name in NAMES.items():
        add(name, {}, getattr(keras.initializers, keras_name)(), shape)
    for mode in MODES:
        for distribution in ["truncated_normal", "untruncated_normal", "uniform"]:
            words = distribution.split("_")
            camel = words[0] + "".join(word.title() for word in words[1:])
            initializer = keras.initializers.VarianceScaling(scale=1.7, mode=mode, distribution=distribution)
            options = {"scale": 1.7, "mode": MODES[mode], "distribution": camel}
            add("varianceScaling", options, initializer, shape)

target = pathlib.Path(__file__).with_suffix(".json")
versions = {"keras": keras.__version__, "numpy": np.__version__}
target.write_text(json.dumps({"versions": versions, "cases": cases}, separators=(",", ":")) + "\n")
