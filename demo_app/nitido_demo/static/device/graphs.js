// Opens the graphs of a bundle with onnxruntime-web, and turns pixels into tensors and back.

import { blank } from "./pixels.js";

const LOADERS = { wasm: "/vendor/ort.wasm.min.mjs", webgpu: "/vendor/ort.jspi.min.mjs" };
/** A GPU runs a whole graph or none of it: nothing goes to the processor unseen. */
const OPTIONS = {
  wasm: { executionProviders: ["wasm"] },
  webgpu: { executionProviders: ["webgpu"], extra: { session: { disable_cpu_ep_fallback: "1" } } },
};
const loaded = {};

/** onnxruntime-web for a device, loaded when first needed; WebAssembly on as many threads as the browser allows. */
async function loadedFor(device) {
  if (!loaded[device]) {
    const ort = await import(LOADERS[device]), most = device === "wasm" && self.crossOriginIsolated ? 4 : 1;
    ort.env.wasm.wasmPaths = "/vendor/";
    ort.env.wasm.numThreads = Math.min(most, navigator.hardwareConcurrency || 1);
    loaded[device] = ort;
  }
  return loaded[device];
}

/** A bundle on "webgpu" or "wasm": its task, and a function `run(graph, inputs)` from and to plain arrays. */
export async function openBundle(folder, device) {
  const manifest = await (await fetched(folder + "manifest.json")).json();
  const sessions = {}, ort = await loadedFor(device);
  for (const build of manifest.builds.filter(({ target }) => target === "onnx-fp32")) {
    const bytes = new Uint8Array(await (await fetched(folder + build.file)).arrayBuffer());
    await checkHash(bytes, build.sha256, build.file);
    const start = performance.now();
    const session = await ort.InferenceSession.create(bytes, OPTIONS[device]);
    sessions[build.graph] = { session, build, loadMs: performance.now() - start };
  }
  const { Tensor } = ort, { numThreads: threads } = ort.env.wasm;
  return {
    manifest, task: manifest.task, folder, device, threads, sessions, Tensor,
    run: (graph, inputs) => run(sessions[graph], inputs, Tensor),
    close: () => Promise.all(Object.values(sessions).map(({ session }) => session.release())),
  };
}

async function fetched(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`expected ${address} from the server, got status ${answer.status}; reload the page`);
  return answer;
}

/** Browsers offer hashes only where the page came from this machine or over TLS. */
async function checkHash(bytes, expected, file) {
  if (!self.crypto?.subtle) return;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== expected) throw new Error(`${file} differs from the hash in its manifest; reload the page`);
}

async function run({ session, build }, inputs, Tensor) {
  const feeds = {};
  for (const spec of build.inputs) feeds[spec.name] = inputs[spec.name] instanceof Tensor
    ? inputs[spec.name] : tensor(Tensor, inputs[spec.name]);
  const outputs = await session.run(feeds);
  return Object.fromEntries(build.outputs.map(({ name }) => [name, outputs[name]]));
}

function tensor(Tensor, value) {
  return value.data ? imageTensor(Tensor, value) : new Tensor("float32", Float32Array.from(value), [1, value.length]);
}

/** Pixels / 255, plane by plane. */
export function imageTensor(Tensor, { width, height, data }) {
  const size = width * height, planes = new Float32Array(3 * size);
  for (let i = 0, at = 0; i < size; i++)
    for (let c = 0; c < 3; c++) planes[c * size + i] = data[at++] / 255;
  return new Tensor("float32", planes, [1, 3, height, width]);
}

/** Times 255, rounded half up, clipped. */
export function tensorPixels({ dims, data }) {
  const [, , height, width] = dims, size = width * height, pixels = blank(width, height);
  for (let i = 0, to = 0; i < size; i++)
    for (let c = 0; c < 3; c++)
      pixels.data[to++] = Math.min(255, Math.max(0, Math.floor(255 * data[c * size + i] + 0.5)));
  return pixels;
}
