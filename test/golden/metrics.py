"""Writes metrics.json: Keras 3 metrics over three batches, with and without weights; results after each batch.
Run: KERAS_BACKEND=jax python test/golden/metrics.py (pip install keras jax)."""

import json
import os
import pathlib

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras
import numpy as np
from keras import metrics

random = np.random.default_rng(21)
BATCHES = [7, 1, 12]


def floats(array):
    return [float("%.9g" % value) for value in np.asarray(array, np.float32).ravel()]


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


class Data:
    """Named batches: prediction, target as floats of the prediction's shape or as classes, weights."""

    def __init__(self, kind, width, prediction, target):
        self.kind, self.width = kind, width
        self.batches = []
        for rows in BATCHES:
            y = np.asarray(prediction(rows), np.float32)
            t = target(rows)
            w = np.asarray(random.choice([0, 0.5, 1, 2], rows), np.float32)
            self.batches.append((y, np.asarray(t, np.int32 if kind == "class" else np.float32), w))

    def json(self):
        return {
            "target": self.kind,
            "width": self.width,
            "batches": [
                {"rows": len(y), "prediction": floats(y), "target": floats(t), "weights": floats(w)}
                for y, t, w in self.batches
            ],
        }


def one_hot(rows, width):
    return np.eye(width)[random.integers(0, width, rows)]


def coarse(rows, width):
    """Probabilities with ties."""
    return np.round(softmax(random.normal(0, 1.5, (rows, width))), 1)


data = {
    "binary": Data("values", 1, lambda n: random.uniform(0, 1, (n, 1)), lambda n: random.integers(0, 2, (n, 1))),
    "grid": Data("values", 1, lambda n: random.integers(0, 200, (n, 1)) / 199, lambda n: random.integers(0, 2, (n, 1))),
    "multilabel": Data(
        "values", 4, lambda n: random.uniform(0, 1, (n, 4)), lambda n: random.integers(0, 2, (n, 4))
    ),
    "oneHot": Data("values", 6, lambda n: softmax(random.normal(0, 1.5, (n, 6))), lambda n: one_hot(n, 6)),
    "sparse": Data(
        "class", 6, lambda n: softmax(random.normal(0, 1.5, (n, 6))), lambda n: random.integers(0, 6, n)
    ),
    "ties": Data("class", 6, lambda n: coarse(n, 6), lambda n: random.integers(0, 6, n)),
    "tiesOneHot": Data("values", 6, lambda n: coarse(n, 6), lambda n: one_hot(n, 6)),
    "regression": Data("values", 3, lambda n: random.normal(1, 2, (n, 3)), lambda n: random.normal(1, 2, (n, 3))),
    "column": Data("values", 1, lambda n: random.normal(1, 2, (n, 1)), lambda n: random.normal(1, 2, (n, 1))),
}
cases = []


def add(name, options, make, *names):
    for key in names:
        for weighted in (False, True):
            metric = make()
            results = []
            for y, t, w in data[key].batches:
                metric.update_state(t, y, sample_weight=w if weighted else None)
                results.append(float(metric.result()))
            if any(np.isnan(results)):
                results = [None if np.isnan(value) else value for value in results]
            cases.append({"name": name, "options": options, "data": key, "weighted": weighted, "results": results})


add("accuracy", {}, metrics.BinaryAccuracy, "binary")
add("precision", {"threshold": 0.1}, lambda: metrics.Precision(thresholds=0.1), "tiesOneHot")
add("recall", {"threshold": 0.3}, lambda: metrics.Recall(thresholds=0.3), "tiesOneHot")
add("binaryAccuracy", {"threshold": 0.1}, lambda: metrics.BinaryAccuracy(threshold=0.1), "tiesOneHot")
add("f1Score", {"average": "macro", "threshold": 0.3}, lambda: metrics.F1Score(threshold=0.3, average="macro"), "tiesOneHot")
add("accuracy", {}, metrics.CategoricalAccuracy, "oneHot", "multilabel", "tiesOneHot")
add("accuracy", {}, metrics.SparseCategoricalAccuracy, "sparse", "ties")
add("binaryAccuracy", {}, metrics.BinaryAccuracy, "binary", "multilabel")
add("binaryAccuracy", {"threshold": 0.3}, lambda: metrics.BinaryAccuracy(threshold=0.3), "binary", "multilabel")
add("categoricalAccuracy", {}, metrics.CategoricalAccuracy, "oneHot", "tiesOneHot")
add("sparseCategoricalAccuracy", {}, metrics.SparseCategoricalAccuracy, "sparse", "ties")
add("topKCategoricalAccuracy", {}, metrics.TopKCategoricalAccuracy, "oneHot")
add("topKCategoricalAccuracy", {"k": 2}, lambda: metrics.TopKCategoricalAccuracy(k=2), "oneHot", "tiesOneHot")
add("topKCategoricalAccuracy", {"k": 2}, lambda: metrics.SparseTopKCategoricalAccuracy(k=2), "sparse", "ties")
for name, make in (("precision", metrics.Precision), ("recall", metrics.Recall)):
    add(name, {}, make, "binary", "multilabel", "oneHot")
    add(name, {"threshold": 0.2}, lambda: make(thresholds=0.2), "binary", "oneHot")
    add(name, {"topK": 2}, lambda: make(top_k=2), "oneHot", "multilabel", "tiesOneHot")
    add(name, {"classId": 1}, lambda: make(class_id=1), "multilabel")
    add(name, {"topK": 2, "classId": 1}, lambda: make(top_k=2, class_id=1), "oneHot")
    add(name, {"topK": 3, "threshold": 0.2}, lambda: make(top_k=3, thresholds=0.2), "oneHot")
for average in ("macro", "micro", "weighted"):
    add("f1Score", {"average": average}, lambda: metrics.F1Score(average=average), "oneHot", "tiesOneHot")
    add(
        "f1Score",
        {"average": average, "threshold": 0.5},
        lambda: metrics.F1Score(average=average, threshold=0.5),
        "multilabel",
        "oneHot",
        "binary",
    )
for curve in ("ROC", "PR"):
    for method in ("interpolation", "minoring", "majoring"):
        add(
            "auc",
            {"curve": curve, "summationMethod": method},
            lambda: metrics.AUC(curve=curve, summation_method=method),
            "binary",
            "grid",
            "multilabel",
        )
    add("auc", {"curve": curve, "numThresholds": 5}, lambda: metrics.AUC(curve=curve, num_thresholds=5), "binary")
    add("auc", {"curve": curve, "fromLogits": True}, lambda: metrics.AUC(curve=curve, from_logits=True), "binary")
add("meanSquaredError", {}, metrics.MeanSquaredError, "regression", "column")
add("rootMeanSquaredError", {}, metrics.RootMeanSquaredError, "regression", "column")
add("meanAbsoluteError", {}, metrics.MeanAbsoluteError, "regression", "column")
add("r2Score", {}, metrics.R2Score, "regression", "column")
add(
    "r2Score",
    {"classAggregation": "varianceWeightedAverage"},
    lambda: metrics.R2Score(class_aggregation="variance_weighted_average"),
    "regression",
)

golden = {
    "versions": {"keras": keras.__version__, "jax": jax.__version__, "numpy": np.__version__},
    "data": {key: value.json() for key, value in data.items()},
    "cases": cases,
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden).replace('{"name"', '\n{"name"') + "\n")
