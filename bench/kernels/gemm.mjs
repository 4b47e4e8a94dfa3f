// Matrix products against the machine's limit: node bench/kernels/gemm.mjs <build> [filter] [rounds]; SHORT=1 takes the short tiles.
// Every slice of a product is timed between two slices of `peak`; printed are the best slice, its share of the best
// slice of `peak`, and the median share of the neighbouring slices, which a busy machine disturbs least.
import { readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";

const [build = "baseline", filter = ".", rounds = "25"] = process.argv.slice(2);
const memory = new WebAssembly.Memory({ initial: 2000, maximum: 65536 });
const module = new WebAssembly.Module(readFileSync(new URL(`../../build/${build}.wasm`, import.meta.url)));
const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports;
const floats = new Float32Array(memory.buffer);
for (let i = 0; i < floats.length; i++) floats[i] = ((i * 7919) % 1000) / 1000 - 0.5;
const [X, W, Y, S] = [1, 17, 50, 75].map((megabytes) => megabytes << 20);

const jobs = [];
const short = process.env.SHORT ? "Short" : "";
const add = (name, flops, run) => {
  if (new RegExp(filter).test(name)) jobs.push({ name, flops, run, speeds: [], shares: [] });
};
const dense = (m, k, n) => {
  const flops = 2 * m * k * n;
  const shape = `${m}x${k}x${n}`;
  add(`forward ${shape}`, flops, () => kernels[`denseForward${short}`](m, n, k, X, k, W, Y, Y, n));
  add(`dW ${shape}`, flops, () => kernels[`denseBackwardWeights${short}`](m, n, k, X, k, Y, n, W));
  add(`dX ${shape}`, flops, () => kernels[`denseBackwardInput${short}`](m, n, k, Y, n, W, X, k, S));
};
for (const [m, k, n] of [
  [32, 784, 300],
  [128, 784, 300],
  [64, 1000, 1000],
  [32, 300, 100],
  [128, 300, 100],
  [128, 100, 10],
  [1, 784, 300],
  [2, 784, 300],
  [3, 784, 300],
  [4, 784, 300],
  [8, 784, 300],
  [16, 784, 300],
  [128, 784, 1],
  [128, 784, 4],
  [128, 784, 12],
  [64, 1024, 1024],
])
  dense(m, k, n);
for (const size of [128, 256, 512, 1024]) {
  dense(size, size, size);
  for (const kind of ["NN", "NT", "TN", "TT"]) {
    const run = kernels[`sgemm${kind}${short}`];
    add(`sgemm${kind} ${size}`, 2 * size ** 3, () => run(size, size, size, 1, X, size, W, size, 0, Y, size, S));
  }
}

const PEAK = { flops: 96 * 20000, run: () => kernels.peak(20000), speeds: [] };
const slice = (job) => {
  const times = Math.max(1, Math.round(5e7 / job.flops));
  const start = process.cpuUsage(); // processor time: on a busy machine the clock counts the others' work too
  for (let i = 0; i < times; i++) job.run();
  const { user, system } = process.cpuUsage(start);
  return (job.flops * times) / (user + system) / 1e3;
};
for (const job of [PEAK, ...jobs]) for (let i = 0; i < 20 && i * job.flops < 2e9; i++) slice(job);
for (let round = 0; round < Number(rounds); round++) {
  for (const job of jobs) {
    const before = slice(PEAK);
    const speed = slice(job);
    const limit = Math.max(before, slice(PEAK));
    PEAK.speeds.push(before);
    job.speeds.push(speed);
    job.shares.push(speed / limit);
  }
}
const sorted = (values) => [...values].sort((a, b) => b - a);
const best = (values) => sorted(values)[Math.min(1, values.length - 1)];
const median = (values) => sorted(values)[values.length >> 1];
const percent = (share) => `${(100 * share).toFixed(0)}%`.padStart(5);
console.log(
  `Node ${process.version}, V8 ${process.versions.v8}, ${cpus()[0]?.model} x ${availableParallelism()}, ${build} build${short && ", short tiles"}`,
);
console.log(`limit: best ${best(PEAK.speeds).toFixed(1)}, median ${median(PEAK.speeds).toFixed(1)} GFLOP/s`);
console.log(`${"".padEnd(24)}  best GFLOP/s, of limit; median of limit beside it`);
for (const { name, speeds, shares } of jobs) {
  const top = best(speeds);
  console.log(
    `${name.padEnd(24)} ${top.toFixed(1).padStart(8)} ${percent(top / best(PEAK.speeds))} ${percent(median(shares))}`,
  );
}
