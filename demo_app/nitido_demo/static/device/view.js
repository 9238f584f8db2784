// How a trigger looks at a photo: a square mosaic of native-size crops (nitido/view.py).

import { atLeast, blank, crop, descending, roundEven } from "./pixels.js";

const MAX_CANDIDATES = 8;
const GRID = 8;

/** `view.count` crops, from the most textured of a grid of candidates to a flatter one. */
export function cells(pixels, view) {
  if (view.whole || !view.count)
    throw new Error("expected a trigger that looks at crops of native size, got one that shrinks photos");
  const side = view.crop, photo = atLeast(pixels, side);
  const corners = origins(photo.height, side).flatMap((y) => origins(photo.width, side).map((x) => [y, x]));
  let ranked = descending(corners.map(([y, x]) => texture(photo, y, x, side))).map((i) => corners[i]);
  if (ranked.length !== view.count) {
    const last = 0.8 * (ranked.length - 1), most = Math.max(1, view.count - 1);
    ranked = Array.from({ length: view.count }, (_, i) => ranked[roundEven((i * last) / most)]);
  }
  return ranked.map(([y, x]) => crop(photo, y, x, side, side));
}

/** The cells as one image, row by row. */
export function arranged(found, view) {
  const side = view.size / view.crop, result = blank(view.size, view.size);
  found.forEach((cell, index) => {
    const top = Math.floor(index / side) * view.crop, left = (index % side) * view.crop;
    for (let y = 0; y < view.crop; y++)
      result.data.set(
        cell.data.subarray(3 * y * view.crop, 3 * (y + 1) * view.crop),
        3 * ((top + y) * view.size + left),
      );
  });
  return result;
}

function origins(length, side) {
  const count = Math.min(MAX_CANDIDATES, Math.ceil(length / side));
  if (count === 1) return [0];
  const step = (length - side) / (count - 1);
  return Array.from({ length: count }, (_, i) => {
    const place = i === count - 1 ? length - side : i * step;
    return Math.floor(Math.trunc(place) / GRID) * GRID;
  });
}

/** Mean horizontal step of green on every eighth row. */
function texture(pixels, top, left, side) {
  let sum = 0, count = 0;
  for (let y = 0; y < side; y += 8)
    for (let x = 1; x < side; x++, count++) {
      const at = 3 * ((top + y) * pixels.width + left + x) + 1;
      sum += Math.abs(pixels.data[at] - pixels.data[at - 3]);
    }
  return count ? sum / count : 0;
}
