// This device: trigger and restorer in the browser itself; the photo goes nowhere.

import { benchmarking } from "../benchmarking.js";
import { compare } from "../compare.js";
import { openDevice } from "../device/client.js";
import { choice, download, gains, h, icon, say, slider } from "../dom.js";

const MODELS = ["trigger", "restore", "trigger-lite"];
const MOST = 12e6; // pixels that a phone's browser holds several times

export async function show(root, { signal }) {
  const status = h("p", { class: "quiet", role: "status" }, "Loading the models."), facts = h("ul", { class: "facts" });
  const file = h("input", { type: "file", accept: "image/*", id: "file", class: "skip", onchange: () => file.files[0] && open(file.files[0]) });
  const drop = h("div", { class: "drop" }, icon("image"), h("h2", {}, "Choose a photo"),
    h("p", { class: "quiet" }, "It is looked at and enhanced here, by this browser. Nothing is uploaded."),
    h("label", { class: "button primary", for: "file" }, "Open a photo"), file);
  const result = h("div", { hidden: true }), bench = h("section", { class: "card" });
  const where = choice("The networks run on", [["The GPU", "webgpu"], ["The processor", "wasm"]], null, (wanted) => start(wanted));
  root.append(h("div", { class: "head" }, h("div", {}, h("h1", {}, "On this device"), status)),
    h("div", { class: "split" }, h("div", {}, drop, result), h("aside", {}, h("section", { class: "card" }, h("h2", {}, "What runs here"), facts, where.element), bench)));

  const fact = (text, good = true) => facts.append(h("li", { class: good ? "" : "bad" }, icon(good ? "check" : "close"), h("span", {}, text)));
  const device = await openDevice();
  if (!device) {
    drop.hidden = where.element.hidden = true;
    status.textContent = "This installation lacks onnxruntime-web. On the server: make web (or scripts/vendor_web.sh), then reload.";
    return fact("onnxruntime-web is not there", false);
  }
  let opened;
  if (await start("auto")) benchmarking(bench, device, signal);

  /** Open the models there; the choice shows where they run then. */
  async function start(wanted) {
    try {
      opened = await device.open(MODELS, (text) => (status.textContent = `${text} …`), wanted);
    } catch (error) {
      status.textContent = error.message;
      facts.replaceChildren();
      return fact("the models cannot be used here", false);
    }
    if (signal.aborted) return false;
    const all = Object.entries(opened.bundles), reason = all.map(([, bundle]) => bundle.reason).find(Boolean);
    facts.replaceChildren();
    fact(`onnxruntime-web ${device.about.browser_runtime.version}: ${[...new Set(all.map(([, bundle]) => runtime(bundle)))].join("; ")}`);
    for (const [name, { golden, loadMs, device: runs }] of all)
      fact(`${name}: golden vectors agree on ${PLACES[runs]} (${golden.map(agreement).join(", ")}), loaded in ${Math.round(loadMs)} ms`);
    if (reason) fact(`not on the GPU: ${reason}`, false);
    where.set(all.every(([, { device: runs }]) => runs === "webgpu") ? "webgpu" : "wasm");
    fact("serviceWorker" in navigator && (await navigator.serviceWorker.getRegistration())
      ? "works offline from now on" : "offline only over HTTPS or on localhost", "serviceWorker" in navigator);
    status.textContent = "Trigger and restorer run in this browser. Your photo stays here.";
    return true;
  }

  for (const kind of ["dragover", "dragleave", "drop"])
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
    });

  async function open(blob) {
    try {
      const image = await decoded(blob);
      drop.hidden = true;
      await enhancing(result, device, opened, image, () => {
        result.hidden = true;
        drop.hidden = false;
        file.value = "";
      });
    } catch (error) {
      say(error.message);
    }
  }
}

const PLACES = { webgpu: "the GPU", wasm: "the processor" };

const runtime = ({ device, threads }) =>
  device === "webgpu" ? "WebGPU" : `WebAssembly, ${threads} ${threads === 1 ? "thread" : "threads"}`;

/** Where that ran; and that a GPU did not finish it, which nobody would see otherwise. */
const ran = ({ ms, device, reason }) => `in ${ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`} on ${PLACES[device]}`
  + (reason.startsWith("the GPU failed") ? `, for ${reason}` : "");

function agreement({ graph, worst, unit }) {
  return unit ? `${graph} within ${worst} of 255` : `${graph} within ${worst ? worst.toExponential(0) : 0}`;
}

/** One photo: what it would gain, sliders, before and after. */
async function enhancing(root, device, opened, image, another) {
  const view = compare(), words = h("p", { class: "quiet", role: "status" }, "Looking at the photo."), details = h("div", {});
  const save = h("button", { class: "primary", disabled: true }, icon("download"), "Save"), chosen = {};
  let latest = 0;
  root.hidden = false;
  root.replaceChildren(view.element, h("section", { class: "card" }, words, details,
    h("div", { class: "row" }, save, h("button", { onclick: another }, "Another photo"))));
  view.before(await address(image));
  const found = await device.assess("trigger", image), { factors } = opened.bundles.restore.task;
  const all = found.recommended && !Object.values(found.strengths).some(Boolean);
  for (const factor of factors) chosen[factor] = all ? 1 : found.strengths[factor];
  const sliders = factors.map((factor) => slider(factor, chosen[factor], (value) => ((chosen[factor] = value), work())));
  details.append(gains(found.factors), ...sliders.map(({ element }) => element));
  const told = `${found.recommended ? "Would look better" : "Fine as it is"} (${found.reason}); looked at ${ran(found)}.`;
  words.textContent = told;
  root.dataset.assessed = JSON.stringify(found);

  async function work() {
    const own = ++latest;
    view.busy("Enhancing here", 0);
    const { image: restored, ...done } = await device.restore(image, { ...chosen }, (share) => own === latest && view.busy("Enhancing here", share));
    if (own !== latest) return;
    await view.after(await address(restored));
    view.busy("");
    const megapixels = (image.width * image.height) / 1e6;
    words.textContent = `${told} ${megapixels.toFixed(1)} megapixels enhanced ${ran(done)}.`;
    root.dataset.ms = String(Math.round(done.ms));
    save.disabled = false;
    save.onclick = async () => download(await png(restored), "nitido.png");
  }
  if (found.recommended) await work();
}

/** The numbers of a photo's file, upright, without the conversion of its colours. */
async function decoded(blob) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  } catch {
    throw new Error("This browser cannot read that file as a photo. Try a JPEG, PNG or WebP.");
  }
  if (bitmap.width * bitmap.height > MOST)
    throw new Error(`Expected at most ${MOST / 1e6} megapixels here, got ${Math.round((bitmap.width * bitmap.height) / 1e6)}. Use the gallery for larger photos.`);
  const context = canvas(bitmap).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, bitmap.width, bitmap.height);
}

const canvas = ({ width, height }) => new OffscreenCanvas(width, height);

function png(image) {
  const surface = canvas(image);
  surface.getContext("2d").putImageData(image, 0, 0);
  return surface.convertToBlob({ type: "image/png" });
}

const address = async (image) => URL.createObjectURL(await png(image));
