// The gallery: photos by benefit, with the reason; only the tiles in sight exist, for thousands of photos.

import { get, listen, post } from "../api.js";
import { FACTORS, h, icon, say } from "../dom.js";

const FILTERS = [
  ["suggested", "Suggested", (photo) => photo.action && !photo.dismissed && !photo.accepted],
  ...["denoise", "deblur", "deartifact"].map((factor) => [
    factor, FACTORS[factor], (photo) => photo.action && photo.crossed.includes(factor) && !photo.dismissed && !photo.accepted,
  ]),
  ["kept", "Enhanced", (photo) => photo.accepted],
  ["dismissed", "Dismissed", (photo) => photo.dismissed],
  ["all", "All photos", () => true],
];
const AHEAD = 2; // rows beyond the edges of the screen
let chosen = "suggested";

export async function show(root, { signal }) {
  const words = h("p", { class: "quiet", role: "status" }), scan = h("div", { class: "scan", hidden: true });
  const again = h("button", { class: "round", "aria-label": "Look through the folder again", title: "Look through the folder again", onclick: rescan }, icon("refresh"));
  const chips = h("div", { class: "chips", role: "group", "aria-label": "Which photos" });
  const grid = h("div", { class: "grid", role: "list" });
  root.append(h("div", { class: "head" }, h("div", {}, h("h1", {}, "Worth enhancing"), words), again), scan, chips, grid);

  let photos = [], shown = [], asking = false, stale = false;
  const tiles = new Map();

  for (const [id, title] of FILTERS)
    chips.append(h("button", { "aria-pressed": String(id === chosen), "data-filter": id, onclick: () => choose(id) }, title));

  function choose(id) {
    chosen = id;
    for (const chip of chips.children) chip.setAttribute("aria-pressed", String(chip.dataset.filter === id));
    filter();
  }

  function filter() {
    const test = FILTERS.find(([id]) => id === chosen)[2];
    shown = photos.filter(test);
    lay();
  }

  function lay() {
    const width = grid.clientWidth, gap = width < 600 ? 8 : 14, least = width < 600 ? 150 : 210;
    const columns = Math.max(2, Math.floor((width + gap) / (least + gap))), side = (width - gap * (columns - 1)) / columns;
    grid.style.height = `${Math.max(0, Math.ceil(shown.length / columns) * (side + gap) - gap)}px`;
    const top = -grid.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / (side + gap)) - AHEAD) * columns;
    const last = Math.min(shown.length, (Math.ceil((top + innerHeight) / (side + gap)) + AHEAD) * columns);
    const wanted = new Map(shown.slice(first, last).map((photo, i) => [photo.id, [photo, first + i]]));
    for (const [id, tile] of tiles)
      if (!wanted.has(id) || tile.dataset.state !== stateOf(wanted.get(id)[0])) { // else a focus in it stays
        tile.remove();
        tiles.delete(id);
      }
    for (const [id, [photo, index]] of wanted) {
      if (!tiles.has(id)) tiles.set(id, tileOf(photo));
      const tile = tiles.get(id), { style } = tile;
      style.width = style.height = `${side}px`;
      style.transform = `translate(${(index % columns) * (side + gap)}px, ${Math.floor(index / columns) * (side + gap)}px)`;
      tile.setAttribute("aria-posinset", String(index + 1));
      tile.setAttribute("aria-setsize", String(shown.length));
      if (grid.children[index - first] !== tile) grid.insertBefore(tile, grid.children[index - first] ?? null);
    }
  }

  async function load() {
    if (asking) return void (stale = true);
    asking = true;
    try {
      const found = await get("/api/suggest?limit=5000", signal);
      if (signal.aborted) return;
      photos = found.photos;
      tell(found.scan, found);
      filter();
    } finally {
      asking = false;
      if (stale && !signal.aborted) {
        stale = false;
        load();
      }
    }
  }

  function tell(state, { total, suggested } = { total: photos.length, suggested: photos.filter((p) => p.action).length }) {
    scan.hidden = !state.running;
    if (state.running)
      scan.replaceChildren(
        h("progress", { value: state.done, max: Math.max(1, state.total), "aria-label": "Photos looked at" }),
        h("span", { class: "quiet" }, `Looking at photo ${Math.min(state.done + 1, state.total)} of ${state.total}`),
      );
    const failed = state.failed ? ` ${state.failed} could not be read.` : "";
    words.textContent = state.message || (total
      ? `${suggested} of ${total} photos would look better, the ones that gain most first.${failed}`
      : "There are no photos in this folder.");
  }

  async function rescan() {
    await post("/api/scan").catch((error) => say(error.message));
  }

  let loaded = 0;
  listen("scan", (state) => {
    tell(state);
    const pause = photos.some((photo) => photo.action) ? 1500 : 300; // the first suggestion comes at once
    if (!state.running || Date.now() - loaded > pause) {
      loaded = Date.now();
      load().catch(() => {});
    }
  }, signal);
  addEventListener("scroll", () => requestAnimationFrame(lay), { passive: true, signal });
  addEventListener("resize", lay, { signal });
  await load();
}

const stateOf = ({ reason, accepted, score }) => `${reason} ${accepted} ${score === null}`;

function tileOf(photo) {
  const badge = photo.accepted
    ? h("span", { class: "badge kept" }, "enhanced")
    : photo.action
      ? photo.reason.split(", ").slice(0, 2).map((reason, i) => h("span", { class: `badge ${photo.crossed[i] ?? ""}` }, reason))
      : h("span", { class: "plain" }, photo.score === null ? "not looked at yet" : photo.name);
  const picture = h("img", { src: `/api/photos/${photo.id}/picture?side=320`, alt: photo.name, loading: "lazy", decoding: "async" });
  return h("div", { class: "tile", role: "listitem", "data-state": stateOf(photo) },
    h("a", { href: `#/photo/${photo.id}`, class: "cover" }, picture, h("span", { class: "over" }, badge)));
}
