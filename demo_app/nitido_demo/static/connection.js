// How much a connection carries, and the size of frames to send over it, with hysteresis (V8).

export const SIZES = [180, 360, 720]; // shorter sides
const FRAMES = 15; // a second: fewer look like a slide show
const USABLE = 0.8; // share of what was measured that is counted on
const ROOM = 1.5; // headroom that a larger size needs
const PATIENCE = 3000; // milliseconds for which that must be there

/** {sent(bytes, size, milliseconds), answered(milliseconds), size}: told how long frames and empty messages took,
    knows the size of the next frame. */
export function connection(now = () => performance.now()) {
  const cost = new Map(), delays = []; // bytes of a frame, by size; of the last empty messages, in milliseconds
  let rate = null, size = SIZES[0], since = null;

  const bytesOf = (each) => {
    if (cost.has(each)) return cost.get(each);
    const [known, bytes] = [...cost].at(-1);
    return bytes * (each / known) ** 1.6; // larger pictures have smoother pixels
  };
  const fits = (each, share) => 8 * FRAMES * bytesOf(each) <= share * rate;

  return {
    get size() { return size; },
    answered(milliseconds) {
      delays.push(milliseconds);
      if (delays.length > 10) delays.shift();
    },
    sent(bytes, of, milliseconds) {
      const travelled = Math.max(1, milliseconds - (delays.length ? Math.min(...delays) : 0)); // a far server is not a slow one
      const measured = (8 * bytes) / (travelled / 1000);
      rate = rate === null ? measured : rate + (measured < rate ? 0.4 : 0.15) * (measured - rate); // worse is believed at once
      cost.delete(of);
      cost.set(of, bytes);
      if (!fits(size, USABLE)) {
        size = SIZES.filter((each) => fits(each, USABLE)).at(-1) ?? SIZES[0];
        since = null;
        return;
      }
      const larger = SIZES[SIZES.indexOf(size) + 1];
      if (!larger || !fits(larger, USABLE / ROOM)) return void (since = null);
      since ??= now();
      if (now() - since >= PATIENCE) [size, since] = [larger, null];
    },
  };
}

/** Lets bytes through at so many bits a second, as a weak connection would; Infinity at once. */
export function throttle() {
  let free = 0;
  return {
    bits: Infinity,
    async pass(bytes) {
      if (!Number.isFinite(this.bits)) return;
      const now = performance.now();
      free = Math.max(now, free) + (8000 * bytes) / this.bits;
      await new Promise((resolve) => setTimeout(resolve, free - now));
    },
  };
}
