"""Writes losses.json: every loss of Keras 3 on small batches, one value per sample and the gradient of their
weighted sum by the prediction. Run: KERAS_BACKEND=jax python test/golden/losses.py (pip install keras jax)."""

import json
import os
import pathlib

os.environ["KERAS_BACKEND"] = "jax"

import jax
import jax.numpy as jnp
import keras
import numpy as np
from keras import losses

random = np.random.default_rng(20)


def floats(array):
    return [float("%.9g" % value) for value in np.asarray(array, np.float32).ravel()]


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def f32(array):
    return np.asarray(array, np.float32)


ROWS = 6
cases = []


def add(name, options, loss, prediction, target):
    prediction = f32(prediction)
    weights = f32(random.uniform(0.1, 2, ROWS))
    target = np.asarray(target, np.int32 if name.startswith("sparse") else np.float32)

    def total(y):
        return jnp.sum(loss(target, y) * weights)

    cases.append(
        {
            "name": name,
            "options": options,
            "rows": ROWS,
            "width": prediction.shape[-1],
            "prediction": floats(prediction),
            "target": floats(target),
            "scale": floats(weights),
            "value": floats(loss(target, prediction)),
            "gradient": floats(jax.grad(total)(jnp.asarray(prediction))),
        }
    )


for width in (1, 2, 7):
    y = random.normal(0, 2, (ROWS, width))
    t = random.normal(0, 2, (ROWS, width))
    for name, loss in [
        ("meanSquaredError", losses.mean_squared_error),
        ("meanAbsoluteError", losses.mean_absolute_error),
        ("logCosh", losses.log_cosh),
        ("huber", losses.huber),
        ("cosineSimilarity", losses.cosine_similarity),
    ]:
        add(name, {}, loss, y, t)
    add("huber", {"delta": 0.4}, lambda t, y: losses.huber(t, y, delta=0.4), y, t)
    signs = random.choice([-1, 1], (ROWS, width))
    binary = random.choice([0, 1], (ROWS, width))
    for name, loss in [("hinge", losses.hinge), ("squaredHinge", losses.squared_hinge)]:
        add(name, {}, loss, y, signs)
        add(name, {}, loss, y, binary)
    add("poisson", {}, losses.poisson, random.uniform(0, 5, (ROWS, width)), random.poisson(2, (ROWS, width)))
    if width > 1:
        p = softmax(y)
        p[0] = np.eye(width)[0]
        q = softmax(t)
        q[1] = np.eye(width)[1]
        # Inside the bounds for the gradient: at them Keras's backends disagree.
        add("klDivergence", {}, losses.kl_divergence, softmax(y), q)

    # Probabilities 0 and 1, right and wrong, among ordinary ones; logits to 100.
    probabilities = random.uniform(0, 1, (ROWS, width))
    probabilities[0] = 0
    probabilities[1] = 1
    logits = random.normal(0, 3, (ROWS, width))
    logits[0] = 100
    logits[1] = -100
    for smoothing in (0, 0.2):
        options = {"labelSmoothing": smoothing} if smoothing else {}
        add(
            "binaryCrossentropy",
            options,
            lambda t, y: losses.binary_crossentropy(t, y, label_smoothing=smoothing),
            probabilities,
            binary,
        )
        add(
            "binaryCrossentropy",
            {**options, "fromLogits": True},
            lambda t, y: losses.binary_crossentropy(t, y, from_logits=True, label_smoothing=smoothing),
            logits,
            binary,
        )
    if width == 1:
        continue
    p = softmax(random.normal(0, 3, (ROWS, width)))
    p[0] = np.eye(width)[0]
    p[1] *= 0.7  # Does not sum to 1.
    logits = random.normal(0, 3, (ROWS, width))
    logits[0] = 100 * (1 - 2 * np.eye(width)[0])
    logits[1] = -100 * (1 - 2 * np.eye(width)[0])
    labels = random.integers(0, width, ROWS)
    labels[:2] = 0
    for smoothing in (0, 0.2):
        options = {"labelSmoothing": smoothing} if smoothing else {}
        for target in (np.eye(width)[labels], softmax(t)):
            add(
                "categoricalCrossentropy",
                options,
                lambda t, y: losses.categorical_crossentropy(t, y, label_smoothing=smoothing),
                p,
                target,
            )
            add(
                "categoricalCrossentropy",
                {**options, "fromLogits": True},
                lambda t, y: losses.categorical_crossentropy(t, y, from_logits=True, label_smoothing=smoothing),
                logits,
                target,
            )
    add("sparseCategoricalCrossentropy", {}, losses.sparse_categorical_crossentropy, p, labels)
    add(
        "sparseCategoricalCrossentropy",
        {"fromLogits": True},
        lambda t, y: losses.sparse_categorical_crossentropy(t, y, from_logits=True),
        logits,
        labels,
    )

golden = {"versions": {"keras": keras.__version__, "jax": jax.__version__, "numpy": np.__version__}, "cases": cases}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden).replace('{"name"', '\n{"name"') + "\n")
