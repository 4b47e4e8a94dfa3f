"""Writes callbacks.json: callbacks of Keras 3 (and PyTorch's ReduceLROnPlateau) on scripted metrics, without a model.
Metrics are multiples of 1/64, so that no comparison depends on rounding.
Run: KERAS_BACKEND=jax python test/golden/callbacks.py (pip install keras jax torch)."""

import itertools
import json
import os
import pathlib
import tempfile
import warnings

os.environ["KERAS_BACKEND"] = "jax"
warnings.simplefilter("ignore")

import keras
import numpy as np
import torch
from keras import callbacks

random = np.random.default_rng(22)


class Optimizer:
    learning_rate = 0.5


class Model:
    """As much of a model as callbacks touch. Its weights are the number of the epoch."""

    def __init__(self):
        self.optimizer = Optimizer()
        self.stop_training = False
        self.weights = -1
        self.saved = []

    def get_weights(self):
        return [np.array(self.weights)]

    def set_weights(self, weights):
        self.weights = int(weights[0])

    def save(self, filepath, overwrite=True):
        self.saved.append(pathlib.Path(filepath).stem)


def walk(length, start=1.0, drift=-1):
    """Values that mostly fall, with stretches that do not."""
    steps = random.integers(-3, 4, length) + (random.random(length) < 0.5) * drift
    return [float(value) for value in np.maximum(start + np.cumsum(steps) / 64, 0)]


cases = []


def run(make, losses):
    """Trains on scripted epochs; returns the model and, for each epoch that ran, the rate after it."""
    model = Model()
    callback = make()
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, loss in enumerate(losses):
        callback.on_epoch_begin(epoch)
        model.weights = epoch
        logs = {"val_loss": loss}
        if loss is None:
            logs = {"loss": 1.0}
        callback.on_epoch_end(epoch, logs)
        rates.append(float(model.optimizer.learning_rate))
        if model.stop_training:
            break
    callback.on_train_end()
    return model, rates


# Early stopping.
for patience, min_delta, baseline, start, mode in itertools.product(
    (0, 1, 3), (0, 1 / 32), (None, 0.96875), (0, 4), ("min", "max")
):
    losses = walk(30, drift=-1 if mode == "min" else 1)
    model, rates = run(
        lambda: callbacks.EarlyStopping(
            "val_loss", min_delta, patience, 0, mode, baseline, restore_best_weights=True, start_from_epoch=start
        ),
        losses,
    )
    options = {"patience": patience, "minDelta": min_delta, "startFromEpoch": start, "mode": mode}
    if baseline is not None:
        options["baseline"] = baseline
    cases.append(
        {"name": "earlyStopping", "options": options, "metrics": losses, "epochs": len(rates), "weights": model.weights}
    )
# Epochs without validation; a run that ends before startFromEpoch; NaN after a first good value.
for options, losses in [
    ({"patience": 2}, [1.0, None, 1.5, None, 1.25, 1.125, 2.0, 0.5]),
    ({"patience": 1, "startFromEpoch": 9}, [1.0, 0.5, 2.0, 3.0]),
    ({"patience": 2}, [1.0, float("nan"), 0.5, float("nan"), float("nan"), 0.25]),
    ({"patience": 0}, [1.0, 2.0, 3.0]),
    ({"patience": 0}, [1.0, 1.0]),
]:
    model, rates = run(
        lambda: callbacks.EarlyStopping(
            "val_loss",
            patience=options["patience"],
            start_from_epoch=options.get("startFromEpoch", 0),
            restore_best_weights=True,
        ),
        losses,
    )
    metrics = [None if loss is None else "NaN" if np.isnan(loss) else loss for loss in losses]
    cases.append(
        {"name": "earlyStopping", "options": options, "metrics": metrics, "epochs": len(rates), "weights": model.weights}
    )

# Plateau.
for patience, min_delta, cooldown, minimum, mode in itertools.product(
    (0, 1, 2), (1e-4, 1 / 32), (0, 2), (0, 0.1), ("min", "max")
):
    losses = walk(24, drift=-1 if mode == "min" else 1)
    model, rates = run(
        lambda: callbacks.ReduceLROnPlateau(
            "val_loss", 0.5, patience, 0, mode, min_delta, cooldown=cooldown, min_lr=minimum
        ),
        losses,
    )
    options = {"patience": patience, "minDelta": min_delta, "cooldown": cooldown, "mode": mode, "factor": 0.5}
    options["minLearningRate"] = minimum
    cases.append({"name": "reduceLROnPlateau", "options": options, "metrics": losses, "rates": rates})

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, mode, 0.5, patience, min_delta, "rel", cooldown, minimum, eps=1e-8
    )
    rates = []
    for loss in losses:
        plateau.step(loss)
        rates.append(optimizer.param_groups[0]["lr"])
    options = {**options, "compat": "torch"}
    cases.append({"name": "reduceLROnPlateau", "options": options, "metrics": losses, "rates": rates})

# Scheduler.
schedule = callbacks.LearningRateScheduler(lambda epoch, rate: rate if epoch < 2 else rate * 0.5)
cases.append(
    {"name": "learningRateScheduler", "options": {}, "metrics": [1.0] * 6, "rates": run(lambda: schedule, [1.0] * 6)[1]}
)

# Checkpoints: 5 epochs of 4 batches; the loss of batches falls, then rises.
losses = [1.0, 0.75, 0.875, 0.5, 0.625]
for best_only, frequency, threshold in itertools.product((False, True), ("epoch", 1, 3, 6), (None, 0.625)):
    model = Model()
    checkpoint = callbacks.ModelCheckpoint(
        "e{epoch}.keras" if frequency == "epoch" else "e{epoch}b{batch}.keras",
        monitor="val_loss" if frequency == "epoch" else "loss",
        mode="min",
        save_best_only=best_only,
        save_freq=frequency,
        initial_value_threshold=threshold,
    )
    checkpoint.set_model(model)
    checkpoint.on_train_begin()
    checkpoint._set_monitor_op()  # Keras forgets it when batches are compared: a TypeError without this.
    for epoch, loss in enumerate(losses):
        checkpoint.on_epoch_begin(epoch)
        for batch in range(4):
            checkpoint.on_train_batch_end(batch, {"loss": loss + batch / 64})
        checkpoint.on_epoch_end(epoch, {"loss": loss + 3 / 64, "val_loss": loss})
    options = {"saveBestOnly": best_only, "saveFrequency": frequency, "mode": "min"}
    options["monitor"] = "val_loss" if frequency == "epoch" else "loss"
    if threshold is not None:
        options["initialValueThreshold"] = threshold
    cases.append({"name": "modelCheckpoint", "options": options, "metrics": losses, "saved": model.saved})

# CSV.
for logs in (
    [{"loss": 0.5, "accuracy": 0.75, "val_loss": 0.25}, {"loss": 0.25, "accuracy": 1.5}],
    [{"loss": 0.5}, {"loss": 0.25, "val_loss": 0.125}],
):
    with tempfile.TemporaryDirectory() as folder:
        logger = callbacks.CSVLogger(os.path.join(folder, "log.csv"))
        logger.on_train_begin()
        for epoch, values in enumerate(logs):
            logger.on_epoch_end(epoch, values)
        logger.on_train_end()
        text = pathlib.Path(folder, "log.csv").read_text()
    cases.append({"name": "csvLogger", "options": {}, "logs": logs, "text": text})

golden = {"versions": {"keras": keras.__version__, "torch": torch.__version__}, "cases": cases}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden).replace('{"name"', '\n{"name"') + "\n")
