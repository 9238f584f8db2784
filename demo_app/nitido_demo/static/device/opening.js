// Opens bundles where they run best: on the GPU where it computes what their golden vectors say, else on the processor.

import { check } from "./golden.js";
import { noGpu } from "./gpu.js";
import { openBundle } from "./graphs.js";

/** A checked bundle on "webgpu", "wasm" or "auto"; `reason` says why a GPU that was wanted is not used. */
export async function open(name, folder, device, progress) {
  let reason = device === "wasm" ? "" : await noGpu(device === "webgpu");
  if (device !== "wasm" && !reason) {
    try {
      return await checked(name, folder, "webgpu", progress);
    } catch (error) {
      reason = error.message || String(error);
    }
  }
  return { ...(await checked(name, folder, "wasm", progress)), reason };
}

/** A bundle whose golden vectors agree, or an Error. */
async function checked(name, folder, device, progress) {
  const where = device === "wasm" ? "" : " on the GPU";
  progress(`opening ${name}${where}`);
  const bundle = await openBundle(folder, device);
  progress(`checking ${name}${where}`);
  const golden = await check(bundle), wrong = golden.filter(({ ok }) => !ok);
  if (!wrong.length) return { ...bundle, golden, reason: "" };
  await bundle.close();
  const off = wrong.map(({ graph, worst }) => `${graph}: off by ${worst}`).join(", ");
  throw new Error(`${name} computes something else${where || " in this browser"} than its golden vectors say (${off}), so it is not used there`);
}
