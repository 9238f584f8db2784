// The camera: the trigger looks at every frame it has time for, and says when a shot would benefit.

import { ask, finished } from "../api.js";
import { compare } from "../compare.js";
import { openDevice } from "../device/client.js";
import { h, say, signed } from "../dom.js";

const SIDE = 640; // longest side of the frames that the trigger sees
const SMOOTHING = 6; // frames after which a lasting change counts for 63 %
const RESTLESS = 14; // mean difference of grey levels between frames from which the hand moves

export async function show(root, { signal }) {
  const video = h("video", { playsInline: true, muted: true, autoplay: true });
  const hint = h("div", { class: "hint", role: "status" }, "Starting the camera"), meter = h("div", { class: "meter", hidden: true });
  const shutter = h("button", { class: "shutter", "aria-label": "Take the shot and enhance it", disabled: true, onclick: shoot });
  const finder = h("div", { class: "finder" }, video, hint, meter, shutter), where = h("div", { class: "segments", role: "group", "aria-label": "Where the trigger runs" });
  const words = h("p", { class: "quiet" }, "Point it at something: the trigger looks at every frame."), shot = h("div", { hidden: true });
  root.append(h("div", { class: "head" }, h("div", {}, h("h1", {}, "Camera"), words), where), finder, shot);

  const device = await openDevice().catch(() => null);
  let local = Boolean(device), lite = null, stream = null;
  for (const [value, title] of [[true, "This device"], [false, "Server"]]) {
    const button = h("button", { "aria-pressed": String(value === local), disabled: value && !device, onclick: () => {
      local = value;
      for (const each of where.children) each.setAttribute("aria-pressed", String(each === button));
    } }, title);
    where.append(button);
  }
  if (!navigator.mediaDevices?.getUserMedia) {
    hint.textContent = "No camera over plain HTTP";
    words.textContent = "Browsers open the camera only on localhost or over HTTPS: see docs/demo-app.md.";
    return;
  }
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1920 } } });
  } catch (error) {
    hint.textContent = error.name === "NotAllowedError" ? "The camera is not allowed" : "No camera here";
    words.textContent = "Allow the camera in the browser's settings for this page, then reload.";
    return;
  }
  signal.addEventListener("abort", () => stream.getTracks().forEach((track) => track.stop()));
  if (signal.aborted) return stream.getTracks().forEach((track) => track.stop());
  video.srcObject = stream;
  await video.play();
  shutter.disabled = false;
  await watch();

  /** Look at frames until the page is left. */
  async function watch() {
    let smooth = null, before = null, frames = -1, since = 0;
    while (!signal.aborted) {
      const frame = grab(SIDE);
      if (!frame || document.hidden || !shot.hidden) {
        await new Promise((resolve) => setTimeout(resolve, 150));
        continue;
      }
      const moved = before ? difference(before, frame) : 0;
      before = frame;
      try {
        const found = await (local ? onDevice(frame) : onServer(frame));
        smooth = smoothed(smooth, found);
      } catch (error) {
        if (signal.aborted) return;
        tell("", error.message);
        await new Promise((resolve) => setTimeout(resolve, 1000));
        continue;
      }
      if (++frames % 20 === 0) [frames, since] = [0, performance.now()]; // the first waits for the models
      meter.hidden = false;
      meter.textContent = signed(smooth.score)
        + (frames ? ` · ${((1000 * frames) / (performance.now() - since)).toFixed(1)}/s` : "");
      advise(smooth, moved);
      await new Promise(requestAnimationFrame);
    }
  }

  function advise({ score, factors, threshold, thresholds }, moved) {
    const gain = (name) => factors[name] - thresholds[name];
    if (moved > RESTLESS || gain("deblur") >= 0) return tell("still", "Hold still");
    if (score < threshold) return tell("", "Looks good");
    const worst = Object.keys(thresholds).filter((name) => gain(name) >= 0).sort((a, b) => gain(b) - gain(a))[0];
    const reason = { denoise: "noisy", deartifact: "compressed", upscale: "few pixels" }[worst];
    tell("enhance", reason ? `Enhance: ${reason}` : "Enhance");
  }

  function tell(kind, text) {
    hint.className = `hint ${kind}`;
    if (hint.textContent !== text) hint.textContent = text;
  }

  async function onDevice(frame) {
    lite ??= (await device.open(["trigger-lite"], (text) => tell("", `${text} …`))).bundles["trigger-lite"].task;
    return { ...(await device.assess("trigger-lite", frame)), threshold: lite.threshold, thresholds: lite.thresholds };
  }

  async function onServer(frame) {
    const blob = await jpeg(frame);
    return ask("POST", "/api/assess?model=trigger-lite", blob, signal);
  }

  function grab(side) {
    const { videoWidth: width, videoHeight: height } = video, scale = Math.min(1, side / Math.max(width, height));
    if (!width) return null;
    const surface = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale));
    const context = surface.getContext("2d", { willReadFrequently: true });
    context.drawImage(video, 0, 0, surface.width, surface.height);
    return context.getImageData(0, 0, surface.width, surface.height);
  }

  /** The full frame goes through the whole way: the server's trigger and restorer. */
  async function shoot() {
    shutter.disabled = true;
    const view = compare(), note = h("p", { class: "quiet", role: "status" });
    const close = h("button", { onclick: () => ((shot.hidden = true), (finder.hidden = false), (shutter.disabled = false)) }, "Back to the camera");
    const save = h("a", { class: "button primary", hidden: true }, "Download");
    try {
      const blob = await jpeg(grab(Infinity));
      view.before(URL.createObjectURL(blob));
      shot.replaceChildren(view.element, h("section", { class: "card" }, note, h("div", { class: "row" }, close, save)));
      [shot.hidden, finder.hidden] = [false, true];
      view.busy("Waiting for its turn");
      const { id } = await ask("POST", "/api/enhance", blob, signal);
      const job = await finished(id, ({ message, progress }) => view.busy(message, progress || undefined), signal);
      view.busy("");
      note.textContent = job.message;
      if (!job.details.applied) return;
      await view.after(`/api/jobs/${id}/picture?side=2048`);
      save.setAttribute("href", job.result);
      save.hidden = false;
    } catch (error) {
      if (error.name === "AbortError") return;
      view.busy("");
      note.textContent = error.message;
      say(error.message);
    }
  }
}

/** Above quality 93 a JPEG leaves no traces that the trigger would find. */
async function jpeg(image) {
  const surface = new OffscreenCanvas(image.width, image.height);
  surface.getContext("2d").putImageData(image, 0, 0);
  return surface.convertToBlob({ type: "image/jpeg", quality: 0.96 });
}

function smoothed(before, now) {
  if (!before) return now;
  const weight = 1 - Math.exp(-1 / SMOOTHING), mix = (a, b) => a + weight * (b - a);
  const factors = Object.fromEntries(Object.entries(now.factors).map(([name, gain]) => [name, mix(before.factors[name], gain)]));
  return { ...now, score: mix(before.score, now.score), factors };
}

/** Mean difference of green, on every 16th pixel: whether the camera moves. */
function difference({ data: a, width }, { data: b, width: other }) {
  if (width !== other || a.length !== b.length) return 0;
  let sum = 0, count = 0;
  for (let at = 1; at < a.length; at += 64, count++) sum += Math.abs(a[at] - b[at]);
  return sum / count;
}
