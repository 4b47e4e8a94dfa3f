"""One Python library in a process of its own: `python python_worker.py NAME DATA`, NAME one of torch, torch-fused, jax,
keras. The protocol is that of worker.mjs. One thread each; JAX's vectors and torch's are as wide as the CPU has."""

import json
import os
import sys
import time

name, folder = sys.argv[1:3]
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"
os.environ["KERAS_BACKEND"] = "jax"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # whatever a library prints goes to stderr
started = time.perf_counter()

import numpy as np  # noqa: E402

SIZES = [784, 300, 100, 10]
read = lambda file: np.fromfile(os.path.join(folder, file + ".f32"), dtype="<f4")
x_all = read("x").reshape(-1, SIZES[0])
y_all = read("y").astype(np.int64)
weights = [read(f"w{i + 1}").reshape(SIZES[i], SIZES[i + 1]) for i in range(3)]
elements = read("elements")
numbers = read("matrix")


def batches(batch):
    k = 0
    count = len(x_all) // batch
    while True:
        start = (k % count) * batch
        yield x_all[start : start + batch], y_all[start : start + batch]
        k += 1


def torch_works():
    import torch
    from torch import nn

    torch.set_num_threads(1)

    def net(batch_norm=False, rate=0):
        layers = []
        for i, w in enumerate(weights):
            last = i == len(weights) - 1
            if rate:
                layers.append(nn.Dropout(rate))
            dense = nn.Linear(*w.shape, bias=last or not batch_norm)
            with torch.no_grad():
                dense.weight.copy_(torch.from_numpy(np.ascontiguousarray(w.T)))
                if dense.bias is not None:
                    dense.bias.zero_()
            layers.append(dense)
            if not last:
                if batch_norm:
                    layers.append(nn.BatchNorm1d(w.shape[1], eps=1e-3, momentum=0.01))
                layers.append(nn.ReLU())
        return nn.Sequential(*layers)

    def train(work, batch_norm=False):
        source = batches(work["batch"])
        model = net(batch_norm)
        extra = {"fused": True} if name == "torch-fused" else {}
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7, **extra)
        loss_of = nn.CrossEntropyLoss()

        def call():
            x, y = next(source)
            optimizer.zero_grad()
            loss = loss_of(model(torch.from_numpy(x)), torch.from_numpy(y))
            loss.backward()
            optimizer.step()
            return loss.item()

        return call

    def predict(work):
        source = batches(work["batch"])
        model = net().eval()

        def call():
            with torch.inference_mode():
                return torch.softmax(model(torch.from_numpy(next(source)[0])), 1).numpy()[0, 0].item()

        return call

    def mc(work):
        source = batches(work["batch"])
        model = net(rate=work["rate"]).train()

        def call():
            with torch.inference_mode():
                x = torch.from_numpy(next(source)[0]).repeat(work["samples"], 1)
                outputs = torch.softmax(model(x), 1).reshape(work["samples"], work["batch"], -1)
                return (outputs.mean(0)[0, 0] + 0 * outputs.std(0)[0, 0]).item()

        return call

    def elementwise(work):
        x = torch.from_numpy(elements)
        op = {"gelu": torch.nn.functional.gelu}.get(work["op"]) or getattr(torch, work["op"])

        def call():
            with torch.inference_mode():
                op(x)
            return 0

        return call

    def matmul(work):
        n = work["n"]
        a = torch.from_numpy(numbers[: n * n].reshape(n, n))
        b = torch.from_numpy(numbers[n * n : 2 * n * n].reshape(n, n))

        def call():
            torch.mm(a, b)
            return 0

        return call

    works = {"train": train, "trainBN": lambda work: train(work, True)}
    if name == "torch":
        works |= {"predict": predict, "mc": mc, "elementwise": elementwise, "matmul": matmul}
    return torch.__version__, "1 thread, " + torch.backends.cpu.get_cpu_capability(), works


