// What a photo's blocks could have been before they were rounded (nitido/deblock.py).

import { BLOCK, backward, forward } from "./dct.js";
import { blank, luma } from "./pixels.js";

export const MARGIN = 2 * BLOCK;
const DEAD = 0.4999, KEEP = 0.25;
const SHIFTS = Array.from({ length: 16 }, (_, n) => [n >> 1, (3 * (n >> 1) + 4 * (n & 1)) % BLOCK]);

/** Deblock what lies 16 pixels inside `padded`, which starts at a block and has whole blocks. */
export function deblockValid(padded, steps) {
  const full = luma(padded), across = padded.width;
  const height = padded.height - 2 * BLOCK, width = across - 2 * BLOCK;
  const cut = (top, left, rows, columns) => {
    const part = new Float32Array(rows * columns);
    for (let y = 0; y < rows; y++) {
      const from = (top + y) * across + left;
      part.set(full.subarray(from, from + columns), y * columns);
    }
    return part;
  };
  const inner = cut(BLOCK, BLOCK, height, width);
  const total = new Float32Array(inner.length), weights = new Float32Array(inner.length);
  for (const [top, left] of SHIFTS) {
    const wide = width + BLOCK, blocks = forward(cut(top, left, height + BLOCK, wide), wide);
    const weight = thresholded(blocks, wide, steps), back = backward(blocks, wide);
    for (let y = 0, to = 0; y < height; y++) {
      const row = BLOCK - top + y, weightRow = (row >> 3) * (wide >> 3);
      for (let x = 0; x < width; x++, to++) {
        const column = BLOCK - left + x, w = weight[weightRow + (column >> 3)];
        total[to] += w * back[row * wide + column];
        weights[to] += w;
      }
    }
  }
  const was = forward(inner, width), now = forward(total.map((sum, i) => sum / weights[i]), width);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const room = KEEP * steps[8 * (y & 7) + (x & 7)];
      now[i] = Math.min(room, Math.max(-room, now[i] - was[i]));
    }
  return added(padded, backward(now, width), width);
}

/** Zero small coefficients in place; the weight of each block is higher the fewer it needs. */
function thresholded(blocks, width, steps) {
  const columns = width >> 3, count = new Float32Array(blocks.length / 64);
  for (let i = 0; i < blocks.length; i++) {
    const y = Math.floor(i / width), x = i % width;
    if (Math.abs(blocks[i]) >= DEAD * steps[8 * (y & 7) + (x & 7)]) count[(y >> 3) * columns + (x >> 3)]++;
    else blocks[i] = 0;
  }
  return count.map((n) => (1 + n) ** -2);
}

function added(padded, change, width) {
  const result = blank(padded.width - 2 * MARGIN, padded.height - 2 * MARGIN);
  for (let y = 0, to = 0; y < result.height; y++)
    for (let x = 0; x < result.width; x++) {
      const plus = change[(y + BLOCK) * width + x + BLOCK] + 0.5;
      const at = 3 * ((y + MARGIN) * padded.width + x + MARGIN);
      for (let c = 0; c < 3; c++, to++) result.data[to] = Math.min(255, Math.max(0, padded.data[at + c] + plus));
    }
  return result;
}
