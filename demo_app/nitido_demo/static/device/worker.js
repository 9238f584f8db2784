// The worker that runs bundles: one message in, some with progress and one with the result out.

import { benchmark } from "./bench.js";
import { check } from "./golden.js";
import { openBundle, ort } from "./graphs.js";
import { fromRgba, toRgba } from "./pixels.js";
import { restore } from "./restorer.js";
import { assess } from "./trigger.js";

const bundles = {};

const TASKS = {
  async open({ folders }, progress) {
    const found = {};
    for (const [name, folder] of Object.entries(folders)) {
      progress(`opening ${name}`);
      if (!bundles[name]) {
        const bundle = await openBundle(folder);
        progress(`checking ${name}`);
        bundle.golden = await check(bundle);
        const wrong = bundle.golden.filter(({ ok }) => !ok);
        if (wrong.length)
          throw new Error(`${name} computes something else in this browser than its golden vectors say (${wrong
            .map(({ graph, worst }) => `${graph}: off by ${worst}`).join(", ")}), so it is not used`);
        bundles[name] = bundle;
      }
      const { manifest, golden, sessions } = bundles[name];
      const loadMs = Object.values(sessions).reduce((sum, each) => sum + each.loadMs, 0);
      found[name] = { id: manifest.id, task: manifest.task, golden, loadMs };
    }
    return { bundles: found, threads: (await ort()).env.wasm.numThreads };
  },

  async assess({ model, image }) {
    const start = performance.now(), found = await assess(bundles[model], fromRgba(image));
    return { ...found, ms: performance.now() - start };
  },

  async restore({ image, strengths }, progress) {
    const start = performance.now(), restored = await restore(bundles.restore, fromRgba(image), strengths, progress);
    return { image: toRgba(restored), ms: performance.now() - start };
  },

  benchmark: (_, progress) => benchmark(bundles, progress),
};

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
