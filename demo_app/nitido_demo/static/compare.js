// Before and after, one over the other, with a divider: by finger, mouse or arrow keys; and a closer look.

import { h, icon } from "./dom.js";

/** {element, before(url), after(url), busy(text)}; what the two are called is told. */
export function compare(left = "Before", right = "After") {
  const before = h("img", { class: "before", alt: left }), after = h("img", { class: "after", alt: right });
  const range = h("input", {
    type: "range", min: "0", max: "100", step: "1", value: "50", class: "divider-range",
    "aria-label": `Divider between ${left} and ${right}, percent from the left`, oninput: () => place(range.value),
  });
  const divider = h("div", { class: "divider", "aria-hidden": "true" }, h("span", {}, "‹ ›"));
  const pair = h("div", { class: "pair" }, before, after, divider, range,
    h("span", { class: "tag left", "aria-hidden": "true" }, left), h("span", { class: "tag right", "aria-hidden": "true" }, right));
  const status = h("div", { class: "veil", hidden: true, role: "status" });
  const zoom = h("button", { class: "round zoom", "aria-pressed": "false", "aria-label": "Closer look", title: "Closer look", onclick: closer }, icon("zoom"));
  const stage = h("div", { class: "stage", tabindex: "-1" }, pair);
  const element = h("div", { class: "compare one" }, stage, status, zoom);

  function place(percent) {
    range.value = String(percent);
    pair.style.setProperty("--at", `${percent}%`);
  }

  function closer() {
    const close = element.classList.toggle("close");
    zoom.setAttribute("aria-pressed", String(close));
    if (close) {
      stage.scrollLeft = (stage.scrollWidth - stage.clientWidth) / 2;
      stage.scrollTop = (stage.scrollHeight - stage.clientHeight) / 2;
    }
  }

  function follow(event) {
    const box = pair.getBoundingClientRect(), at = (100 * (event.clientX - box.left)) / box.width;
    place(Math.min(100, Math.max(0, at)));
  }

  pair.addEventListener("pointerdown", (event) => {
    if (element.classList.contains("one") || event.button) return;
    const box = pair.getBoundingClientRect(), line = box.left + (box.width * range.value) / 100;
    if (element.classList.contains("close") && Math.abs(event.clientX - line) > 30) return; // the finger scrolls
    event.preventDefault();
    range.focus({ preventScroll: true });
    pair.setPointerCapture(event.pointerId);
    follow(event);
    const stop = new AbortController();
    pair.addEventListener("pointermove", follow, { signal: stop.signal });
    for (const end of ["pointerup", "pointercancel"]) pair.addEventListener(end, () => stop.abort(), { once: true });
  });
  before.addEventListener("load", () => {
    pair.style.setProperty("--aspect", before.naturalWidth / before.naturalHeight);
    pair.style.setProperty("--width", `${before.naturalWidth}px`);
    element.classList.add("shown");
  });
  place(50);

  return {
    element,
    before: (url) => before.setAttribute("src", url),
    async after(url) {
      const next = h("img", { src: url });
      await next.decode();
      after.setAttribute("src", url);
      element.classList.remove("one");
    },
    busy(text, share) {
      status.hidden = !text;
      status.replaceChildren(h("span", {}, text ?? ""), h("progress", share === undefined ? {} : { value: share, max: 1, "aria-label": "Progress" }));
    },
  };
}
