// Small helpers for building the page: elements, icons, messages. Text is always text, never HTML.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  grid: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  camera: "M4 8h3l2-3h6l2 3h3v11H4zM12 17a4 4 0 1 0 0-8 4 4 0 0 0 0 8z",
  scales: "M12 4v16M7 20h10M5 8h14M5 8l-3 6h6zM19 8l-3 6h6z",
  phone: "M7 3h10v18H7zM11 18h2",
  share: "M12 15V4M8 8l4-4 4 4M5 12v8h14v-8",
  brush: "M20 3l-9 9M11 12c-3 0-4 2-4 4s-2 4-4 4c5 2 11 0 11-5z",
  live: "M3 7h12v10H3zM15 11l6-4v10l-6-4",
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  check: "M5 13l4 4L19 7",
  close: "M6 6l12 12M18 6L6 18",
  zoom: "M10 16a6 6 0 1 0 0-12 6 6 0 0 0 0 12zM15 15l5 5M10 7v6M7 10h6",
  refresh: "M20 12a8 8 0 1 1-2.5-5.8M20 4v4h-4",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15 9h.01",
  spark: "M12 3l2 6 6 2-6 2-2 6-2-6-6-2 6-2z",
};

/** An element: h("button", {class: "primary", onclick}, "Accept"). */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key in element && typeof value !== "string") element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A line drawing that screen readers skip. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg"), path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A message that goes by itself; with an action, such as Undo, it waits longer. */
export function say(text, { action, run } = {}) {
  const toast = h("div", { class: "toast" }, h("span", {}, text));
  const close = () => toast.remove();
  if (action) toast.append(h("button", { class: "link", onclick: () => (close(), run()) }, action));
  document.getElementById("toasts").replaceChildren(toast);
  setTimeout(close, action ? 9000 : 5000);
}

/** The words for a factor's slider. */
export const FACTORS = {
  denoise: "Noise", deblur: "Blur", deartifact: "JPEG artifacts", desaturate: "Blown highlights", upscale: "Few pixels",
};

/** A share from 0 to 1, such as a factor's strength, with its name and, in words, its value. */
export function slider(factor, value, onchange, words = percent) {
  const output = h("output", {}, words(value));
  const input = h("input", {
    type: "range", min: "0", max: "100", step: "5", value: String(Math.round(100 * value)), "data-factor": factor,
    oninput: () => (output.textContent = words(input.value / 100)),
    onchange: () => onchange(input.value / 100),
  });
  return { factor, input, set: (now) => ((input.value = String(Math.round(100 * now))), (output.textContent = words(now))),
    element: h("label", { class: "slider" }, h("span", {}, FACTORS[factor] ?? factor), output, input) };
}

/** Buttons of which one is pressed; options are [text, value]. {element, choose(value), set(value) without telling}. */
export function choice(title, options, value, onchoose) {
  const show = (now) => buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(options[i][1] === now)));
  const choose = (now) => (show(now), onchoose(now));
  const buttons = options.map(([text, each]) => h("button", { onclick: () => choose(each) }, text));
  show(value);
  return { choose, set: show, element: h("div", { class: "choice", role: "group", "aria-label": title }, h("span", {}, title), h("div", { class: "segments" }, buttons)) };
}

const percent = (value) => `${Math.round(100 * value)} %`;

/** The gain of each factor as a bar, the largest as wide as the list. */
export function gains(factors) {
  const most = Math.max(0.5, ...Object.values(factors));
  return h("dl", { class: "gains" }, Object.entries(factors).map(([name, gain]) => {
    const bar = h("span", { class: "bar" });
    bar.style.setProperty("--share", Math.max(0, gain) / most);
    return [h("dt", {}, FACTORS[name] ?? name), h("dd", {}, bar), h("dd", { class: "number" }, signed(gain))];
  }));
}

export const signed = (value) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(2);

/** Offers bytes as a file. */
export function download(blob, name) {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
