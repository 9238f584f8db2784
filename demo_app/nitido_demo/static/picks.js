// The photos of the gallery to choose one from, for pages that do something with one.

import { get } from "./api.js";
import { h } from "./dom.js";

/** Links to `#/page/photo` under a title. */
export async function pick(root, signal, page, title, words) {
  const { photos } = await get("/api/suggest?limit=60", signal);
  root.append(
    h("div", { class: "head" }, h("div", {}, h("h1", {}, title), h("p", { class: "quiet" }, words))),
    h("div", { class: "picks", role: "list" }, photos.map((photo) =>
      h("div", { role: "listitem" }, h("a", { href: `#/${page}/${photo.id}` },
        h("img", { src: `/api/photos/${photo.id}/picture?side=320`, alt: photo.name, loading: "lazy", decoding: "async" }))))),
  );
}
