// Fourier transforms of lengths made of 2, 3 and 5 (Stockham's order), in double precision.

const plans = new Map();

/** The next length whose only prime factors are 2, 3 and 5. */
export function fastLength(n) {
  for (;; n++) {
    let rest = n;
    for (const prime of [2, 3, 5]) while (rest % prime === 0) rest /= prime;
    if (rest === 1) return n;
  }
}

function plan(n) {
  if (!plans.has(n)) {
    const factors = [];
    let rest = n;
    for (const prime of [4, 2, 3, 5]) for (; rest % prime === 0; rest /= prime) factors.push(prime);
    if (rest !== 1) throw new Error(`expected a length of factors 2, 3 and 5, got ${n}`);
    const cos = new Float64Array(n), sin = new Float64Array(n);
    for (let k = 0; k < n; k++) {
      cos[k] = Math.cos((2 * Math.PI * k) / n);
      sin[k] = -Math.sin((2 * Math.PI * k) / n);
    }
    plans.set(n, { factors, cos, sin });
  }
  return plans.get(n);
}

/** Transform `count` interleaved sequences of length n in place; their elements lie `count` apart. */
function along(re, im, n, count, scratchRe, scratchIm) {
  const { factors, cos, sin } = plan(n);
  let [xr, xi, yr, yi] = [re, im, scratchRe, scratchIm];
  let length = n, stride = count;
  for (const p of factors) {
    const m = length / p, step = n / length, turn = n / p;
    if (p === 4) fours(xr, xi, yr, yi, m, stride, step, cos, sin);
    else for (let j = 0; j < m; j++)
      for (let r = 0; r < p; r++) {
        const turned = (r * j * step) % n, wr = cos[turned], wi = sin[turned];
        const to = stride * (p * j + r);
        for (let q = 0; q < stride; q++) {
          let sumRe = 0, sumIm = 0;
          for (let k = 0; k < p; k++) {
            const at = q + stride * (j + m * k), angle = ((r * k) % p) * turn;
            sumRe += xr[at] * cos[angle] - xi[at] * sin[angle];
            sumIm += xr[at] * sin[angle] + xi[at] * cos[angle];
          }
          yr[to + q] = sumRe * wr - sumIm * wi;
          yi[to + q] = sumRe * wi + sumIm * wr;
        }
      }
    [xr, xi, yr, yi] = [yr, yi, xr, xi];
    length = m;
    stride *= p;
  }
  if (xr !== re) {
    re.set(xr.subarray(0, n * count));
    im.set(xi.subarray(0, n * count));
  }
}

/** One pass of factor 4, of which most lengths consist: its inner sums need no multiplications. */
function fours(xr, xi, yr, yi, m, stride, step, cos, sin) {
  for (let j = 0; j < m; j++) {
    const c1 = cos[j * step], s1 = sin[j * step], c2 = cos[2 * j * step], s2 = sin[2 * j * step];
    const c3 = cos[3 * j * step], s3 = sin[3 * j * step];
    let a = stride * j, b = a + stride * m, c = b + stride * m, d = c + stride * m, to = 4 * stride * j;
    for (let q = 0; q < stride; q++, a++, b++, c++, d++, to++) {
      const pr = xr[a] + xr[c], pi = xi[a] + xi[c], mr = xr[a] - xr[c], mi = xi[a] - xi[c];
      const qr = xr[b] + xr[d], qi = xi[b] + xi[d], nr = xi[b] - xi[d], ni = xr[d] - xr[b];
      const r1 = mr + nr, i1 = mi + ni, r2 = pr - qr, i2 = pi - qi, r3 = mr - nr, i3 = mi - ni;
      yr[to] = pr + qr;
      yi[to] = pi + qi;
      yr[to + stride] = r1 * c1 - i1 * s1;
      yi[to + stride] = r1 * s1 + i1 * c1;
      yr[to + 2 * stride] = r2 * c2 - i2 * s2;
      yi[to + 2 * stride] = r2 * s2 + i2 * c2;
      yr[to + 3 * stride] = r3 * c3 - i3 * s3;
      yi[to + 3 * stride] = r3 * s3 + i3 * c3;
    }
  }
}

/** Two-dimensional transform in place: first down the columns, then along each row. */
export function fft2(re, im, rows, columns) {
  const scratchRe = new Float64Array(rows * columns), scratchIm = new Float64Array(rows * columns);
  along(re, im, rows, columns, scratchRe, scratchIm);
  transpose(re, rows, columns, scratchRe);
  transpose(im, rows, columns, scratchIm);
  along(scratchRe, scratchIm, columns, rows, re, im);
  transpose(scratchRe, columns, rows, re);
  transpose(scratchIm, columns, rows, im);
}

/** The inverse, in place: a transform with real and imaginary part swapped. */
export function ifft2(re, im, rows, columns) {
  fft2(im, re, rows, columns);
  const scale = 1 / (rows * columns);
  for (let i = 0; i < re.length; i++) {
    re[i] *= scale;
    im[i] *= scale;
  }
}

function transpose(from, rows, columns, to) {
  for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) to[x * rows + y] = from[y * columns + x];
}
