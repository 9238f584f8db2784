// Brush: a small photo is enlarged by the kernel that made it small, which is found, and painted over where it differs.

import { ask, finished, get, post } from "../api.js";
import { compare } from "../compare.js";
import { choice, download, h, icon, slider } from "../dom.js";
import { brushFile, MOST, painting } from "../painting.js";
import { pick } from "../picks.js";

const WIDEST = 2, SOFTEST = 40; // pixels at the end of the sliders
const wish = { scale: 2, varying: false };

export async function show(root, { signal, rest: [id] }) {
  const { blind: { scales } } = await get("/api/about", signal);
  if (!scales.length) return missing(root);
  if (!id) return pick(root, signal, "brush", "Brush", "Choose a small photo: how it was made small is found out, or painted, and undone in enlarging it.");
  const [photo, size] = await Promise.all([get(`/api/photos/${id}`, signal), get(`/api/photos/${id}/size`, signal)]);
  if (!scales.includes(wish.scale)) wish.scale = scales[0];
  const picture = `/api/photos/${id}/picture?side=2048`;
  const view = compare(), note = h("p", { class: "quiet", role: "status" }), board = painting({ ...size, picture, changed });
  const count = h("p", { class: "quiet" }), found = h("div", { hidden: true });
  const run = h("button", { class: "primary", onclick: enlarge }, icon("spark"), "Enlarge");
  const save = h("a", { class: "button", hidden: true }, icon("download"), "Download");
  const strokes = h("button", { onclick: () => download(new Blob([brushFile(board.strokes)], { type: "application/json" }), "strokes.json") }, icon("download"), "Strokes as JSON");
  let running = new AbortController();
  signal.addEventListener("abort", () => running.abort());

  const sigma = slider("Kernel", place(0.8), (value) => board.change({ sigma: widening(value) }), (value) => told(widening(value)));
  const feather = slider("Soft edge", board.brush.feather / SOFTEST, (value) => board.change({ feather: value * SOFTEST }), (value) => `${Math.round(value * SOFTEST)} px`);
  const stage = { paint: board.element, result: view.element };
  const side = choice("What to see", [["Paint", "paint"], ["Before and after", "result"]], "paint", look);
  root.append(
    h("div", { class: "crumbs" }, h("a", { class: "button round", href: "#/brush", "aria-label": "Another photo" }, icon("grid")), h("h1", {}, photo.name)),
    h("div", { class: "split" },
      h("div", {}, side.element, board.element, view.element,
        h("section", { class: "card below" }, h("div", { class: "row" }, run, save, strokes), note)),
      h("aside", {},
        h("section", { class: "card" }, h("h2", {}, "Brush"),
          h("p", { class: "quiet" }, "Where the photo is blurrier than elsewhere, paint a wider kernel: it is sharpened more there. A narrower one, where edges ring."),
          choice("Shape", [["Circle", "circle"], ["Outline", "outline"]], board.tool, (tool) => (board.tool = tool)).element,
          sigma.element, feather.element,
          h("div", { class: "row" }, h("button", { onclick: () => board.add() }, "Add a circle"), h("button", { class: "link", onclick: board.clear }, "Remove all")),
          count, board.list),
        h("section", { class: "card" }, h("h2", {}, "Kernel"), found,
          choice("Size", scales.map((scale) => [`${scale} times`, scale]), wish.scale, (scale) => (wish.scale = scale)).element,
          choice("Found for", [["the whole photo", false], ["each region", true]], wish.varying, (varying) => (wish.varying = varying)).element))),
  );
  view.before(picture);
  look("paint");
  changed();

  function look(which) {
    for (const [name, element] of Object.entries(stage)) element.hidden = name !== which;
  }

  function changed() {
    const { strokes: painted, brush } = board;
    count.textContent = painted.length
      ? `${painted.length} of at most ${MOST} strokes. The arrow keys move one, + and − resize it.`
      : "Nothing is painted yet: draw on the photo, or add a circle.";
    sigma.set(place(brush.sigma));
    feather.set(brush.feather / SOFTEST);
  }

  async function enlarge() {
    running.abort();
    running = new AbortController();
    const own = running.signal;
    let job = null;
    own.addEventListener("abort", () => job && ask("DELETE", `/api/jobs/${job.id}`).catch(() => {}));
    side.choose("result");
    view.busy("Waiting for its turn");
    save.hidden = true;
    try {
      job = await post(`/api/photos/${id}/blind`, { ...wish, strokes: board.strokes }, own);
      const done = await finished(job.id, ({ message }) => view.busy(message), own);
      job = null;
      await view.after(`/api/jobs/${done.id}/picture?side=2048`);
      tell(done);
    } catch (error) {
      if (error.name !== "AbortError") note.textContent = error.message;
    } finally {
      if (!own.aborted) view.busy("");
    }
  }

  function tell({ id: done, details, result, options }) {
    const { width, height, timings, kernel } = details, painted = options.strokes.length;
    note.textContent = `${width} × ${height} pixels in ${timings.upscale.toFixed(1)} s${painted ? `, with ${painted} ${painted === 1 ? "stroke" : "strokes"}` : ""}.`;
    save.setAttribute("href", result);
    save.hidden = false;
    found.hidden = !kernel;
    if (!kernel) return;
    found.replaceChildren(
      h("img", { class: "kernel", src: `/api/jobs/${done}/kernel`, alt: `The kernel that was found: ${kernel.told}`, width: 126, height: 126 }),
      h("p", { class: "found" }, kernel.told),
      h("p", { class: "quiet" }, `Predicted error: ${kernel.after.toFixed(1)} grey levels with it, ${kernel.before.toFixed(1)} with the bicubic kernel.`));
  }
}

function missing(root) {
  root.append(h("div", { class: "head" }, h("div", {}, h("h1", {}, "Brush"),
    h("p", { class: "quiet", role: "status" }, "This installation has no network for blind upscaling, so nothing can be enlarged here. docs/blind-upscaling.md says how to train one."))));
}

const place = (sigma) => (sigma + WIDEST) / (2 * WIDEST);
const widening = (value) => Math.round(10 * (2 * value - 1) * WIDEST) / 10;
const told = (sigma) => `${sigma < 0 ? "−" : "+"}${Math.abs(sigma).toFixed(1)} px${sigma ? (sigma > 0 ? ", sharper" : ", softer") : ""}`;
