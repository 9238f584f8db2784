// "Benchmark this phone": times every network, offers the result as a file, sends it where asked, shows what others sent.

import { get, post } from "./api.js";
import { resultFile } from "./device/bench.js";
import { download, h, icon, say } from "./dom.js";

export function benchmarking(root, device, signal) {
  const words = h("p", { class: "quiet", role: "status" }, "Times every network here, which takes a few seconds each.");
  const own = h("div", { class: "scroll" }), others = h("div", { class: "scroll", hidden: true });
  const button = h("button", { onclick: measure }, "Benchmark this phone");
  const save = h("button", { hidden: true }, icon("download"), "Result as JSON"), send = h("button", { hidden: true }, icon("share"), "Send to the server");
  root.append(h("h2", {}, "How fast is it?"), words, h("div", { class: "row" }, button, save, send), own, others);
  list();

  async function measure() {
    button.disabled = true;
    try {
      const rows = await device.benchmark((text) => (words.textContent = `Timing ${text} …`));
      if (signal.aborted) return;
      words.textContent = "Median of each network, in milliseconds.";
      own.replaceChildren(table(["Network", "Input", "ms"], rows.map((row) => [`${row.model} ${row.graph}`, row.size, row.median_ms.toFixed(1)])));
      offer(resultFile(rows, device.about));
    } catch (error) {
      words.textContent = error.message;
    } finally {
      button.disabled = false;
    }
  }

  function offer(result) {
    save.hidden = send.hidden = false;
    save.onclick = () => download(new Blob([JSON.stringify(result, null, 1)], { type: "application/json" }), "latency.json");
    send.onclick = async () => {
      try {
        await post("/api/benchmarks", result, signal);
        send.hidden = true;
        say("Sent: times, browser and processor count; no photo.");
        await list();
      } catch (error) {
        if (error.name !== "AbortError") say(error.message);
      }
    };
  }

  /** Nothing where there is no server: this page works without one. */
  async function list() {
    const { benchmarks } = await get("/api/benchmarks", signal).catch(() => ({ benchmarks: [] }));
    others.hidden = !benchmarks.length;
    others.replaceChildren(h("h3", {}, "Sent to this server"), table(["Device", "trigger ms", "restore ms"], benchmarks.map(({ machine, measured, median_ms: median }) =>
      [h("span", { title: machine.cpu }, `${machine.system}, ${machine.cores} cores, ${measured}`), ...["trigger", "restore"].map((name) => median[name]?.toFixed(1) ?? "")])));
  }
}

/** The first column is words, the last ones figures. */
function table(heads, rows) {
  const cells = (kind, values) => h("tr", {}, values.map((value) => h(kind, { class: /^[\d.]*$|ms$/.test(value) ? "number" : "" }, value)));
  return h("table", {}, h("thead", {}, cells("th", heads)), h("tbody", {}, rows.map((row) => cells("td", row))));
}
