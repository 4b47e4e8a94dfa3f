/**
 * Scalar float64 functions with the same bits in every engine. JavaScript's Math.exp, log and pow differ in
 * the last digits between engines, so nothing that ends in a weight may use them: schedules, bias corrections and
 * initializers call these instead. They are AssemblyScript's NativeMath (a port of musl), compiled as one separate
 * module that all builds share.
 */
export function exp(x: f64): f64 { return NativeMath.exp(x); }
export function log(x: f64): f64 { return NativeMath.log(x); }
export function pow(x: f64, y: f64): f64 { return NativeMath.pow(x, y); }
export function log1p(x: f64): f64 { return NativeMath.log1p(x); }
