// Golden vectors: whether this browser computes what the bundle's examples say (nitido/bundle/golden.py).

import { tensorPixels } from "./graphs.js";

const MAX_LEVELS = 2, MAX_SHARE = 1e-3, MAX_VECTOR = 1e-2;

/** For each graph {graph, worst, unit, ok}. */
export async function check(bundle) {
  const arrays = await npz(await (await fetch(bundle.folder + "golden.npz")).arrayBuffer()), found = [];
  for (const [graph, { build }] of Object.entries(bundle.sessions)) {
    const inputs = Object.fromEntries(build.inputs.map(({ name }) => [name, value(arrays[`${graph}/in/${name}.npy`])]));
    const outputs = await bundle.run(graph, inputs);
    for (const { name } of build.outputs) found.push(compared(graph, outputs[name], arrays[`${graph}/out/${name}.npy`]));
  }
  return found;
}

const value = ({ shape, data }) =>
  shape.length === 3 ? { height: shape[0], width: shape[1], data } : data;

function compared(graph, output, expected) {
  const isImage = expected.shape.length === 3, got = isImage ? tensorPixels(output).data : output.data;
  let worst = 0, above = 0;
  for (let i = 0; i < expected.data.length; i++) {
    const error = Math.abs(got[i] - expected.data[i]);
    if (!(error <= worst)) worst = error;
    above += error > 1;
  }
  const ok = isImage ? worst <= MAX_LEVELS && above / expected.data.length <= MAX_SHARE : worst <= MAX_VECTOR;
  return { graph, worst, unit: isImage ? "grey levels" : "", ok: ok && Number.isFinite(worst) };
}

/** The arrays of a numpy archive, uint8 or float32, by name. */
export async function npz(buffer) {
  const view = new DataView(buffer), found = {};
  let end = buffer.byteLength - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    const size = view.getUint32(at + 20, true), lengths = [28, 30, 32].map((o) => view.getUint16(at + o, true));
    const name = new TextDecoder().decode(new Uint8Array(buffer, at + 46, lengths[0]));
    const local = view.getUint32(at + 42, true);
    const data = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const bytes = new Uint8Array(buffer, data, size);
    found[name] = npy(view.getUint16(at + 10, true) ? await inflated(bytes) : bytes.slice().buffer);
    at += 46 + lengths[0] + lengths[1] + lengths[2];
  }
  return found;
}

const inflated = (bytes) =>
  new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).arrayBuffer();

function npy(buffer) {
  const start = 10 + new DataView(buffer).getUint16(8, true);
  const header = new TextDecoder().decode(new Uint8Array(buffer, 10, start - 10));
  const shape = header.match(/'shape': \(([^)]*)\)/)[1].split(",").filter((n) => n.trim()).map(Number);
  const raw = buffer.slice(start);
  return { shape, data: header.includes("|u1") ? new Uint8Array(raw) : new Float32Array(raw) };
}
