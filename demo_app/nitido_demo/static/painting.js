// Painting over a photo: circles and outlines with soft edges, kept as the strokes that `nitido upscale --brush` reads.

import { h } from "./dom.js";

export const MOST = 24; // strokes that the server takes
const CORNERS = 100, STEP = 0.02;
const FILLS = { sharper: "rgb(255 209 102 / .6)", softer: "rgb(120 180 255 / .6)" };

/** {element, list, strokes, chosen, ...}: strokes in pixels of a photo of `width` x `height`; `changed()` hears. */
export function painting({ width, height, picture, changed }) {
  const image = h("img", { src: picture, alt: "" });
  const canvas = h("canvas", { role: "img", "aria-label": "The photo: paint on it, or add strokes below and move them with the arrow keys" });
  const element = h("div", { class: "easel" }, image, canvas), list = h("ul", { class: "strokes" });
  const context = canvas.getContext("2d"), strokes = [];
  const board = { element, list, strokes, tool: "circle", chosen: null, brush: { sigma: 0.8, feather: 4 }, add, change, clear };
  element.style.setProperty("--aspect", width / height);
  image.addEventListener("load", () => {
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    draw();
  });

  /** A stroke, or by default a circle in the middle; it is chosen then. */
  function add(shape = { circle: [width / 2, height / 2, Math.max(width, height) / 8].map(tenths) }) {
    if (strokes.length >= MOST) return;
    strokes.push((board.chosen = { ...shape, ...board.brush }));
    tell();
  }

  /** Another change of the kernel or another edge, of the chosen stroke and of those to come. */
  function change(values) {
    Object.assign(board.brush, values);
    if (board.chosen) Object.assign(board.chosen, values);
    tell();
  }

  function clear() {
    strokes.length = 0;
    board.chosen = null;
    tell();
  }

  function choose(stroke) {
    board.chosen = board.chosen === stroke ? null : stroke;
    if (board.chosen) board.brush = { sigma: stroke.sigma, feather: stroke.feather };
    tell();
  }

  function tell() {
    const focused = [...list.querySelectorAll("button")].indexOf(document.activeElement);
    list.replaceChildren(...strokes.map(itemOf));
    if (focused >= 0) list.querySelectorAll("button")[focused]?.focus();
    draw();
    changed();
  }

  function itemOf(stroke) {
    const name = `${words(stroke)}, ${stroke.sigma < 0 ? "−" : "+"}${Math.abs(stroke.sigma).toFixed(1)} px`;
    return h("li", {},
      h("button", { "aria-pressed": String(stroke === board.chosen), onclick: () => choose(stroke), onkeydown: (event) => shift(event, stroke) }, name),
      h("button", { class: "link", "aria-label": `Remove ${name}`, onclick: () => drop(stroke) }, "Remove"));
  }

  function drop(stroke) {
    strokes.splice(strokes.indexOf(stroke), 1);
    if (board.chosen === stroke) board.chosen = null;
    tell();
  }

  /** Arrow keys move a stroke, plus and minus resize it. */
  function shift(event, stroke) {
    const far = Math.max(width, height) * STEP;
    const move = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] }[event.key];
    const grow = { "+": 1.1, "=": 1.1, "-": 1 / 1.1 }[event.key];
    if (!move && !grow) return;
    event.preventDefault();
    const [x, y] = middle(stroke), place = ([u, v]) => (move ? [u + move[0], v + move[1]] : [x + (u - x) * grow, y + (v - y) * grow]).map(tenths);
    if (stroke.circle) stroke.circle = [...place(stroke.circle), tenths(stroke.circle[2] * (grow ?? 1))];
    else stroke.polygon = stroke.polygon.map(place);
    tell();
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button || strokes.length >= MOST) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    const start = at(event), path = [start], stop = new AbortController();
    let shape = null;
    canvas.addEventListener("pointermove", (moved) => {
      path.push(at(moved));
      shape = board.tool === "circle" ? circle(start, path.at(-1)) : path.length > 2 ? { polygon: path } : null;
      draw(shape && { ...shape, ...board.brush });
    }, { signal: stop.signal });
    canvas.addEventListener("pointercancel", () => (stop.abort(), draw()), { signal: stop.signal });
    canvas.addEventListener("pointerup", () => {
      stop.abort();
      if (board.tool === "circle") add(shape && shape.circle[2] > 2 ? shape : { circle: [...start, tenths(Math.max(width, height) / 16)] });
      else if (shape) add({ polygon: thinned(path) });
      else draw();
    }, { signal: stop.signal });
  });

  function at(event) {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * width) / box.width, ((event.clientY - box.top) * height) / box.height].map(tenths);
  }

  function draw(unfinished = null) {
    const scale = canvas.width / width;
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (const stroke of unfinished ? [...strokes, unfinished] : strokes) {
      const outline = pathOf(stroke, scale);
      context.save();
      context.filter = stroke.feather ? `blur(${(stroke.feather * scale) / 2}px)` : "none";
      context.fillStyle = stroke.sigma < 0 ? FILLS.softer : FILLS.sharper;
      context.fill(outline);
      context.restore();
      context.lineWidth = (stroke === board.chosen ? 4 : 1.5) * (canvas.width / (canvas.clientWidth || canvas.width));
      context.strokeStyle = "#fff";
      context.stroke(outline);
    }
  }

  return board;
}

/** The text of a brush file. */
export const brushFile = (strokes) => JSON.stringify({ strokes });

const circle = ([x, y], [u, v]) => ({ circle: [x, y, tenths(Math.hypot(u - x, v - y))] });
const tenths = (value) => Math.round(10 * value) / 10;

function middle({ circle: round, polygon }) {
  if (round) return round;
  return [0, 1].map((axis) => polygon.reduce((sum, corner) => sum + corner[axis], 0) / polygon.length);
}

function words({ circle: round, polygon }) {
  const [x, y] = middle({ circle: round, polygon }).map(Math.round);
  return round ? `Circle at ${x}, ${y}, radius ${Math.round(round[2])}` : `Outline around ${x}, ${y}`;
}

function pathOf({ circle: round, polygon }, scale) {
  const path = new Path2D();
  if (round) path.arc(round[0] * scale, round[1] * scale, round[2] * scale, 0, 2 * Math.PI);
  else for (const [x, y] of polygon) path.lineTo(x * scale, y * scale);
  path.closePath();
  return path;
}

/** As many corners as the server takes. */
const thinned = (path) => path.filter((_, i) => i % Math.ceil(path.length / CORNERS) === 0 || i === path.length - 1);
