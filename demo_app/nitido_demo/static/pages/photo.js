// One photo: before and after, a strength for each factor, and what to do with the result.

import { ask, finished, get, post, remove } from "../api.js";
import { compare } from "../compare.js";
import { gains, h, icon, say, slider } from "../dom.js";

export async function show(root, { signal, rest: [id] }) {
  const [photo, about, { photos }] = await Promise.all([
    get(`/api/photos/${id}`, signal), get("/api/about", signal), get("/api/suggest?limit=5000", signal),
  ]);
  const found = photo.improvability, wanted = photos.filter((p) => p.action && !p.dismissed);
  const place = wanted.findIndex((p) => p.id === id), view = compare();
  const suggested = Object.fromEntries(about.restorer.factors.map((factor) => [factor, found?.strengths[factor] ?? 0]));
  if (found?.recommended && !Object.values(suggested).some(Boolean)) // all together, though none alone
    for (const factor of about.restorer.factors) suggested[factor] = 1;
  const chosen = { ...suggested, ...photo.job?.options.strengths };
  let job = null, running = new AbortController();

  const sliders = about.restorer.factors.map((factor) =>
    slider(factor, chosen[factor], (value) => ((chosen[factor] = value), enhance())));
  const accept = h("button", { class: "primary", disabled: true, onclick: keep }, icon("check"), "Keep this version");
  const dismiss = h("button", { onclick: leave }, icon("close"), "Dismiss");
  const save = h("a", { class: "button", hidden: true }, icon("download"), "Download");
  const note = h("p", { class: "quiet", role: "status" });
  const step = (by, name, label) => {
    const to = place < 0 ? null : wanted[place + by];
    return h("a", { class: "button round", "aria-label": label, href: to ? `#/photo/${to.id}` : null, hidden: !to }, icon(name));
  };
  root.append(
    h("div", { class: "crumbs" }, h("a", { class: "button round", href: "#/gallery", "aria-label": "Back to the gallery" }, icon("grid")),
      h("h1", {}, photo.name), step(-1, "back", "Previous suggestion"), step(1, "next", "Next suggestion")),
    h("div", { class: "split" },
      h("div", {}, view.element, h("section", { class: "card below" }, h("div", { class: "row" }, accept, dismiss, save,
        h("a", { class: "button", href: `#/share/${id}` }, icon("share"), "Share")), note)),
      h("aside", {},
        h("section", { class: "card" }, h("h2", {}, found?.recommended ? "Would look better" : "Fine as it is"),
          h("p", { class: "quiet" }, found?.reason ?? "Nobody has looked at this photo yet."), found && gains(found.factors)),
        h("section", { class: "card" }, h("h2", {}, "How much to remove"), sliders.map(({ element }) => element),
          h("button", { class: "link", onclick: reset }, "As suggested")))),
  );
  view.before(`/api/photos/${id}/picture?side=2048`);
  told(photo.accepted);

  async function enhance() {
    running.abort();
    running = new AbortController();
    const own = running.signal;
    signal.addEventListener("abort", () => running.abort());
    if (job && !job.result) ask("DELETE", `/api/jobs/${job.id}`).catch(() => {});
    job = null;
    ready(false);
    if (!Object.values(chosen).some(Boolean)) {
      view.busy("");
      view.element.classList.add("one");
      note.textContent = "Everything is at 0 %: move a slider to remove something.";
      return;
    }
    view.busy("Waiting for its turn");
    try {
      job = await post(`/api/photos/${id}/enhance`, { strengths: chosen }, own);
      job = await finished(job.id, ({ message, progress }) => view.busy(message, progress || undefined), own);
      await done();
    } catch (error) {
      if (error.name === "AbortError") return;
      view.busy("");
      note.textContent = error.message;
    }
  }

  async function done() {
    await view.after(`/api/jobs/${job.id}/picture?side=2048`);
    view.busy("");
    const seconds = job.details.timings?.enhance;
    note.textContent = seconds ? `Enhanced in ${seconds.toFixed(1)} s on the server.` : "";
    ready(true);
  }

  function ready(is) {
    accept.disabled = !is;
    save.hidden = !is;
    if (is) save.setAttribute("href", job.result);
  }

  function reset() {
    for (const each of sliders) {
      chosen[each.factor] = suggested[each.factor];
      each.set(suggested[each.factor]);
    }
    enhance();
  }

  function told(accepted, dismissed = photo.dismissed) {
    accept.lastChild.textContent = accepted ? "Keep this one instead" : "Keep this version";
    dismiss.lastChild.textContent = dismissed ? "Suggest again" : "Dismiss";
    photo.dismissed = dismissed;
  }

  async function keep() {
    try {
      const { stored } = await post(`/api/photos/${id}/version`, { job: job.id });
      told(true, false);
      say(`Stored beside the original as ${stored}.`, { action: "Undo", run: async () => {
        await remove(`/api/photos/${id}/version`).then(() => (told(false), say("Taken away again.")), (error) => say(error.message));
      } });
    } catch (error) {
      say(error.message);
    }
  }

  async function leave() {
    const before = photo.dismissed, path = `/api/photos/${id}/dismissal`;
    try {
      await (before ? remove(path) : post(path));
      told(photo.accepted, !before);
      if (!before) say("Not suggested any more.", { action: "Undo", run: () => remove(path).then(() => told(photo.accepted, false)) });
    } catch (error) {
      say(error.message);
    }
  }

  if (photo.job?.state === "done" && photo.job.options.strengths) {
    job = photo.job;
    await done();
  } else if (found?.recommended) await enhance();
  else note.textContent = "Move a slider to see what removing something does.";
}
