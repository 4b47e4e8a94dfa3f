// jax-js on its Wasm backend: in Node without workers, so one thread. Everything in a step is one jitted function.
import { init, jit, nn, numpy as np, random, valueAndGrad, defaultDevice } from "@jax-js/jax";
import { readFileSync } from "node:fs";
import { batchesOf, SIZES } from "./works.mjs";

export const name = "jax-js";
export const { version } = JSON.parse(
  readFileSync(new URL("node_modules/@jax-js/jax/package.json", import.meta.url), "utf8"),
);
export const detail = () => "wasm, 1 thread";

export async function start() {
  await init("wasm");
  defaultDevice("wasm");
}

const BETA1 = 0.9;
const BETA2 = 0.999;

const matrix = (values, shape) => np.array(values).reshape(shape);
const initial = (data) =>
  data.weights.map((values, i) => ({ w: matrix(values, [SIZES[i], SIZES[i + 1]]), b: np.zeros([SIZES[i + 1]]) }));

function forward(params, x) {
  let h = x;
  params.forEach(({ w, b }, i) => {
    h = np.matmul(h, w).add(b);
    if (i < params.length - 1) h = nn.relu(h);
  });
  return h;
}

function crossentropy(logits, labels) {
  return nn.logSoftmax(logits, -1).mul(labels).sum(-1).mean().mul(-1);
}

/** Adam of one array: the new parameter and moments. `c1`, `c2`: the bias corrections. */
function adam(p, g, m, v, c1, c2) {
  const m2 = m.mul(BETA1).add(g.ref.mul(1 - BETA1));
  const v2 = v.mul(BETA2).add(np.square(g).mul(1 - BETA2));
  const step = m2.ref.mul(c1).div(np.sqrt(v2.ref.mul(c2)).add(1e-7));
  return [p.sub(step.mul(1e-3)), m2, v2];
}

const zerosLike = (tree) =>
  tree.map((layer) => Object.fromEntries(Object.entries(layer).map(([k, a]) => [k, np.zeros(a.shape)])));

function trainer(params, loss, batch, data) {
  const next = batchesOf(data, batch);
  let state = { params, m: zerosLike(params), v: zerosLike(params) };
  const step = jit(({ params, m, v }, x, y, c1, c2) => {
    const labels = nn.oneHot(y, SIZES.at(-1));
    const refs = params.map((layer) => Object.fromEntries(Object.entries(layer).map(([k, a]) => [k, a.ref])));
    const [value, grads] = valueAndGrad(loss)(refs, x, labels);
    const out = { params: [], m: [], v: [] };
    params.forEach((layer, i) => {
      const [p2, m2, v2] = [{}, {}, {}];
      for (const key of Object.keys(layer)) {
        [p2[key], m2[key], v2[key]] = adam(layer[key], grads[i][key], m[i][key], v[i][key], c1.ref, c2.ref);
      }
      out.params.push(p2);
      out.m.push(m2);
      out.v.push(v2);
    });
    c1.dispose();
    c2.dispose();
    return [value, out];
  });
  let t = 0;
  return () => {
    const { x, y } = next();
    t++;
    const [value, after] = step(
      state,
      np.array(x.slice()).reshape([batch, SIZES[0]]),
      np.array(y.slice(), { dtype: np.int32 }),
      1 / (1 - BETA1 ** t),
      1 / (1 - BETA2 ** t),
    );
    state = after;
    return value.dataSync()[0];
  };
}

function train({ batch }, data) {
  return trainer(initial(data), (params, x, labels) => crossentropy(forward(params, x), labels), batch, data);
}

function trainBN({ batch }, data) {
  // The moving statistics are not kept here: a little less work than the others do.
  const params = initial(data).map(({ w, b }, i, all) =>
    i === all.length - 1 ? { w, b } : { w, b, gamma: np.ones([SIZES[i + 1]]) },
  );
  const loss = (params, x, labels) => {
    let h = x;
    params.forEach(({ w, b, gamma }) => {
      h = np.matmul(h, w);
      if (gamma !== undefined) {
        const mean = h.ref.mean(0);
        const centered = h.sub(mean);
        const variance = np.square(centered.ref).mean(0);
        h = nn.relu(
          centered
            .div(np.sqrt(variance.add(1e-3)))
            .mul(gamma)
            .add(b),
        );
      } else h = h.add(b);
    });
    return crossentropy(h, labels);
  };
  return trainer(params, loss, batch, data);
}

function predict({ batch }, data) {
  const next = batchesOf(data, batch);
  const params = initial(data);
  const run = jit((params, x) => nn.softmax(forward(params, x), -1));
  return () => {
    const { x } = next();
    const refs = params.map(({ w, b }) => ({ w: w.ref, b: b.ref }));
    return run(refs, np.array(x.slice()).reshape([batch, SIZES[0]])).dataSync()[0];
  };
}

function mc({ batch, samples, rate }, data) {
  const next = batchesOf(data, batch);
  const params = initial(data);
  const rows = samples * batch;
  const run = jit((params, x, key) => {
    const keys = random.split(key, params.length);
    let h = np.tile(x, [samples, 1]);
    params.forEach(({ w, b }, i) => {
      const keep = random.bernoulli(keys.ref.slice(i), 1 - rate, [rows, SIZES[i]]);
      h = np.matmul(np.where(keep, h.mul(1 / (1 - rate)), 0), w).add(b);
      if (i < params.length - 1) h = nn.relu(h);
    });
    keys.dispose();
    const outputs = nn.softmax(h, -1).reshape([samples, batch, SIZES.at(-1)]);
    return [outputs.ref.mean(0), np.sqrt(np.var_(outputs, 0))];
  });
  let seed = 0;
  return () => {
    const { x } = next();
    const refs = params.map(({ w, b }) => ({ w: w.ref, b: b.ref }));
    const [mean, std] = run(refs, np.array(x.slice()).reshape([batch, SIZES[0]]), random.key(seed++));
    return mean.dataSync()[0] + 0 * std.dataSync()[0];
  };
}

function elementwise({ op }, data) {
  const x = np.array(data.elements);
  const run = jit(
    { exp: np.exp, tanh: np.tanh, sigmoid: nn.sigmoid, gelu: (x) => nn.gelu(x, { approximate: false }) }[op],
  );
  return async () => {
    const y = run(x.ref);
    await y.blockUntilReady();
    y.dispose();
    return 0;
  };
}

function matmul({ n }, data) {
  const a = matrix(data.matrix.slice(0, n * n), [n, n]);
  const b = matrix(data.matrix.slice(n * n, 2 * n * n), [n, n]);
  const run = jit((a, b) => np.matmul(a, b));
  return async () => {
    const y = run(a.ref, b.ref);
    await y.blockUntilReady();
    y.dispose();
    return 0;
  };
}

export const works = { train, trainBN, predict, mc, elementwise, matmul };
