// Opens the graphs of a bundle with onnxruntime-web, and turns pixels into tensors and back.

import { blank } from "./pixels.js";

let runtime = null;

/** onnxruntime-web, loaded when first needed; on as many threads as the browser allows. */
export async function ort() {
  if (!runtime) {
    runtime = await import("/vendor/ort.wasm.min.mjs");
    runtime.env.wasm.wasmPaths = "/vendor/";
    runtime.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;
  }
  return runtime;
}

/** A bundle: its task, and a function `run(graph, inputs)` from and to plain arrays. */
export async function openBundle(folder) {
  const manifest = await (await fetched(folder + "manifest.json")).json();
  const sessions = {};
  for (const build of manifest.builds.filter(({ target }) => target === "onnx-fp32")) {
    const bytes = new Uint8Array(await (await fetched(folder + build.file)).arrayBuffer());
    await checkHash(bytes, build.sha256, build.file);
    const start = performance.now();
    const session = await (await ort()).InferenceSession.create(bytes, { executionProviders: ["wasm"] });
    sessions[build.graph] = { session, build, loadMs: performance.now() - start };
  }
  return { manifest, task: manifest.task, folder, sessions, run: (graph, inputs) => run(sessions[graph], inputs) };
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

async function run({ session, build }, inputs) {
  const { Tensor } = await ort(), feeds = {};
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
