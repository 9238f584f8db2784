// Blur: the grid of kernels, which one a photo has, and the filter that undoes it (nitido/blur.py).

import { fastLength, fft2, ifft2 } from "./fft.js";
import { blank } from "./pixels.js";

const SIDE = 33;
const SUPERSAMPLING = 8;
const SIGNAL = 20;
export const RADIUS = 32;
export const LONGEST = SIDE >> 1;
const FAMILIES = ["sharp", "motion", "disc", "gaussian"];

/** The blurs that the network's outputs stand for, in order. */
export function grid(space) {
  const angles = Array.from({ length: space.motion_angles }, (_, i) => (Math.PI * i) / space.motion_angles);
  const blur = (family, extent = 0, angle = 0) => ({ family, extent, angle });
  return [
    blur("sharp"),
    ...space.motion_lengths.flatMap((length) => angles.map((angle) => blur("motion", length, angle))),
    ...space.disc_radii.map((radius) => blur("disc", radius)),
    ...space.gaussian_sigmas.map((sigma) => blur("gaussian", sigma)),
  ];
}

/** The probability of each family. */
export function shares(probabilities, space) {
  const found = Object.fromEntries(FAMILIES.map((family) => [family, 0]));
  grid(space).forEach(({ family }, i) => (found[family] += probabilities[i]));
  return found;
}

/** The most likely blur, between grid points, and its family's probability. */
export function decode(probabilities, space) {
  const points = grid(space).map((blur, i) => ({ ...blur, p: probabilities[i] }));
  const mass = shares(probabilities, space);
  const family = FAMILIES.reduce((best, each) => (mass[each] > mass[best] ? each : best));
  if (family === "sharp") return { blur: points[0], confidence: mass.sharp };
  const own = points.filter((point) => point.family === family);
  const peak = own.reduce((best, point) => (point.p > best.p ? point : best));
  const extents = own.filter((point) => point.angle === 0).map((point) => point.extent);
  const reach = 1.01 * (extents.length > 1 ? extents[1] - extents[0] : 0);
  const turn = (1.01 * Math.PI) / space.motion_angles;
  const near = own.filter(
    (point) => Math.abs(point.extent - peak.extent) <= reach && between(point.angle, peak.angle) <= turn,
  );
  const total = near.reduce((sum, { p }) => sum + p, 0);
  const extent = near.reduce((sum, { p, extent: e }) => sum + p * e, 0) / total;
  const re = near.reduce((sum, { p, angle }) => sum + p * Math.cos(2 * angle), 0);
  const im = near.reduce((sum, { p, angle }) => sum + p * Math.sin(2 * angle), 0);
  const half = Math.atan2(im, re) / 2, angle = ((half % Math.PI) + Math.PI) % Math.PI;
  return { blur: { family, extent, angle }, confidence: mass[family] };
}

function between(a, b) {
  const difference = Math.abs(a - b) % Math.PI;
  return Math.min(difference, Math.PI - difference);
}

/** A kernel of 33 x 33, each pixel the average of 8 x 8 points; sums to one. */
export function kernel({ family, extent, angle }) {
  const n = SUPERSAMPLING, coarse = new Float32Array(SIDE * SIDE);
  const place = (i) => Math.fround((i + 0.5) / n - SIDE / 2);
  const cos = Math.cos(angle), sin = Math.sin(angle);
  const inside = {
    motion: (x, y) => Math.abs(x * cos + y * sin) <= extent / 2 && Math.abs(y * cos - x * sin) <= 0.5,
    disc: (x, y) => x * x + y * y <= extent * extent,
    gaussian: (x, y) => Math.exp(-(x * x + y * y) / (2 * extent * extent)),
  }[family];
  for (let i = 0; i < SIDE * n; i++)
    for (let j = 0; j < SIDE * n; j++)
      coarse[Math.floor(i / n) * SIDE + Math.floor(j / n)] += Number(inside(place(j), place(i))) / n ** 2;
  const sum = coarse.reduce((total, value) => total + value, 0);
  return coarse.map((value) => value / sum);
}

/** The Wiener filter of a kernel for noise of `sigma` grey levels, 65 x 65, sums to one. */
export function inverseFilter(kernel33, sigma) {
  const size = 4 * RADIUS, re = new Float64Array(size * size), im = new Float64Array(size * size);
  const centre = SIDE >> 1, wrap = (i) => (i - centre + size) % size;
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) re[wrap(y) * size + wrap(x)] = kernel33[y * SIDE + x];
  fft2(re, im, size, size);
  const noise = Math.max(sigma, 0.5) ** 2, frequency = (i) => ((i < size / 2 ? i : i - size) / size) ** 2;
  for (let y = 0, i = 0; y < size; y++)
    for (let x = 0; x < size; x++, i++) {
      const floor = (noise * (frequency(y) + frequency(x))) / SIGNAL + 1e-3;
      const gain = 1 / (re[i] ** 2 + im[i] ** 2 + floor);
      re[i] *= gain;
      im[i] *= -gain;
    }
  ifft2(re, im, size, size);
  const side = 2 * RADIUS + 1, cut = new Float64Array(side * side);
  const taper = (i) => (0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 1)) / (side + 1))) ** 0.25;
  const around = (i) => (i - RADIUS + size) % size;
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      cut[y * side + x] = re[around(y) * size + around(x)] * taper(y) * taper(x);
  const sum = cut.reduce((total, value) => total + value, 0);
  return Float32Array.from(cut, (value) => value / sum);
}

/** Filters parts of photos with one filter; keeps its transform between parts of one size. */
export class Filter {
  constructor(taps) {
    this.taps = taps;
    this.transforms = new Map();
  }

  /** The part of `padded` whose whole neighbourhood lies inside it: 64 rows and columns fewer. */
  valid(padded) {
    const rows = fastLength(padded.height), columns = fastLength(padded.width);
    const { re: tr, im: ti } = this.#transform(rows, columns);
    const result = blank(padded.width - 2 * RADIUS, padded.height - 2 * RADIUS);
    // A real filter keeps real and imaginary part apart, so that two channels share a transform.
    for (const channels of [[0, 1], [2]]) {
      const parts = [new Float64Array(rows * columns), new Float64Array(rows * columns)], [re, im] = parts;
      channels.forEach((channel, part) => {
        for (let y = 0; y < padded.height; y++)
          for (let x = 0; x < padded.width; x++)
            parts[part][y * columns + x] = padded.data[3 * (y * padded.width + x) + channel];
      });
      fft2(re, im, rows, columns);
      for (let i = 0; i < re.length; i++) {
        const real = re[i] * tr[i] - im[i] * ti[i];
        im[i] = re[i] * ti[i] + im[i] * tr[i];
        re[i] = real;
      }
      ifft2(re, im, rows, columns);
      channels.forEach((channel, part) => {
        for (let y = 0; y < result.height; y++)
          for (let x = 0; x < result.width; x++) {
            const value = parts[part][(y + 2 * RADIUS) * columns + x + 2 * RADIUS] + 0.5;
            result.data[3 * (y * result.width + x) + channel] = Math.min(255, Math.max(0, value));
          }
      });
    }
    return result;
  }

  #transform(rows, columns) {
    const key = `${rows} ${columns}`, side = 2 * RADIUS + 1;
    if (!this.transforms.has(key)) {
      const re = new Float64Array(rows * columns), im = new Float64Array(rows * columns);
      for (let y = 0; y < side; y++)
        for (let x = 0; x < side; x++) re[y * columns + x] = this.taps[y * side + x];
      fft2(re, im, rows, columns);
      this.transforms.set(key, { re, im });
    }
    return this.transforms.get(key);
  }
}