def jax_works():
    import jax
    import jax.numpy as jnp

    def initial(batch_norm):
        layers = []
        for i, w in enumerate(weights):
            layer = {"w": jnp.asarray(w), "b": jnp.zeros(w.shape[1])}
            if batch_norm and i < len(weights) - 1:
                layer["gamma"] = jnp.ones(w.shape[1])
            layers.append(layer)
        return layers

    def forward(params, x):
        for i, layer in enumerate(params):
            x = x @ layer["w"]
            if "gamma" in layer:
                x = (x - x.mean(0)) / jnp.sqrt(x.var(0) + 1e-3) * layer["gamma"]
            x = x + layer["b"]
            if i < len(params) - 1:
                x = jax.nn.relu(x)
        return x

    def loss_of(params, x, y):
        return -jnp.take_along_axis(jax.nn.log_softmax(forward(params, x)), y[:, None], 1).mean()

    @jax.jit
    def step(params, m, v, t, x, y):
        loss, g = jax.value_and_grad(loss_of)(params, x, y)
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        c1, c2 = 1 / (1 - 0.9**t), 1 / (1 - 0.999**t)
        params = jax.tree.map(lambda p, m, v: p - 1e-3 * c1 * m / (jnp.sqrt(c2 * v) + 1e-7), params, m, v)
        return loss, params, m, v

    def train(work, batch_norm=False):
        source = batches(work["batch"])
        params = initial(batch_norm)
        state = [params, jax.tree.map(jnp.zeros_like, params), jax.tree.map(jnp.zeros_like, params)]
        t = 0

        def call():
            nonlocal t, state
            t += 1
            x, y = next(source)
            loss, *state = step(*state, float(t), x, y)
            return float(loss)

        return call

    def predict(work):
        source = batches(work["batch"])
        params = initial(False)
        run = jax.jit(lambda params, x: jax.nn.softmax(forward(params, x)))
        return lambda: float(np.asarray(run(params, next(source)[0]))[0, 0])

    def mc(work):
        source = batches(work["batch"])
        params = initial(False)
        keep = 1 - work["rate"]

        @jax.jit
        def run(params, x, key):
            x = jnp.tile(x, (work["samples"], 1))
            for i, layer in enumerate(params):
                key, sub = jax.random.split(key)
                x = jnp.where(jax.random.bernoulli(sub, keep, x.shape), x / keep, 0) @ layer["w"] + layer["b"]
                if i < len(params) - 1:
                    x = jax.nn.relu(x)
            outputs = jax.nn.softmax(x).reshape(work["samples"], work["batch"], -1)
            return outputs.mean(0), outputs.std(0)

        seed = 0

        def call():
            nonlocal seed
            seed += 1
            mean, std = run(params, next(source)[0], jax.random.key(seed))
            return float(mean[0, 0] + 0 * std[0, 0])

        return call

    def elementwise(work):
        x = jnp.asarray(elements)
        ops = {"exp": jnp.exp, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}
        run = jax.jit(ops.get(work["op"]) or (lambda x: jax.nn.gelu(x, approximate=False)))

        def call():
            run(x).block_until_ready()
            return 0

        return call

    def matmul(work):
        n = work["n"]
        a = jnp.asarray(numbers[: n * n].reshape(n, n))
        b = jnp.asarray(numbers[n * n : 2 * n * n].reshape(n, n))
        run = jax.jit(jnp.matmul)

        def call():
            run(a, b).block_until_ready()
            return 0

        return call

    works = {"train": train, "trainBN": lambda work: train(work, True), "predict": predict, "mc": mc}
    return jax.__version__, "jit, 1 thread", works | {"elementwise": elementwise, "matmul": matmul}


def keras_works():
    import keras

    def net(batch_norm=False):
        model = keras.Sequential([keras.Input((SIZES[0],))])
        kernels = []
        for i, w in enumerate(weights):
            last = i == len(weights) - 1
            kernels.append(keras.layers.Dense(w.shape[1], use_bias=last or not batch_norm))
            model.add(kernels[-1])
            if batch_norm and not last:
                model.add(keras.layers.BatchNormalization())
            model.add(keras.layers.Activation("softmax" if last else "relu"))
        for layer, w in zip(kernels, weights):
            layer.kernel.assign(w)
        return model

    def train(work, batch_norm=False):
        source = batches(work["batch"])
        model = net(batch_norm)
        model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
        return lambda: float(model.train_on_batch(*next(source)))

    def predict(work):
        source = batches(work["batch"])
        model = net()
        return lambda: float(model.predict_on_batch(next(source)[0])[0, 0])

    works = {"train": train, "trainBN": lambda work: train(work, True), "predict": predict}
    return keras.__version__, "JAX backend, 1 thread", works


version, detail, works = {"jax": jax_works, "keras": keras_works}.get(name, torch_works)()


def reply(value):
    answers.write(json.dumps(value) + "\n")
    answers.flush()


def handle(request):
    global call
    if "setup" in request:
        work = request["setup"]
        call = None
        if work["kind"] not in works:
            return {"unsupported": True}
        call = works[work["kind"]](work)
        return {"results": [call() for _ in range(5)]}
    calls = 0
    processor = time.process_time()
    start = time.perf_counter()
    while True:
        call()
        calls += 1
        elapsed = (time.perf_counter() - start) * 1000
        if elapsed >= request["round"]:
            cpu = (time.process_time() - processor) * 1000
            return {"wall": elapsed / calls, "cpu": cpu / calls, "calls": calls}


call = None
reply({"name": name, "version": version, "detail": detail, "startMs": (time.perf_counter() - started) * 1000})
for line in sys.stdin:
    try:
        reply(handle(json.loads(line)))
    except Exception as error:
        import traceback

        reply({"error": traceback.format_exc()})
