// The quantisation that a photo's last JPEG went through, and what it cost (nitido/jpeg_steps.py).

import { BLOCK, forward } from "./dct.js";
import { luma, roundEven } from "./pixels.js";

const MAX_BLOCKS = 4096, BINS_PER_LEVEL = 4, MAX_LEVEL = 512;
const SURE = 0.6, ENOUGH_VALUES = 24, ENOUGH_FREQUENCIES = 5, ENOUGH_SURVIVORS = 8, COARSE = 4;
const FACTORIAL = [1, 1, 2, 6, 24, 120];
const ANNEX_K = [
  [16, 11, 10, 16, 24, 40, 51, 61], [12, 12, 14, 19, 26, 58, 60, 55],
  [14, 13, 16, 24, 40, 57, 69, 56], [14, 17, 22, 29, 51, 87, 80, 62],
  [18, 22, 37, 56, 68, 109, 103, 77], [24, 35, 55, 64, 81, 104, 113, 92],
  [49, 64, 78, 87, 103, 121, 120, 101], [72, 92, 95, 98, 112, 100, 103, 99],
].flat();
const COSINES = [];
const FREQUENCIES = [];
for (let y = 0; y < 6; y++) for (let x = 0; x < 6; x++) if (y + x > 0 && y + x < 6) FREQUENCIES.push(8 * y + x);

/** 64 steps of luma, or null where the pixels show no traces of a JPEG. */
export function findSteps(pixels) {
  if (Math.min(pixels.height, pixels.width) < BLOCK) return null;
  const blocks = sampled(pixels), found = new Map();
  for (const place of FREQUENCIES) {
    const step = stepOf(blocks, place);
    if (step) found.set(place, step);
  }
  if (found.size < ENOUGH_FREQUENCIES) return null;
  const ratios = [...found].map(([place, step]) => Math.fround(step / ANNEX_K[place])).sort((a, b) => a - b);
  const middle = ratios.length >> 1;
  const scale = ratios.length % 2 ? ratios[middle] : Math.fround((ratios[middle - 1] + ratios[middle]) / 2);
  return Float32Array.from(ANNEX_K, (value, place) =>
    found.get(place) ?? Math.max(roundEven(Math.fround(value * scale)), 1));
}

/** Estimate what rounding to the steps cost: error, coarse, vanished. */
export function rounding(pixels, steps) {
  const blocks = sampled(pixels), total = blocks.length;
  const half = Array.from(steps, (step) => step / 2);
  const count = half.map((least, place) => blocks.filter((block) => Math.abs(block[place]) >= least).length);
  const share = count.map((n) => Math.min(0.999, Math.max(0.5 / total, n / total)));
  const frequency = half.map((_, place) => Math.max(1, Math.hypot(place >> 3, place & 7)));
  let scale = half.map((value, place) => value / depth(share[place]) ** 2);
  const known = count.map((n, place) => place > 0 && n >= ENOUGH_SURVIVORS);
  const places = known.flatMap((is, place) => (is ? [place] : []));
  if (places.length > 2) {
    const line = fitted(places.map((i) => [Math.log(frequency[i]), Math.log(scale[i]), count[i]]));
    scale = scale.map((value, place) =>
      known[place] ? value : Math.min(value, Math.exp(line.slope * Math.log(frequency[place]) + line.offset)));
  }
  const errors = half.map((value, place) => {
    if (!place) return steps[0] ** 2 / 12;
    const t = Math.sqrt(value / scale[place]);
    const tail = Math.exp(-t) * FACTORIAL.reduce((sum, f, k) => sum + t ** k / f, 0);
    return scale[place] ** 2 * 120 * (1 - tail) + (share[place] * steps[place] ** 2) / 12;
  });
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  return {
    error: sum(errors) / 64,
    coarse: sum(errors.filter((_, place) => (place >> 3) + (place & 7) < COARSE)) / 64,
    vanished: 1 - sum(count) / 64 / total,
  };
}

/** Coefficients of luma, one Float32Array of 64 a block, of rows of blocks spread over the photo. */
function sampled(pixels) {
  const rows = Math.floor(pixels.height / BLOCK), columns = Math.floor(pixels.width / BLOCK);
  const every = Math.max(1, Math.floor((rows * columns) / MAX_BLOCKS)), found = [];
  for (let row = 0; row < rows; row += every) {
    const width = columns * BLOCK, plane = forward(luma(pixels, row * BLOCK, 0, BLOCK, width), width);
    for (let column = 0; column < columns; column++)
      found.push(Float32Array.from({ length: 64 }, (_, i) => plane[(i >> 3) * width + column * 8 + (i & 7)]));
  }
  return found;
}

/** The step that the coefficients of one frequency are multiples of; 0 where there is none. */
function stepOf(blocks, place) {
  const histogram = new Float32Array(MAX_LEVEL * BINS_PER_LEVEL);
  for (const block of blocks)
    histogram[Math.min(histogram.length - 1, Math.trunc(Math.abs(block[place]) * BINS_PER_LEVEL))]++;
  let best = 0, fit = 0;
  for (let candidate = 2; candidate < 128; candidate++) {
    const cosines = periods(candidate);
    let count = 0, sum = 0;
    for (let bin = 0; bin < histogram.length; bin++) {
      if (!histogram[bin] || bin + 0.5 <= (candidate * BINS_PER_LEVEL) / 2) continue;
      count += histogram[bin];
      sum += histogram[bin] * cosines[bin];
    }
    const own = count < ENOUGH_VALUES ? 0 : sum / count;
    if (own > fit) [best, fit] = [candidate, own];
  }
  return fit >= SURE ? best : 0;
}

/** The cosine of each bin of the histogram at a period. */
function periods(candidate) {
  return (COSINES[candidate] ??= Float64Array.from({ length: MAX_LEVEL * BINS_PER_LEVEL }, (_, bin) =>
    Math.cos((2 * Math.PI * (bin + 0.5)) / BINS_PER_LEVEL / candidate)));
}

/** The t at which (1 + t) exp(-t) is the share, read off a grid as the runtime does. */
function depth(share) {
  const value = (i) => (1 + i / 100) * Math.exp(-i / 100);
  let low = 0, high = 4000;
  if (share >= value(low)) return 0;
  if (share <= value(high)) return 40;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (value(middle) > share) low = middle;
    else high = middle;
  }
  return (low + (value(low) - share) / (value(low) - value(high))) / 100;
}

/** A line through [x, y, weight], by least squares. */
function fitted(points) {
  let w = 0, wx = 0, wy = 0, wxx = 0, wxy = 0;
  for (const [x, y, weight] of points) {
    w += weight; wx += weight * x; wy += weight * y; wxx += weight * x * x; wxy += weight * x * y;
  }
  const slope = (w * wxy - wx * wy) / (w * wxx - wx * wx);
  return { slope, offset: (wy - slope * wx) / w };
}
