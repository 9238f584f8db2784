// Cuts a photo into tiles that overlap by the network's reach, and joins the results (nitido/tiler.py).

/** Tiles {top, left, height, width, rows, columns}; rows and columns are what is kept of each. */
export function plan(height, width, { tile, halo, multiple }) {
  const [down, across] = [height, width].map((size) => spans(size, tile, halo, multiple));
  return down.flatMap((y) =>
    across.map((x) => ({ top: y.start, left: x.start, height: y.side, width: x.side, rows: y.kept, columns: x.kept })),
  );
}

function spans(size, largest, halo, multiple) {
  const up = (value) => Math.ceil(value / multiple) * multiple;
  const stride = (side) => Math.floor((side - 2 * halo) / multiple) * multiple;
  const padded = up(size);
  if (padded <= largest) return [{ start: 0, side: padded, kept: [0, size] }];
  const count = 1 + Math.ceil((padded - largest) / stride(largest));
  let side = up(Math.ceil((padded + (count - 1) * 2 * halo) / count));
  while (side + (count - 1) * stride(side) < padded) side += multiple;
  const starts = Array.from({ length: count }, (_, i) => Math.min(i * stride(side), padded - side));
  const seams = [0, ...starts.slice(0, -1).map((start) => start + side - halo), size];
  return starts.map((start, i) => ({ start, side, kept: [seams[i], seams[i + 1]] }));
}
