"""Writes schedules.json: learning rates of Keras 3's and PyTorch's schedules, step by step.
Run: KERAS_BACKEND=jax python test/golden/schedules.py (pip install keras jax torch)."""

import json
import os
import pathlib
import warnings

os.environ["KERAS_BACKEND"] = "jax"
warnings.simplefilter("ignore")

import jax

jax.config.update("jax_enable_x64", True)

import keras
import torch
from keras.optimizers import schedules

keras.backend.set_floatx("float64")

STEPS = 61
KERAS = {
    "exponentialDecay": schedules.ExponentialDecay,
    "inverseTimeDecay": schedules.InverseTimeDecay,
    "polynomialDecay": schedules.PolynomialDecay,
    "piecewiseConstant": schedules.PiecewiseConstantDecay,
    "cosineDecay": schedules.CosineDecay,
    "cosineDecayRestarts": schedules.CosineDecayRestarts,
}
WORDS = {
    "initial": "initial_learning_rate",
    "decaySteps": "decay_steps",
    "decayRate": "decay_rate",
    "end": "end_learning_rate",
    "warmupTarget": "warmup_target",
    "warmupSteps": "warmup_steps",
    "firstDecaySteps": "first_decay_steps",
    "tMul": "t_mul",
    "mMul": "m_mul",
}
cases = []


def floats(values):
    return [float("%.9g" % float(value)) for value in values]


def add_keras(name, **options):
    schedule = KERAS[name](**{WORDS.get(word, word): value for word, value in options.items()})
    values = floats(schedule(step) for step in range(STEPS))
    cases.append({"name": name, "options": options, "learningRate": values})


def torch_run(make, momentum, steps, lr=1.0):
    """Learning rate and momentum that a PyTorch scheduler gives the first steps."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=lr, momentum=momentum)
    scheduler = make(optimizer)
    rates, momentums = [], []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        momentums.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        scheduler.step()
    return floats(rates), floats(momentums)


def add_one_cycle(steps, max_rate, **options):
    words = {
        "shape": "anneal_strategy",
        "warmupFraction": "pct_start",
        "divFactor": "div_factor",
        "finalDivFactor": "final_div_factor",
        "minMomentum": "base_momentum",
        "maxMomentum": "max_momentum",
        "threePhase": "three_phase",
    }
    torch_options = {words[word]: value for word, value in options.items()}
    if torch_options.get("anneal_strategy") == "cosine":
        torch_options["anneal_strategy"] = "cos"
    rates, momentums = torch_run(
        lambda optimizer: torch.optim.lr_scheduler.OneCycleLR(optimizer, max_rate, total_steps=steps, **torch_options),
        0.9,
        steps,
    )
    all_options = {"maxLearningRate": max_rate, "totalSteps": steps, **options}
    cases.append({"name": "oneCycle", "options": all_options, "learningRate": rates, "momentum": momentums})


add_keras("exponentialDecay", initial=0.01, decaySteps=20, decayRate=0.1)
add_keras("exponentialDecay", initial=0.5, decaySteps=7, decayRate=0.96, staircase=True)
add_keras("inverseTimeDecay", initial=0.1, decaySteps=20, decayRate=1.0)
add_keras("inverseTimeDecay", initial=0.1, decaySteps=7, decayRate=0.5, staircase=True)
add_keras("polynomialDecay", initial=0.1, decaySteps=40)
add_keras("polynomialDecay", initial=0.1, decaySteps=40, end=0.01, power=0.5)
add_keras("polynomialDecay", initial=0.1, decaySteps=12, end=0.01, power=2.0, cycle=True)
add_keras("piecewiseConstant", boundaries=[5, 15], values=[0.01, 0.005, 0.001])
add_keras("piecewiseConstant", boundaries=[30], values=[1.0, 0.25])
add_keras("cosineDecay", initial=0.1, decaySteps=50)
add_keras("cosineDecay", initial=0.1, decaySteps=30, alpha=0.1)
add_keras("cosineDecay", initial=0.0, decaySteps=40, alpha=0.01, warmupTarget=0.1, warmupSteps=10)
add_keras("cosineDecayRestarts", initial=0.1, firstDecaySteps=9)
add_keras("cosineDecayRestarts", initial=0.1, firstDecaySteps=10, tMul=1.0, mMul=0.9, alpha=0.1)
add_keras("cosineDecayRestarts", initial=0.1, firstDecaySteps=8, tMul=1.5, mMul=0.8)

for initial, step_size, factor in [(0.1, 10, 0.1), (1.0, 7, 0.5)]:
    rates, _ = torch_run(
        lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, step_size, factor), 0, STEPS, initial
    )
    options = {"initial": initial, "stepSize": step_size, "factor": factor}
    cases.append({"name": "stepDecay", "options": options, "learningRate": rates})

for options, start, total in [({}, 1 / 3, 5), ({"startFactor": 0.1}, 0.1, 12)]:
    rates, _ = torch_run(
        lambda optimizer: torch.optim.lr_scheduler.SequentialLR(
            optimizer,
            [
                torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=start, total_iters=total),
                torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9),
            ],
            milestones=[total],
        ),
        0,
        STEPS,
        0.2,
    )
    after = {"schedule": "exponentialDecay", "options": {"initial": 0.2, "decaySteps": 1, "decayRate": 0.9}}
    cases.append({"name": "warmup", "options": {"schedule": after, "steps": total, **options}, "learningRate": rates})

add_one_cycle(10, 1.0)
add_one_cycle(57, 0.05)
add_one_cycle(57, 0.05, shape="linear", warmupFraction=0.45, divFactor=10.0, finalDivFactor=100.0)
add_one_cycle(40, 0.1, threePhase=True, minMomentum=0.8, maxMomentum=0.9)
add_one_cycle(41, 0.1, shape="linear", threePhase=True, warmupFraction=0.25)

result = {
    "versions": {"keras": keras.__version__, "jax": jax.__version__, "torch": torch.__version__.split("+")[0]},
    "cases": cases,
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(result).replace('{"name"', '\n{"name"') + "\n")
print(path.name, len(cases), "cases", path.stat().st_size, "bytes")
