/** 32 zeros: what a sum begins from where there is no bias and nothing to accumulate into. */
export const ZEROS: usize = memory.data<f32>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
], 64);
