// Cues: what classical measurements say of a photo, in the order a trigger takes them (nitido/cues).

import { Filter, LONGEST, RADIUS, decode, inverseFilter, kernel, shares } from "./blur.js";
import { findSteps, rounding } from "./jpeg.js";
import { crop, luma, mean } from "./pixels.js";
import { arranged, cells } from "./view.js";
import { noiseSigma, spectrum } from "./windows.js";

const RINGS = [0, 3, 6, 10, 14, 18, 23, 28, 46];
const LEVELS = [253, 240, 200, 128];
const LARGEST = 1.5;

/** What a trigger gets of a photo: the mosaic of its view, and the cues. */
export async function look(pixels, task, blurNetwork) {
  const seen = cells(pixels, task.view), window = task.blur?.window ?? 64;
  const power = spectrum(pixels, window), sigma = noiseSigma(pixels);
  const found = [
    ...artifacts(pixels),
    Math.log2(1 + sigma) / 6,
    ...texture(seen, power, window),
    ...light(pixels),
    ...(task.blur ? await softness(seen[0], power, sigma, task.blur, blurNetwork) : []),
  ];
  return { image: arranged(seen, task.view), cues: Float32Array.from(found, clipped) };
}

const clipped = (value) => Math.min(LARGEST, Math.max(0, value));

function artifacts(pixels) {
  const steps = findSteps(pixels);
  if (!steps) return [0, 0, 0, 0];
  const cost = rounding(pixels, steps);
  return [
    Math.log2(1 + mean(steps)) / 8,
    Math.log2(1 + cost.error) / 8,
    Math.log2(1 + cost.coarse) / 8,
    cost.vanished,
  ];
}

function texture(crops, power, window) {
  const energies = crops.map((each) => energiesOf(each).map((value) => Math.log2(1 + value)));
  const [own, half, gradient, colour, colourGradient] = [0, 1, 2, 3, 4].map((i) => mean(energies.map((e) => e[i])));
  const rings = ringsOf(power, window).map((level) => 0.5 + level / 12);
  return [own / 14, 0.5 + (own - half) / 8, gradient / 14, colour / 14, colourGradient / 14, ...rings];
}

function energiesOf({ width, height, data }) {
  const grey = luma({ width, height, data });
  const colour = Float32Array.from(data, (value, i) => value - grey[Math.floor(i / 3)]);
  return [...laplacians(grey, width, height), step(grey, width, 1), variance(colour), step(colour, width, 3)];
}

/** Mean squared difference of neighbours in a row. */
function step(values, width, channels) {
  let sum = 0, count = 0;
  for (let i = 0; i < values.length; i++)
    if (i % (width * channels) >= channels) {
      sum += (values[i] - values[i - channels]) ** 2;
      count++;
    }
  return sum / count;
}

function laplacians(grey, width, height) {
  const wide = width >> 1, high = height >> 1, half = new Float32Array(wide * high);
  for (let y = 0; y < high; y++)
    for (let x = 0; x < wide; x++) {
      const at = 2 * y * width + 2 * x;
      half[y * wide + x] = (grey[at] + grey[at + width] + grey[at + 1] + grey[at + width + 1]) / 4;
    }
  return [laplacian(grey, width, height), laplacian(half, wide, high)];
}

function laplacian(grey, width, height) {
  if (Math.min(width, height) < 3) return 0;
  const response = [];
  for (let y = 1; y < height - 1; y++)
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      response.push(grey[at - width] + grey[at + width] + grey[at - 1] + grey[at + 1] - 4 * grey[at]);
    }
  return variance(response);
}

function variance(values) {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / values.length;
}

function ringsOf(power, window) {
  const half = (window >> 1) + 1, sums = RINGS.slice(1).map(() => [0, 0]);
  for (let y = 0; y < window; y++)
    for (let x = 0; x < half; x++) {
      const down = Math.abs(y < window / 2 ? y : y - window) * (64 / window);
      const radius = Math.hypot(down, (x * 64) / window);
      const ring = RINGS.findIndex((outer) => radius < outer) - 1;
      sums[ring][0] += power[y * half + x];
      sums[ring][1]++;
    }
  return sums.map(([sum, count]) => sum / count);
}

function light({ width, height, data }) {
  const rows = Math.max(1, Math.floor(height / 256)), columns = Math.max(1, Math.floor(width / 256));
  const brightest = [];
  for (let y = 0; y < height; y += rows)
    for (let x = 0; x < width; x += columns) {
      const at = 3 * (y * width + x);
      brightest.push(Math.max(data[at], data[at + 1], data[at + 2]));
    }
  const share = (level) => brightest.filter((value) => value >= level).length / brightest.length;
  return [...LEVELS.map((level) => Math.sqrt(share(level))), Math.sqrt(variance(brightest)) / 128];
}

async function softness(cell, power, sigma, space, network) {
  const probabilities = await network(power), { blur } = decode(probabilities, space);
  const mass = shares(probabilities, space);
  let changed = 0;
  if (blur.family !== "sharp") {
    const padded = crop(cell, -RADIUS, -RADIUS, cell.height + 2 * RADIUS, cell.width + 2 * RADIUS);
    const sharper = new Filter(inverseFilter(kernel(blur), sigma)).valid(padded);
    for (let i = 0; i < cell.data.length; i++) changed += (sharper.data[i] - cell.data[i]) ** 2;
    changed /= cell.data.length;
  }
  return [mass.motion, mass.disc, mass.gaussian, blur.extent / LONGEST, Math.log2(1 + changed) / 12];
}
