"""Writes optimizers.json: trajectories of every optimizer of Keras 3 and PyTorch over 25 steps on two odd-sized
parameters, with gradients that are zero, huge and tiny among ordinary ones.
Run: KERAS_BACKEND=jax python test/golden/optimizers.py (pip install keras jax torch)."""

import json
import os
import pathlib

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras
import numpy as np
import torch

STEPS = 25
SHOWN = [1, 2, 5, 25]
random = np.random.default_rng(21)


def floats(array):
    return [float("%.9g" % value) for value in np.asarray(array, np.float32).ravel()]


def exact(array):
    """Values that %.9g, and so the JSON, holds exactly."""
    return np.array(floats(array), np.float32)


shapes = {"dense/kernel": 15, "dense/bias": 7}
initial = {name: exact(random.normal(size=n)) for name, n in shapes.items()}
gradients = []
for step in range(STEPS):
    kernel = random.normal(size=15) * 0.3
    kernel[0] = 0
    kernel[1] *= 1e8
    kernel[2] *= 1e-12
    kernel[3] *= 1e-25
    kernel[4] = 0 if step % 2 else kernel[4]
    kernel[5] = 1e12 if step == 3 else kernel[5]
    bias = random.normal(size=7) * 0.01
    gradients.append([exact(kernel), exact(bias)])

KERAS_WORDS = {
    "learningRate": "learning_rate",
    "beta1": "beta_1",
    "beta2": "beta_2",
    "weightDecay": "weight_decay",
    "clipValue": "clipvalue",
    "clipNorm": "clipnorm",
    "globalClipNorm": "global_clipnorm",
    "initialAccumulatorValue": "initial_accumulator_value",
    "gradientAccumulationSteps": "gradient_accumulation_steps",
    "useEma": "use_ema",
    "emaMomentum": "ema_momentum",
    "emaOverwriteFrequency": "ema_overwrite_frequency",
}
KERAS = {
    "sgd": keras.optimizers.SGD,
    "adagrad": keras.optimizers.Adagrad,
    "adadelta": keras.optimizers.Adadelta,
    "rmsprop": keras.optimizers.RMSprop,
    "adam": keras.optimizers.Adam,
    "adamax": keras.optimizers.Adamax,
    "nadam": keras.optimizers.Nadam,
    "adamW": keras.optimizers.AdamW,
    "lion": keras.optimizers.Lion,
}
TORCH_WORDS = {
    "learningRate": "lr",
    "epsilon": "eps",
    "weightDecay": "weight_decay",
    "initialAccumulatorValue": "initial_accumulator_value",
    "learningRateDecay": "lr_decay",
    "momentumDecay": "momentum_decay",
    "decoupledWeightDecay": "decoupled_weight_decay",
}
TORCH = {
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
    "adadelta": torch.optim.Adadelta,
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
    "adamax": torch.optim.Adamax,
    "nadam": torch.optim.NAdam,
    "adamW": torch.optim.AdamW,
}
# Options of ours that stand for the schedule initial * decayRate^(t / decaySteps).
DECAY = {"initial": 0.05, "decaySteps": 10, "decayRate": 0.5}
cases = []


def run_keras(name, options):
    options = dict(options)
    excluded = options.pop("excludeFromWeightDecay", None)
    words = {KERAS_WORDS.get(word, word): value for word, value in options.items()}
    if words.get("learning_rate") == "decay":
        words["learning_rate"] = keras.optimizers.schedules.ExponentialDecay(
            DECAY["initial"], DECAY["decaySteps"], DECAY["decayRate"]
        )
    optimizer = KERAS[name](**words)
    if excluded:
        optimizer.exclude_from_weight_decay(var_names=excluded)
    variables = [keras.Variable(value, name=name.replace("/", "_")) for name, value in initial.items()]
    shown = []
    for step, given in enumerate(gradients):
        optimizer.apply([jax.numpy.array(g) for g in given], variables)
        if step + 1 in SHOWN:
            shown.append([floats(variable) for variable in variables])
    averages = [floats(v) for v in optimizer._model_variables_moving_average] if options.get("useEma") else None
    return shown, averages


def run_torch(name, options):
    options = dict(options)
    clip_value = options.pop("clipValue", None)
    clip_norm = options.pop("globalClipNorm", None)
    words = {TORCH_WORDS.get(word, word): value for word, value in options.items()}
    words.pop("compat")
    if "rho" in words and name == "rmsprop":
        words["alpha"] = words.pop("rho")
    if "beta1" in words or "beta2" in words:
        words["betas"] = (words.pop("beta1", 0.9), words.pop("beta2", 0.999))
    decays = words.get("lr") == "decay"
    if decays:
        words["lr"] = DECAY["initial"]
    parameters = [torch.nn.Parameter(torch.tensor(value)) for value in initial.values()]
    optimizer = TORCH[name](parameters, **words)
    scheduler = decays and torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda t: DECAY["decayRate"] ** (t / DECAY["decaySteps"])
    )
    shown = []
    for step, given in enumerate(gradients):
        for parameter, gradient in zip(parameters, given):
            parameter.grad = torch.tensor(gradient)
        if clip_value is not None:
            torch.nn.utils.clip_grad_value_(parameters, clip_value)
        if clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(parameters, clip_norm)
        optimizer.step()
        if scheduler:
            scheduler.step()
        if step + 1 in SHOWN:
            shown.append([floats(parameter.detach().numpy()) for parameter in parameters])
    return shown, None


