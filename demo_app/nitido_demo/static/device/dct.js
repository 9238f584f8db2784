// The cosine transform of the 8 x 8 blocks of a plane, as JPEG uses it (nitido/block_dct.py).

export const BLOCK = 8;

const COSINES = new Float32Array(64);
for (let k = 0; k < 8; k++)
  for (let n = 0; n < 8; n++)
    COSINES[8 * k + n] = (Math.cos((Math.PI * (2 * n + 1) * k) / 16) / 2) * (k ? 1 : Math.SQRT1_2);
const TURNED = COSINES.map((_, i) => COSINES[8 * (i % 8) + (i >> 3)]);

/** Cosine coefficients of each block, in its place; sides are multiples of 8. */
export const forward = (plane, width) => separable(plane, width, COSINES);

/** The inverse of `forward`. */
export const backward = (plane, width) => separable(plane, width, TURNED);

function separable(plane, width, matrix) {
  const result = new Float32Array(plane.length), height = plane.length / width, half = new Float64Array(64);
  for (let top = 0; top < height; top += 8)
    for (let left = 0; left < width; left += 8) {
      const at = top * width + left;
      for (let y = 0; y < 8; y++) {
        const row = at + y * width;
        for (let k = 0; k < 8; k++) {
          const m = 8 * k;
          half[8 * y + k] =
            matrix[m] * plane[row] + matrix[m + 1] * plane[row + 1] +
            matrix[m + 2] * plane[row + 2] + matrix[m + 3] * plane[row + 3] +
            matrix[m + 4] * plane[row + 4] + matrix[m + 5] * plane[row + 5] +
            matrix[m + 6] * plane[row + 6] + matrix[m + 7] * plane[row + 7];
        }
      }
      for (let k = 0; k < 8; k++) {
        const m = 8 * k, row = at + k * width;
        for (let x = 0; x < 8; x++)
          result[row + x] =
            matrix[m] * half[x] + matrix[m + 1] * half[8 + x] +
            matrix[m + 2] * half[16 + x] + matrix[m + 3] * half[24 + x] +
            matrix[m + 4] * half[32 + x] + matrix[m + 5] * half[40 + x] +
            matrix[m + 6] * half[48 + x] + matrix[m + 7] * half[56 + x];
      }
    }
  return result;
}
