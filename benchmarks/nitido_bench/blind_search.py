"""The searching half of the suite ``blind``: how good estimates are, what the judge knows, what it costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from nitido.blind import BlindUpscaler, Effort, Kernel, KernelShape
from nitido.blind.crops import cut, informative
from nitido.blind.judge import Latents
from nitido.blind.known import shrink
from nitido.blind.search import descend
from nitido.blind.space import sample, starts
from nitido.photo.model import Pixels
from nitido_bench.blind_cases import Case, kernel_psnr
from nitido_bench.suite import Row
from nitido_train import blind_search, checkpoint
from nitido_train.metrics import luma, psnr, psnr_y
from nitido_train.nets.blind import BlindConfig, BlindNet

TABLES = ("estimate", "judge", "anytime", "cost")
COLUMNS = (
    ("search", "search", ""),
    ("rounds", "rounds", "d"),
    ("judged", "kernels judged", ".0f"),
    ("kernel_psnr", "PSNR of the kernel, dB", ".2f"),
    ("lr_psnr", "PSNR of the photo made small again, dB", ".2f"),
    ("psnr", "PSNR (Y), dB", ".2f"),
    ("spearman", "Spearman, delta and error by the kernel", ".3f"),
    ("spearman_within", "the same within photos", ".3f"),
    ("spearman_total", "Spearman, delta and whole error", ".3f"),
    ("passes", "time, in passes of the generator", ".1f"),
)
_SAMPLES = 60
"""Kernels of the best-of-samples baseline: about as many as a full search judges."""


def measured(
    table: str,
    upscaler: BlindUpscaler,
    cases: Sequence[Case],
    trained: Path | None,
    plot: Path | None,
) -> Iterator[Row]:
    """Rows of one of ``TABLES``."""
    if table == "estimate":
        yield from estimates(upscaler, cases, trained)
    elif table == "judge":
        yield judged(upscaler, cases)
    elif table == "anytime":
        rows = list(anytime(upscaler, cases))
        if plot is not None:
            draw(rows, plot)
        yield from rows
    else:
        yield cost(upscaler, cases[0].large)


def estimates(upscaler: BlindUpscaler, cases: Sequence[Case], trained: Path | None) -> Iterator[Row]:
    """The search and what it is to be better than, by kernel, by re-degraded photo, by result."""
    rng = np.random.default_rng(2)
    many = tuple(sample(rng, upscaler.scale) for _ in range(_SAMPLES))
    bicubic = KernelShape.bicubic(upscaler.scale)
    searches: dict[str, tuple[tuple[KernelShape, ...], Effort]] = {
        "bicubic, no search": ((bicubic,), Effort(rounds=0)),
        "one random start, refined": ((many[0],), Effort(kept=1)),
        f"best of {_SAMPLES} samples": (many, Effort(rounds=0)),
        "best of the starts": ((), Effort(rounds=0)),
        "starts, refined": ((), Effort()),
    }
    for name, (candidates, effort) in searches.items():
        search = replace(upscaler.estimator, candidates=candidates)
        rows = []
        for case in cases:
            found = search(case.small, effort)
            rows.append((found.judged, *_scored(upscaler, case, found.kernel)))
        yield {"search": name, "photos": len(cases), **_means(rows)}
    latents: dict[str, Callable[[Pixels], tuple[int, Latents]]] = {
        "latents, without derivatives": partial(_latent_search, upscaler)
    }
    if trained is not None:
        latents["latents, gradient descent (torch)"] = partial(_gradient_search, trained)
    for name, find in latents.items():
        values = []
        for case in cases:
            tried, latent = find(case.small)
            result = upscaler.with_latent(case.small, latent)
            values.append((tried, psnr_y(result, case.large, upscaler.scale)))
        tried_mean, psnr_mean = np.mean(values, axis=0)
        yield {
            "search": name,
            "photos": len(cases),
            "judged": round(float(tried_mean), 3),
            "psnr": round(float(psnr_mean), 3),
        }


def _latent_search(upscaler: BlindUpscaler, pixels: Pixels) -> tuple[int, Latents]:
    """As the sdk searches, but along the axes of the latent, from the best start."""
    estimator, cell = upscaler.estimator, upscaler.task.cell
    crops = cut(pixels, informative(pixels, cell, Effort().crops), cell)[None]
    first = np.stack([estimator.latent(shape.kernel(upscaler.scale)) for shape in starts(upscaler.scale)])
    errors = estimator.errors(crops, first[:, None])[:, 0]
    best = [int(errors.argmin())]
    found = descend(
        lambda points: estimator.errors(crops, points.astype(np.float32)),
        first[best].astype(np.float64),
        errors[best],
        Effort().rounds,
        Effort().step,
    )
    tried = len(first) + found.rounds * (2 * first.shape[1] + 1)
    return tried, found.points[0].astype(np.float32)


def _gradient_search(trained: Path, pixels: Pixels) -> tuple[int, Latents]:
    """The reference; each kernel judged costs a backward pass, which takes about as long as two more."""
    net = BlindNet(BlindConfig(**checkpoint.load_provenance(trained).network))
    checkpoint.load_weights(net, trained)
    net.eval().requires_grad_(False)
    found = blind_search.descend(net, pixels)
    return found.judged, found.latent


def _scored(upscaler: BlindUpscaler, case: Case, kernel: Kernel) -> tuple[float, float, float]:
    scale = upscaler.scale
    again = shrink(case.large, kernel, scale)
    return (
        kernel_psnr(kernel, case.kernel),
        psnr(luma(again), luma(case.small), scale),
        psnr_y(upscaler(case.small, kernel), case.large, scale),
    )


def _means(rows: Sequence[tuple[float, ...]]) -> dict[str, float]:
    names = ("judged", "kernel_psnr", "lr_psnr", "psnr")
    return {
        name: round(float(np.mean(column)), 3)
        for name, column in zip(names, zip(*rows, strict=True), strict=True)
    }


def judged(upscaler: BlindUpscaler, cases: Sequence[Case]) -> Row:
    """Spearman's correlation of predicted deltas with true errors, over photos and starts.

    The error by the kernel is the distance to the result with the true kernel, which is what the judge
    predicts; the whole error is that to the photo, of which most is lost whatever the kernel.
    """
    scale, cell = upscaler.scale, upscaler.task.cell
    estimator = upscaler.estimator
    shapes = starts(scale)
    predicted, by_kernel, whole = [], [], []
    for case in cases:
        ((top, left),) = informative(case.small, cell, 1)
        (crop,) = cut(case.small, [(top, left)], cell)
        latents = np.stack([estimator.latent(shape.kernel(scale)) for shape in shapes])
        predicted.append(estimator.judge(np.stack([crop] * len(shapes)), latents))
        inner = slice(8 * scale, -8 * scale)
        known = luma(upscaler(crop, case.kernel))[inner, inner]
        truth = case.large[top * scale : (top + cell) * scale, left * scale : (left + cell) * scale]
        true = luma(truth)[inner, inner]
        results = [luma(upscaler(crop, shape))[inner, inner] for shape in shapes]
        by_kernel.append([float(np.mean((result - known) ** 2)) for result in results])
        whole.append([float(np.mean((result - true) ** 2)) for result in results])
    within = [spearmanr(p, t).statistic for p, t in zip(predicted, by_kernel, strict=True)]
    return {
        "photos": len(cases),
        "spearman": round(float(spearmanr(np.ravel(predicted), np.ravel(by_kernel)).statistic), 4),
        "spearman_within": round(float(np.mean(within)), 4),
        "spearman_total": round(float(spearmanr(np.ravel(predicted), np.ravel(whole)).statistic), 4),
    }


def anytime(upscaler: BlindUpscaler, cases: Sequence[Case]) -> Iterator[Row]:
    """Quality against rounds of refinement."""
    for rounds in range(5):
        rows = []
        for case in cases:
            found = upscaler.estimate(case.small, Effort(rounds=rounds, enough=0.0))
            rows.append((found.judged, *_scored(upscaler, case, found.kernel)))
        yield {"rounds": rounds, "photos": len(cases), **_means(rows)}


def cost(upscaler: BlindUpscaler, photo: Pixels) -> Row:
    """Estimate and result of a 512 x 512 photo, in times of one pass of the generator over it."""
    tiled = np.tile(photo, (-(-512 // photo.shape[0]), -(-512 // photo.shape[1]), 1))[:512, :512]
    pixels = np.ascontiguousarray(tiled)
    shape = KernelShape("gaussian", 1.0, 1.0)
    once: list[float] = []
    both: list[float] = []
    for _ in range(4):  # alternating, so that both meet the same machine
        once.append(_seconds(partial(upscaler, pixels, shape)))
        both.append(_seconds(partial(upscaler, pixels)))
    return {
        "photos": 1,
        "judged": upscaler.estimate(pixels).judged,
        "passes": round(float(np.median(both[1:]) / np.median(once[1:])), 2),
    }


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def draw(rows: Sequence[Row], file: Path) -> None:
    """PSNR of the result and of the kernel against rounds."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, left = pyplot.subplots(figsize=(6, 3.5))
    right = left.twinx()
    rounds = [int(row["rounds"]) for row in rows]
    left.plot(rounds, [float(row["psnr"]) for row in rows], "o-", color="tab:blue")
    right.plot(rounds, [float(row["kernel_psnr"]) for row in rows], "s--", color="tab:orange")
    left.set_xlabel("rounds of refinement")
    left.set_xticks(rounds)
    left.set_ylabel("PSNR (Y) of the photo, dB", color="tab:blue")
    right.set_ylabel("PSNR of the kernel, dB", color="tab:orange")
    figure.tight_layout()
    figure.savefig(file, dpi=120)
    pyplot.close(figure)
