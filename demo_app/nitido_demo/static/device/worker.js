// The worker that runs bundles: one message in, some with progress and one with the result out.

import { benchmark } from "./bench.js";
import { open } from "./opening.js";
import { fromRgba, toRgba } from "./pixels.js";
import { restore } from "./restorer.js";
import { assess } from "./trigger.js";

const bundles = {}, asked = {};

const TASKS = {
  async open({ folders, device }, progress) {
    const found = {};
    for (const [name, folder] of Object.entries(folders)) {
      if (asked[name] !== device) {
        await bundles[name]?.close();
        delete asked[name];
        bundles[name] = await open(name, folder, device, progress);
        asked[name] = device;
      }
      const { manifest, golden, sessions, reason, threads, device: runs } = bundles[name];
      const loadMs = Object.values(sessions).reduce((sum, each) => sum + each.loadMs, 0);
      found[name] = { id: manifest.id, task: manifest.task, golden, loadMs, device: runs, threads, reason };
    }
    return { bundles: found };
  },

  assess: ({ model, image }, progress) => timed(model, progress, (bundle) => assess(bundle, fromRgba(image))),

  restore: ({ image, strengths }, progress) => timed("restore", progress, async (bundle) => (
    { image: toRgba(await restore(bundle, fromRgba(image), strengths, progress)) })),

  benchmark: (_, progress) => benchmark(bundles, progress),
};

/** The result of a bundle's work with its milliseconds; on the processor where a GPU fails, as when a phone took it away. */
async function timed(name, progress, work) {
  const run = async () => {
    const start = performance.now(), found = await work(bundles[name]), { device, reason } = bundles[name];
    return { ...found, ms: performance.now() - start, device, reason };
  };
  try {
    return await run();
  } catch (error) {
    const { device, folder } = bundles[name];
    if (device !== "webgpu") throw error;
    bundles[name] = { ...(await open(name, folder, "wasm", () => {})), reason: `the GPU failed: ${error.message || error}` };
    return run();
  }
}

let last = Promise.resolve(); // one after another: a session runs one graph at a time

self.addEventListener("message", ({ data: { number, task, ...values } }) => {
  last = last.then(async () => {
    try {
      const result = await TASKS[task](values, (progress) => self.postMessage({ number, progress }));
      self.postMessage({ number, result });
    } catch (error) {
      self.postMessage({ number, error: error.message || String(error) });
    }
  });
});
