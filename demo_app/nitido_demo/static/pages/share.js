// Sharing: a photo in so many bytes, made small by Nitido and by the filter that other apps use, side by side.

import { ask, finished, get, post } from "../api.js";
import { compare } from "../compare.js";
import { choice, h, icon, slider } from "../dom.js";
import { pick } from "../picks.js";

const CODECS = [["JPEG", "jpeg"], ["WebP", "webp"], ["AVIF", "avif"]];
const SIDES = [320, 640, 1280, 1920];
const METHODS = ["lanczos", "learned"];
const LEAST = 3_000, MOST = 1_000_000; // bytes
const wish = { long_side: 640, max_bytes: 30_000, codec: "jpeg", detail: 0.5 };

export async function show(root, { signal, rest: [id] }) {
  if (!id) return pick(root, signal, "share", "Share", "Choose a photo: it becomes a file as small as you say, with as much of the picture as fits.");
  const photo = await get(`/api/photos/${id}`, signal);
  const view = compare("Lanczos", "Nitido"), note = h("p", { class: "quiet", role: "status" });
  const save = h("a", { class: "button primary", hidden: true }, icon("download"), "Download");
  const figures = Object.fromEntries(METHODS.map((method) => [method, h("dd", {}, "")]));
  let running = new AbortController();
  signal.addEventListener("abort", () => running.abort());

  root.append(
    h("div", { class: "crumbs" }, h("a", { class: "button round", href: "#/share", "aria-label": "Another photo" }, icon("grid")), h("h1", {}, photo.name)),
    h("div", { class: "split" },
      h("div", {}, view.element, h("section", { class: "card below" }, h("div", { class: "row" }, save), note)),
      h("aside", {},
        h("section", { class: "card" }, h("h2", {}, "What it may cost"),
          slider("Bytes", placeOf(wish.max_bytes), (place) => set({ max_bytes: bytesAt(place) }), (place) => kilobytes(bytesAt(place))).element,
          choice("Longer side in pixels", SIDES.map((side) => [String(side), side]), wish.long_side, (long_side) => set({ long_side })).element,
          choice("Format", CODECS, wish.codec, (codec) => set({ codec })).element,
          slider("Detail", wish.detail, (detail) => set({ detail }), (value) => `${Math.round(100 * value)} %`).element),
        h("section", { class: "card" }, h("h2", {}, "What it became"),
          h("dl", { class: "figures" }, h("dt", {}, "Lanczos"), figures.lanczos, h("dt", {}, "Nitido"), figures.learned),
          h("p", { class: "quiet" }, "Both fit the same budget. The pictures are as small as they are sent, enlarged by your browser.")))),
  );

  function set(change) {
    Object.assign(wish, change);
    share();
  }

  async function share() {
    running.abort();
    running = new AbortController();
    const own = running.signal, jobs = [];
    own.addEventListener("abort", () => jobs.forEach((job) => ask("DELETE", `/api/jobs/${job.id}`).catch(() => {})));
    view.busy("Looking for the best quality that fits");
    save.hidden = true;
    try {
      for (const method of METHODS) jobs.push(await post(`/api/photos/${id}/share`, { ...wish, method }, own));
      const [plain, learned] = await Promise.all(jobs.map((job) => finished(job.id, () => {}, own)));
      jobs.length = 0;
      view.before(`/api/jobs/${plain.id}/picture?side=2048`);
      await view.after(`/api/jobs/${learned.id}/picture?side=2048`);
      for (const [method, { details }] of [["lanczos", plain], ["learned", learned]])
        figures[method].textContent = `${kilobytes(details.bytes)}, quality ${details.quality}${details.fits ? "" : " (no smaller file is possible)"}`;
      const { width, height } = learned.details;
      note.textContent = `${width} × ${height} pixels. Where the photo was made is not in the file.`;
      save.setAttribute("href", learned.result);
      save.hidden = false;
    } catch (error) {
      if (error.name !== "AbortError") note.textContent = error.message;
    } finally {
      if (!own.aborted) view.busy("");
    }
  }

  await share();
}

const placeOf = (bytes) => Math.log(bytes / LEAST) / Math.log(MOST / LEAST);
const bytesAt = (place) => Math.round((LEAST * (MOST / LEAST) ** place) / 100) * 100;
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(bytes < 100_000 ? 1 : 0)} kB`;
