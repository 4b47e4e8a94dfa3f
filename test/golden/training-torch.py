"""Writes training-torch.json, in the form of training.json: trainings with PyTorch, for what `compat: "torch"` must
compute. Run: python test/golden/training-torch.py (pip install torch numpy)."""

import json
import pathlib
from collections import OrderedDict

import numpy as np
import torch
from torch import nn

STEPS = 20
BATCH = 6
ROWS = 18
random = np.random.default_rng(7)


def floats(array):
    return [float("%.9g" % value) for value in np.asarray(array, np.float32).ravel()]


def tensor(array):
    return {"shape": list(np.shape(array)), "values": floats(array)}


def dense(name, units, **options):
    return {"kind": "dense", "name": name, "options": {"units": units, **options}}


def weights(model):
    """By lanewise's names; PyTorch's kernels are [outputs, inputs]."""
    found = {}
    for name, module in model.named_children():
        if isinstance(module, nn.Linear):
            found[f"{name}/kernel"] = tensor(module.weight.detach().numpy().T)
            if module.bias is not None:
                found[f"{name}/bias"] = tensor(module.bias.detach().numpy())
        elif isinstance(module, nn.BatchNorm1d):
            found[f"{name}/gamma"] = tensor(module.weight.detach().numpy())
            found[f"{name}/beta"] = tensor(module.bias.detach().numpy())
            found[f"{name}/movingMean"] = tensor(module.running_mean.numpy())
            found[f"{name}/movingVariance"] = tensor(module.running_var.numpy())
    return found


def train(net, model, make_optimizer, clip=None):
    torch.manual_seed(3)
    for name, parameter in model.named_parameters():
        is_scale = parameter.ndim == 1 and name.endswith("weight")
        values = random.normal(1 if is_scale else 0, 0.2 if parameter.ndim == 1 else 0.4, tuple(parameter.shape))
        parameter.data = torch.tensor(values, dtype=torch.float32)
    x = random.normal(0, 1, (ROWS, 7)).astype(np.float32)
    y = random.integers(0, 3, ROWS)
    golden = {"net": net, "x": [tensor(x)], "y": [tensor(y)], "sampleWeights": None, "initial": weights(model)}
    optimizer = make_optimizer(model.parameters())
    losses = []
    for step in range(STEPS):
        rows = [(step * BATCH + i) % ROWS for i in range(BATCH)]
        model.train()
        loss = nn.functional.cross_entropy(model(torch.from_numpy(x[rows])), torch.from_numpy(y[rows]))
        optimizer.zero_grad()
        loss.backward()
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        losses.append(float("%.9g" % loss.item()))
    model.eval()
    with torch.no_grad():
        predictions = floats(model(torch.from_numpy(x)).numpy())
    return {**golden, "losses": losses, "outputLosses": [[]] * STEPS, "final": weights(model), "predictions": [predictions]}


def net(layers, optimizer, **options):
    loss = {"losses": "sparseCategoricalCrossentropy", "options": {"fromLogits": True}}
    described = {"name": optimizer, "options": {**options, "compat": "torch"}}
    return {"inputs": {"x": [7]}, "layers": layers, "targets": ["class"], "loss": [loss], "optimizer": described}


PLAIN = [dense("a", 9, activation="elu"), dense("b", 5, activation="tanh"), dense("c", 3)]
NORMALIZED = [
    dense("a", 9, useBias=False),
    {"kind": "batchNormalization", "name": "aNorm", "options": {"compat": "torch"}},
    {"kind": "activation", "name": "aElu", "options": {"activation": "elu"}},
    dense("b", 5, useBias=False),
    {"kind": "batchNormalization", "name": "bNorm", "options": {"compat": "torch", "momentum": 0.3, "epsilon": 1e-3}},
    {"kind": "activation", "name": "bElu", "options": {"activation": "elu"}},
    dense("c", 3),
]


def plain():
    named = [("a", nn.Linear(7, 9)), ("aElu", nn.ELU()), ("b", nn.Linear(9, 5)), ("bTanh", nn.Tanh()), ("c", nn.Linear(5, 3))]
    return nn.Sequential(OrderedDict(named))


def normalized():
    named = [
        ("a", nn.Linear(7, 9, bias=False)),
        ("aNorm", nn.BatchNorm1d(9)),
        ("aElu", nn.ELU()),
        ("b", nn.Linear(9, 5, bias=False)),
        ("bNorm", nn.BatchNorm1d(5, momentum=0.3, eps=1e-3)),
        ("bElu", nn.ELU()),
        ("c", nn.Linear(5, 3)),
    ]
    return nn.Sequential(OrderedDict(named))


nets = {
    "SGD with momentum, dampening and coupled weight decay": train(
        net(PLAIN, "sgd", learningRate=0.05, momentum=0.9, dampening=0.2, weightDecay=0.01),
        plain(),
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, dampening=0.2, weight_decay=0.01),
    ),
    "SGD with Nesterov momentum, batch normalization, clipping by global norm": train(
        net(NORMALIZED, "sgd", learningRate=0.05, momentum=0.9, nesterov=True, globalClipNorm=0.5),
        normalized(),
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
        clip=0.5,
    ),
    "Adam with coupled weight decay and batch normalization": train(
        net(NORMALIZED, "adam", learningRate=0.01, weightDecay=0.02),
        normalized(),
        lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.02),
    ),
    "AdamW": train(
        net(PLAIN, "adamW", learningRate=0.01),
        plain(),
        lambda p: torch.optim.AdamW(p, lr=0.01),
    ),
}
versions = {"torch": torch.__version__, "numpy": np.__version__}
lines = [f"{json.dumps(name)}: {json.dumps(golden, separators=(',', ':'))}" for name, golden in nets.items()]
target = pathlib.Path(__file__).with_suffix(".json")
target.write_text(f'{{"versions": {json.dumps(versions)}, "batch": {BATCH}, "nets": {{\n' + ",\n".join(lines) + "\n}}\n")
for name, golden in nets.items():
    print(name, golden["losses"][0], golden["losses"][-1])
print(target.stat().st_size)
