// The models in this browser: a worker does the work, so that the page stays responsive.

import { get } from "../api.js";

let device = null;

/** The one worker, or null where the server has no onnxruntime-web. Raises an Error where neither answers. */
export async function openDevice() {
  const about = await get("/api/about");
  if (!about.browser_runtime) return null;
  return (device ??= new Device(about));
}

class Device {
  constructor(about) {
    this.about = about;
    this.worker = new Worker("/device/worker.js", { type: "module" });
    this.waiting = new Map();
    this.number = 0;
    this.worker.addEventListener("message", ({ data }) => this.#heard(data));
    this.worker.addEventListener("error", (event) => {
      for (const { reject } of this.waiting.values()) reject(new Error(event.message || "the worker stopped"));
      this.waiting.clear();
    });
  }

  /** Open bundles on "webgpu", "wasm" or, by itself, on the better one: what each took, where it runs, and why not on a GPU. */
  open(names, progress, device = "auto") {
    const folders = Object.fromEntries(names.map((name) => [name, this.about.models[name].folder]));
    return this.#do("open", { folders, device }, progress);
  }

  /** Improvability of ImageData, the milliseconds that it took, and where. */
  assess(model, image) {
    return this.#do("assess", { model, image });
  }

  /** ImageData without what the strengths say, the milliseconds that it took, and where. */
  restore(image, strengths, progress) {
    return this.#do("restore", { image, strengths }, progress);
  }

  /** Rows of the suite `latency`. */
  benchmark(progress) {
    return this.#do("benchmark", {}, progress);
  }

  #do(task, values, progress) {
    const number = ++this.number;
    return new Promise((resolve, reject) => {
      this.waiting.set(number, { resolve, reject, progress });
      this.worker.postMessage({ number, task, ...values });
    });
  }

  #heard({ number, progress, result, error }) {
    const call = this.waiting.get(number);
    if (!call) return;
    if (progress !== undefined) return call.progress?.(progress);
    this.waiting.delete(number);
    if (error) call.reject(new Error(error));
    else call.resolve(result);
  }
}
