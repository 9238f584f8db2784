// Rating: two pictures of a photo, one of them enhanced, in an order that nobody is told.

import { get, post } from "../api.js";
import { h, icon, say } from "../dom.js";

const SCALE = [
  [2, "much better"], [1, "better"], [0, "no difference"], [-1, "worse"],
];
const HOW_MUCH = [[-1, "a little worse"], [-2, "much worse"]];

export async function show(root, { signal }) {
  const rater = own(), status = h("p", { class: "quiet", role: "status" });
  const first = h("img", { alt: "First picture" }), second = h("img", { alt: "Second picture" });
  const pair = h("div", { class: "rating" },
    h("figure", {}, first, h("figcaption", {}, "A")), h("figure", {}, second, h("figcaption", {}, "B")));
  const question = h("h2", {}), scale = h("div", { class: "scale", role: "group", "aria-label": "B against A" });
  const part = h("div", { hidden: true }, pair, h("div", { class: "head" }, question), scale);
  root.append(
    h("div", { class: "head" }, h("div", {}, h("h1", {}, "Which looks better?"), status),
      h("a", { class: "button", href: "/api/ratings.csv", download: "ratings.csv" }, icon("download"), "Ratings as CSV")),
    part,
    h("p", { class: "quiet" }, "One of the two was enhanced; which one, and on which side, is random. "
      + "Your ratings teach the trigger what people like: see docs/training-a-trigger.md."),
  );
  let current = null, options = SCALE, busy = false;

  function offer(asked, words) {
    options = asked;
    question.textContent = words;
    scale.replaceChildren(...asked.map(([value, text], i) =>
      h("button", { onclick: () => choose(value) }, h("span", {}, text), h("kbd", {}, String(i + 1)))));
  }

  async function choose(value) {
    if (busy || !current) return;
    if (value === -1 && options === SCALE) return offer(HOW_MUCH, "How much worse is B?");
    busy = true;
    try {
      await post("/api/ratings", { pair: current.id, second_is: value });
      await next();
    } catch (error) {
      say(error.message);
    } finally {
      busy = false;
    }
  }

  async function next() {
    const found = await get(`/api/ratings/next?rater=${rater}`, signal);
    if (signal.aborted) return;
    current = found.pair;
    part.hidden = !current;
    status.textContent = current
      ? `${found.rated} of ${found.total} rated.`
      : found.coming ? "The next pair is being prepared." : `All ${found.rated} photos are rated. Thank you!`;
    if (!current) {
      if (found.coming) setTimeout(() => signal.aborted || next().catch((error) => say(error.message)), 1500);
      return;
    }
    offer(SCALE, "B, compared with A, is");
    first.src = current.first;
    second.src = current.second;
    await Promise.all([first.decode(), second.decode()]).catch(() => {});
    pair.dataset.pair = current.id;
  }

  addEventListener("keydown", (event) => {
    const option = options[Number(event.key) - 1];
    if (option && !event.ctrlKey && !event.metaKey && !event.altKey) choose(option[0]);
  }, { signal });
  await next();
}

/** A name for this browser that says nothing of who uses it. */
function own() {
  const kept = localStorage.getItem("rater") ?? `r-${Math.random().toString(36).slice(2, 10)}`;
  localStorage.setItem("rater", kept);
  return kept;
}
