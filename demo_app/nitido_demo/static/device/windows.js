// What is measured on many small windows of a photo: its spectrum and its noise (nitido/blur.py).

import { fft2 } from "./fft.js";
import { LUMA, atLeast, descending, luma } from "./pixels.js";

const MAX_WINDOWS = 160;

/** Mean log power (window rows of window / 2 + 1) of the textured windows; its mean is zero. */
export function spectrum(pixels, window) {
  const crops = lumaWindows(pixels, window, window >> 1, 3 * MAX_WINDOWS);
  const order = descending(crops.map((crop) => textureOf(crop, window)));
  const keep = order.slice(0, Math.max(1, Math.min(MAX_WINDOWS, crops.length >> 1)));
  const half = (window >> 1) + 1, sum = new Float64Array(window * half);
  const hann = Float64Array.from(
    { length: window },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 1)) / (window + 1)),
  );
  const re = new Float64Array(window * window), im = new Float64Array(window * window);
  for (const index of keep) {
    const crop = crops[index], centre = crop.reduce((total, value) => total + value, 0) / crop.length;
    for (let y = 0, i = 0; y < window; y++)
      for (let x = 0; x < window; x++, i++) re[i] = (crop[i] - centre) * hann[y] * hann[x];
    im.fill(0);
    fft2(re, im, window, window);
    for (let y = 0; y < window; y++)
      for (let x = 0; x < half; x++) {
        const i = y * window + x, power = re[i] ** 2 + im[i] ** 2;
        sum[y * half + x] += Math.log(power / window ** 2 + 0.01);
      }
  }
  const result = sum.map((value) => value / keep.length);
  const centre = result.reduce((total, value) => total + value, 0) / result.length;
  return Float32Array.from(result, (value) => value - centre);
}

/** Standard deviation of a photo's noise, in grey levels, from its calm blocks (Immerkaer 1996). */
export function noiseSigma(pixels) {
  if (Math.min(pixels.height, pixels.width) < 32) return 0;
  const blocks = [];
  for (const y of lumaWindows(pixels, 32, 30, 4 * MAX_WINDOWS))
    for (const top of [0, 15])
      for (const left of [0, 15]) {
        let sum = 0;
        for (let row = top; row < top + 15; row++)
          for (let column = left; column < left + 15; column++) {
            const at = row * 32 + column;
            const second = (i) => y[i] - 2 * y[i + 32] + y[i + 64];
            sum += Math.abs(second(at) - 2 * second(at + 1) + second(at + 2));
          }
        blocks.push(sum / 225);
      }
  const norm = Math.hypot(...LUMA);
  return ((Math.sqrt(Math.PI / 2) / 6) * percentile(blocks, 15)) / norm;
}

function percentile(values, percent) {
  const sorted = Float64Array.from(values).sort();
  const place = ((sorted.length - 1) * percent) / 100, below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

/** Luma of about `most` windows, evenly spread, `step` apart at the densest. */
function lumaWindows(pixels, window, step, most) {
  const photo = atLeast(pixels, window);
  const rows = Math.floor((photo.height - window) / step) + 1;
  const columns = Math.floor((photo.width - window) / step) + 1;
  const skip = Math.max(1, Math.trunc(Math.sqrt((rows * columns) / most)));
  const found = [];
  for (let y = 0; y < rows; y += skip)
    for (let x = 0; x < columns; x += skip) found.push(luma(photo, y * step, x * step, window, window));
  return found;
}

/** 0 for windows with clipped highlights, which lie about blur. */
function textureOf(crop, side) {
  let clipped = 0, down = 0, across = 0;
  for (let y = 0, i = 0; y < side; y++)
    for (let x = 0; x < side; x++, i++) {
      clipped += crop[i] >= 250;
      if (y) down += Math.abs(crop[i] - crop[i - side]);
      if (x) across += Math.abs(crop[i] - crop[i - 1]);
    }
  return clipped / crop.length < 0.05 ? (down + across) / (side * (side - 1)) : 0;
}