def add(name, **options):
    torch_compat = options.get("compat") == "torch"
    shown, averages = (run_torch if torch_compat else run_keras)(name, options)
    case = {"name": name, "options": options, "shown": shown}
    if averages:
        case["averages"] = averages
    cases.append(case)


MOMENTUM = {"momentum": 0.9}
NESTEROV = {"momentum": 0.9, "nesterov": True}
for form in [{}, MOMENTUM, NESTEROV]:
    add("sgd", **form)
    add("sgd", learningRate="decay", **form)
    add("sgd", compat="torch", learningRate=0.01, **form)
    add("sgd", compat="torch", learningRate="decay", **form)
add("sgd", compat="torch", learningRate=0.01, momentum=0.9, dampening=0.3)
add("sgd", compat="torch", learningRate=0.01, momentum=0.9, nesterov=True, weightDecay=0.1)
add("adagrad")
add("adagrad", learningRate=0.1, initialAccumulatorValue=0.01, epsilon=1e-3)
add("adagrad", compat="torch")
add("adagrad", compat="torch", learningRateDecay=0.1, weightDecay=0.1)
add("adadelta", learningRate=1.0)
add("adadelta", rho=0.8, epsilon=1e-4)
add("adadelta", compat="torch")
add("adadelta", compat="torch", weightDecay=0.1)
for form in [{}, MOMENTUM, {"centered": True}, {"centered": True, "momentum": 0.9}]:
    add("rmsprop", **form)
    add("rmsprop", learningRate="decay", **form)
    add("rmsprop", compat="torch", **form)
    add("rmsprop", compat="torch", learningRate="decay", weightDecay=0.1, **form)
for form in [{}, {"amsgrad": True}]:
    add("adam", **form)
    add("adam", learningRate=0.1, beta1=0.8, beta2=0.99, epsilon=1e-4, **form)
    add("adam", compat="torch", **form)
    add("adam", compat="torch", learningRate=0.1, weightDecay=0.1, epsilon=1e-4, **form)
    add("adamW", learningRate=0.1, **form)
    add("adamW", compat="torch", learningRate=0.1, **form)
add("adam", compat="torch", weightDecay=0.1, decoupledWeightDecay=True)
add("adamax")
add("adamax", learningRate=0.1, beta1=0.8, beta2=0.9, epsilon=1e-3)
add("adamax", compat="torch")
add("adamax", compat="torch", epsilon=1e-3, weightDecay=0.1)
add("nadam")
add("nadam", learningRate=0.1, beta1=0.8, beta2=0.99, epsilon=1e-4)
add("nadam", compat="torch")
add("nadam", compat="torch", momentumDecay=0.1, weightDecay=0.1, epsilon=1e-4)
add("nadam", compat="torch", weightDecay=0.1, decoupledWeightDecay=True)
add("lion")
add("lion", learningRate="decay", beta1=0.8, beta2=0.9, weightDecay=0.1)

# What every optimizer composes around its rule, on one with and one without state.
for name in ["sgd", "adam"]:
    add(name, clipValue=0.2)
    add(name, clipNorm=0.5)
    add(name, globalClipNorm=0.5)
    add(name, weightDecay=0.3, excludeFromWeightDecay=["bias"], learningRate=0.1)
    add(name, useEma=True, emaMomentum=0.9, learningRate=0.1)
    add(name, useEma=True, emaMomentum=0.8, emaOverwriteFrequency=4, learningRate=0.1)
    add(name, gradientAccumulationSteps=3, learningRate="decay")
    add(
        name,
        gradientAccumulationSteps=3,
        globalClipNorm=0.5,
        weightDecay=0.1,
        useEma=True,
        emaMomentum=0.8,
        emaOverwriteFrequency=2,
        learningRate="decay",
    )
    add(name, compat="torch", clipValue=0.2)
    add(name, compat="torch", globalClipNorm=0.5)
add("nadam", gradientAccumulationSteps=2)
add("nadam", gradientAccumulationSteps=2, learningRate="decay")

result = {
    "versions": {"keras": keras.__version__, "jax": jax.__version__, "torch": torch.__version__.split("+")[0]},
    "decay": DECAY,
    "initial": {name: floats(value) for name, value in initial.items()},
    "gradients": [[floats(g) for g in given] for given in gradients],
    "shown": SHOWN,
    "cases": cases,
}
path = pathlib.Path(__file__).with_suffix(".json")
lines = json.dumps(result).replace('{"name"', '\n{"name"')
path.write_text(lines + "\n")
print(path.name, len(cases), "cases", path.stat().st_size, "bytes")
