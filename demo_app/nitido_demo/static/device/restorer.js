// Removes blur, noise, JPEG artifacts and blown highlights, each as much as asked (nitido/restorer.py).

import { Filter, RADIUS, decode, inverseFilter, kernel } from "./blur.js";
import { MARGIN, deblockValid } from "./deblock.js";
import { imageTensor, tensorPixels } from "./graphs.js";
import { findSteps } from "./jpeg.js";
import { blank, crop } from "./pixels.js";
import { plan } from "./tiler.js";
import { noiseSigma, spectrum } from "./windows.js";

/** The restored photo. `strengths` is by factor; `progress` gets the share of tiles that are done. */
export async function restore(bundle, pixels, strengths, progress = () => {}) {
  const { task, Tensor } = bundle, values = task.factors.map((factor) => strengths[factor] ?? 0);
  if (!values.some((value) => value > 0)) return pixels;
  const filter = strengths.deblur > 0 ? await deblurring(bundle, pixels) : null;
  const steps = strengths.deartifact > 0 ? findSteps(pixels) : null;
  const result = blank(pixels.width, pixels.height), tiles = plan(pixels.height, pixels.width, task);
  for (const [number, tile] of tiles.entries()) {
    const around = (margin) =>
      crop(pixels, tile.top - margin, tile.left - margin, tile.height + 2 * margin, tile.width + 2 * margin);
    const image = imageTensor(Tensor, around(0));
    const deblurred = filter ? imageTensor(Tensor, filter.valid(around(RADIUS))) : image;
    const deblocked = steps ? imageTensor(Tensor, deblockValid(around(MARGIN), steps)) : image;
    const { restored } = await bundle.run("main", { image, deblurred, deblocked, strength: values });
    keep(tensorPixels(restored), tile, result);
    progress((number + 1) / tiles.length);
  }
  return result;
}

/** The filter that undoes the photo's blur; null where the estimator is not sure of one. */
async function deblurring(bundle, pixels) {
  const { task } = bundle, power = spectrum(pixels, task.blur.window);
  const { probabilities } = await bundle.run("blur", { spectrum: power });
  const { blur, confidence } = decode(probabilities.data, task.blur);
  if (blur.family === "sharp" || confidence < task.blur_confidence) return null;
  return new Filter(inverseFilter(kernel(blur), noiseSigma(pixels)));
}

function keep(part, tile, result) {
  const [from, to] = tile.rows, [left, right] = tile.columns;
  for (let y = from; y < to; y++) {
    const at = 3 * ((y - tile.top) * part.width + left - tile.left);
    result.data.set(part.data.subarray(at, at + 3 * (right - left)), 3 * (y * result.width + left));
  }
}
