// How much a photo would gain from enhancement, and from what (nitido/trigger.py).

import { look } from "./cues.js";

const DEFECTS = {
  deblur: "blurred", denoise: "noisy", deartifact: "compressed", desaturate: "blown highlights", upscale: "few pixels",
};

/** The improvability of pixels, by a bundle with a trigger. */
export async function assess(bundle, pixels) {
  const { task } = bundle;
  const network = async (power) => (await bundle.run("blur", { spectrum: power })).probabilities.data;
  const { image, cues } = await look(pixels, task, network);
  const [score, ...gains] = (await bundle.run("main", { image, cues })).scores.data;
  const factors = Object.fromEntries(task.factors.map((factor, i) => [factor, gains[i]]));
  if (Math.max(pixels.width, pixels.height) > task.upscale_below) factors.upscale = 0;
  return judged(score, factors, task);
}

/** With what follows from the gains and the trigger's thresholds. */
export function judged(score, factors, { threshold, thresholds }) {
  const crossed = Object.keys(thresholds).filter((name) => factors[name] >= thresholds[name]);
  crossed.sort((a, b) => factors[b] - factors[a]);
  const names = Object.keys(thresholds).filter((name) => name !== "upscale");
  const strengths = Object.fromEntries(names.map((name) => [name, Number(crossed.includes(name))]));
  const recommended = score >= threshold;
  return { score, factors, recommended, crossed, strengths, reason: reason(score, factors, recommended, crossed) };
}

function reason(score, factors, recommended, crossed) {
  const signed = (value, digits) => (value >= 0 ? "+" : "") + value.toFixed(digits);
  if (!recommended) return `not worth it: ${signed(score, 2)}`;
  const told = crossed.map((name) => `${DEFECTS[name] ?? name}: ${signed(factors[name], 1)}`);
  return told.join(", ") || `a little of everything: ${signed(score, 1)}`;
}
