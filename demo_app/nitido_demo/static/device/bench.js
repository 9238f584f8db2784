// How long each graph takes here, as rows of nitido-bench's suite `latency`.

const WARM_UP = 2, LEAST_RUNS = 5, MOST_RUNS = 30, SECONDS = 1, SIDE = 256;

export async function benchmark(bundles, progress) {
  const rows = [], graphs = Object.values(bundles).flatMap((bundle) => Object.keys(bundle.sessions).map((graph) => [bundle, graph]));
  for (const [bundle, graph] of graphs) {
    progress(`${bundle.manifest.name}, ${graph} (${rows.length + 1} of ${graphs.length})`);
    rows.push(await timed(bundle, graph));
  }
  return rows;
}

async function timed(bundle, graph) {
  const { Tensor, device, threads } = bundle, { build, loadMs } = bundle.sessions[graph], inputs = {};
  for (const { name, shape, layout } of build.inputs) {
    const dims = layout === "NC" ? shape : shape.map((size) => size ?? SIDE);
    const count = dims.reduce((a, b) => a * b, 1);
    inputs[name] = new Tensor("float32", Float32Array.from({ length: count }, Math.random), dims);
  }
  const run = async () => {
    const start = performance.now();
    await bundle.run(graph, inputs);
    return performance.now() - start;
  };
  const first = await run(), runs = [];
  for (let i = 1; i < WARM_UP; i++) await run();
  const end = performance.now() + 1000 * SECONDS;
  while (runs.length < LEAST_RUNS || (performance.now() < end && runs.length < MOST_RUNS)) runs.push(await run());
  const image = build.inputs.find(({ layout }) => layout !== "NC"), at = (percent) => rounded(quantile(runs, percent));
  return {
    table: "latency", model: bundle.manifest.name, graph, target: build.target, device, threads,
    size: image ? `${image.shape[3] ?? SIDE}x${image.shape[2] ?? SIDE}` : "",
    samples: runs.length, median_ms: at(50), iqr_ms: rounded(quantile(runs, 75) - quantile(runs, 25)), p90_ms: at(90), p99_ms: at(99),
    launches: 1, warm_up: WARM_UP, load_ms: rounded(loadMs), first_ms: rounded(first),
  };
}

function quantile(values, percent) {
  const sorted = [...values].sort((a, b) => a - b), place = ((sorted.length - 1) * percent) / 100, below = Math.floor(place);
  return sorted[below] + (sorted[Math.min(below + 1, sorted.length - 1)] - sorted[below]) * (place - below);
}

const rounded = (value) => Math.round(1e4 * value) / 1e4;

/** A result file of nitido-bench, version 1 of its schema. */
export function resultFile(rows, about) {
  return {
    suite: "latency",
    command: "the demo app's page 'This device', button 'Benchmark this phone'",
    measured: new Date().toISOString().slice(0, 10),
    commit: `release ${about.version}`,
    machine: {
      cpu: navigator.userAgent, cores: navigator.hardwareConcurrency || 1, governor: "unknown",
      memory_gib: navigator.deviceMemory ?? 0, system: navigator.userAgentData?.platform || navigator.platform, python: "none: a browser",
    },
    versions: { nitido: about.version, [about.browser_runtime.name]: about.browser_runtime.version },
    rows,
    schema: 1,
  };
}
