// Pixels as the runtime has them: {width, height, data: Uint8Array of RGB, row by row}.

export const LUMA = [0.299, 0.587, 0.114].map(Math.fround);

export function blank(width, height) {
  return { width, height, data: new Uint8Array(3 * width * height) };
}

/** From the RGBA of a canvas. */
export function fromRgba({ width, height, data }) {
  const pixels = blank(width, height);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    pixels.data[to++] = data[from];
    pixels.data[to++] = data[from + 1];
    pixels.data[to++] = data[from + 2];
  }
  return pixels;
}

/** Opaque RGBA for a canvas. */
export function toRgba({ width, height, data }) {
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let from = 0, to = 0; from < data.length; to++) {
    rgba[to++] = data[from++];
    rgba[to++] = data[from++];
    rgba[to++] = data[from++];
    rgba[to] = 255;
  }
  return new ImageData(rgba, width, height);
}

/** A window of a photo, which is mirrored beyond its edges in every direction, however far. */
export function crop(pixels, top, left, height, width) {
  const result = blank(width, height);
  const columns = mirrored(left, width, pixels.width);
  mirrored(top, height, pixels.height).forEach((row, y) => {
    const from = 3 * row * pixels.width;
    let to = 3 * y * width;
    for (let x = 0; x < width; x++) {
      const at = from + 3 * columns[x];
      result.data[to++] = pixels.data[at];
      result.data[to++] = pixels.data[at + 1];
      result.data[to++] = pixels.data[at + 2];
    }
  });
  return result;
}

function mirrored(start, count, size) {
  return Int32Array.from({ length: count }, (_, i) => {
    const place = (((start + i) % (2 * size)) + 2 * size) % (2 * size);
    return Math.min(place, 2 * size - 1 - place);
  });
}

/** The photo continued by its mirror image, down and to the right, until both sides are this long. */
export function atLeast(pixels, side) {
  const height = Math.max(pixels.height, side), width = Math.max(pixels.width, side);
  return height === pixels.height && width === pixels.width ? pixels : crop(pixels, 0, 0, height, width);
}

/** Luma of every pixel as Float32Array, from a window of the photo. */
export function luma(pixels, top = 0, left = 0, height = pixels.height, width = pixels.width) {
  const [r, g, b] = LUMA, result = new Float32Array(height * width);
  for (let y = 0, to = 0; y < height; y++) {
    let at = 3 * ((top + y) * pixels.width + left);
    for (let x = 0; x < width; x++, at += 3)
      result[to++] = r * pixels.data[at] + g * pixels.data[at + 1] + b * pixels.data[at + 2];
  }
  return result;
}

/** Rounds halves to even, as Python and numpy do. */
export function roundEven(value) {
  const floor = Math.floor(value), rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Indices that sort descending; equal values stay in order. */
export function descending(values) {
  return Array.from(values, (_, i) => i).sort((a, b) => values[b] - values[a] || a - b);
}
