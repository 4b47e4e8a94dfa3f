/**
 * The float64 oracle of vmath.ts over all 2^32 arguments: compiled by test/assembly/vmath.slow.test.ts on its own and
 * part of no build. It compares in Wasm, because JavaScript's Math differs between engines and is slower.
 */

/** x = the n floats whose bit patterns follow first. */
export function bitPatterns(n: i32, first: u32, x: usize): void {
  for (let i = 0; i < n; i++) store<u32>(x + ((<usize>i) << 2), first + <u32>i);
}

function erf64(x: f64): f64 {
  if (abs(x) > 6) return copysign<f64>(1, x);
  let term = x;
  let sum = x;
  for (let n = 1; abs(term) > 1e-18 * abs(sum); n++) {
    term *= (2 * x * x) / <f64>(2 * n + 1);
    sum += term;
  }
  return 1.1283791670955126 * NativeMath.exp(-x * x) * sum;
}

/** 1 - erf(x) for x >= 0, by its continued fraction where the difference would cancel. */
function erfc64(x: f64): f64 {
  if (x < 2) return 1 - erf64(x);
  if (x > 28) return 0; // less than the smallest f64
  let fraction: f64 = 0;
  for (let n: f64 = 60; n > 0; n--) fraction = n / 2 / (x + fraction);
  return NativeMath.exp(-x * x) * 0.5641895835477563 / (x + fraction);
}

/** |got - reference| in units in the last place of the f32 nearest to the reference. */
@inline
function ulpError(got: f32, reference: f64): f64 {
  if (isNaN(reference)) return isNaN(got) ? 0 : Infinity;
  const nearest = <f32>reference;
  if (!isFinite(nearest)) return got == nearest ? 0 : Infinity;
  if (!isFinite(got)) return Infinity;
  const exponent = min(max((reinterpret<u32>(nearest) >> 23) & 255, 1), 254);
  return abs(<f64>got - reference) * reinterpret<f64>(<u64>(1023 + 150 - exponent) << 52);
}

/** |got - reference| beside max(10 eps, 5 eps |reference|), eps = 2^-23. */
@inline
function mixedError(got: f32, reference: f64): f64 {
  if (isNaN(reference) || !isFinite(<f32>reference)) return ulpError(got, reference);
  return abs(<f64>got - reference) * 8388608 / max<f64>(10, 5 * abs(reference));
}

@unmanaged @final class Exp { @inline at(x: f64): f64 { return NativeMath.exp(x); } }
@unmanaged @final class Expm1 { @inline at(x: f64): f64 { return NativeMath.expm1(x); } }
@unmanaged @final class Log { @inline at(x: f64): f64 { return NativeMath.log(x); } }
@unmanaged @final class Log1p { @inline at(x: f64): f64 { return NativeMath.log1p(x); } }
@unmanaged @final class Tanh { @inline at(x: f64): f64 { return NativeMath.tanh(x); } }
@unmanaged @final class Erf { @inline at(x: f64): f64 { return erf64(x); } }
@unmanaged @final class Sigmoid {
  @inline at(x: f64): f64 {
    const z = NativeMath.exp(-abs(x));
    return (x < 0 ? z : 1) / (1 + z);
  }
}
@unmanaged @final class Softplus {
  @inline at(x: f64): f64 { return max<f64>(x, 0) + NativeMath.log1p(NativeMath.exp(-abs(x))); }
}
@unmanaged @final class Gelu {
  @inline at(x: f64): f64 {
    if (x == -Infinity) return 0;
    const tail = erfc64(abs(x) * 0.7071067811865476) / 2;
    return x * (x < 0 ? tail : 1 - tail);
  }
}

@inline
function fill<Reference>(n: i32, x: usize, reference: usize): void {
  const formula = changetype<Reference>(0);
  for (let i = 0; i < n; i++) {
    store<f64>(reference + ((<usize>i) << 3), formula.at(<f64>load<f32>(x + ((<usize>i) << 2))));
  }
}

/** reference = f(x) for n arguments x (f32), reference: n f64. */
export function exp(n: i32, x: usize, reference: usize): void { fill<Exp>(n, x, reference); }
export function expm1(n: i32, x: usize, reference: usize): void { fill<Expm1>(n, x, reference); }
export function log(n: i32, x: usize, reference: usize): void { fill<Log>(n, x, reference); }
export function log1p(n: i32, x: usize, reference: usize): void { fill<Log1p>(n, x, reference); }
export function tanh(n: i32, x: usize, reference: usize): void { fill<Tanh>(n, x, reference); }
export function erf(n: i32, x: usize, reference: usize): void { fill<Erf>(n, x, reference); }
export function sigmoid(n: i32, x: usize, reference: usize): void { fill<Sigmoid>(n, x, reference); }
export function softplus(n: i32, x: usize, reference: usize): void { fill<Softplus>(n, x, reference); }
export function gelu(n: i32, x: usize, reference: usize): void { fill<Gelu>(n, x, reference); }

/** The largest error of n results y in units in the last place, beyond the worst so far; the index goes to `at`. */
export function worstUlp(n: i32, y: usize, reference: usize, soFar: f64, at: usize): f64 {
  for (let i = 0; i < n; i++) {
    const error = ulpError(load<f32>(y + ((<usize>i) << 2)), load<f64>(reference + ((<usize>i) << 3)));
    if (!(error <= soFar)) {
      soFar = error;
      store<i32>(at, i);
    }
  }
  return soFar;
}

/** The same beside max(10 eps, 5 eps |reference|). */
export function worstMixed(n: i32, y: usize, reference: usize, soFar: f64, at: usize): f64 {
  for (let i = 0; i < n; i++) {
    const error = mixedError(load<f32>(y + ((<usize>i) << 2)), load<f64>(reference + ((<usize>i) << 3)));
    if (!(error <= soFar)) {
      soFar = error;
      store<i32>(at, i);
    }
  }
  return soFar;
}
