"""The one optimisation loop: bf16 autocast, channels_last, EMA, cosine schedule, resume, JSON-lines log.

Recipes that say they can run on a GPU where there is one, all on the CPU.
"""

from __future__ import annotations

import contextlib
import copy
import json
import math
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from nitido_train import device
from nitido_train.muon import Muon, hidden_weights
from nitido_train.stepping import Loss, Training

Batch = TypeVar("Batch")
Net = TypeVar("Net", bound=nn.Module)


@dataclass(frozen=True)
class LoopConfig:
    """How long and how fast to train.

    The learning rates warm up linearly, then fall along a cosine to 1 % of their peaks. Progress along it is
    steps / ``steps`` or minutes / ``minutes``, whichever is further, so that a slow machine still anneals.
    """

    steps: int = 100_000
    minutes: float = math.inf
    learning_rate: float = 1e-3
    muon_learning_rate: float = 0.0
    """Of the convolutions between features, see ``muon``; 0 trains them with AdamW like the others."""
    warmup: int = 500
    ema_decay: float = 0.999
    clip_norm: float = 1.0
    log_every: int = 200
    save_every_minutes: float = 3.0
    evaluate_every: int = 5_000
    bf16: bool = True


@dataclass
class Progress:
    """Where a training run stands."""

    step: int = 0
    minutes: float = 0.0
    commands: list[str] = field(default_factory=list)
    """The command lines that started and resumed the run."""


def describe_command() -> str:
    """The command line that started this process, as one would type it."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    start = f"python -m {spec.name}" if spec else f"python {sys.argv[0]}"
    return " ".join([start, *sys.argv[1:]])


def schedule(config: LoopConfig, progress: Progress) -> float:
    """The share of the peak learning rate at this point of the run."""
    done = min(1.0, max(progress.step / config.steps, progress.minutes / config.minutes))
    cosine = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done))
    return min(1.0, (progress.step + 1) / config.warmup) * cosine


def ema_decay(config: LoopConfig, progress: Progress) -> float:
    """How much of the average the next step keeps: little at first, when weights still change much."""
    step = progress.step + 1
    return min(config.ema_decay, (1 + step) / (10 + step))


def optimisers(net: nn.Module, config: LoopConfig) -> list[torch.optim.Optimizer]:
    """AdamW, and Muon for what it is for where the configuration says so."""
    hidden = hidden_weights(net) if config.muon_learning_rate else []
    chosen = {id(weight) for weight in hidden}
    others = [weight for weight in net.parameters() if id(weight) not in chosen]
    where = others[0].device
    rate, muon_rate = (  # tensors, so that a recorded step sees them change
        torch.tensor(peak, device=where) for peak in (config.learning_rate, config.muon_learning_rate)
    )
    adam = torch.optim.AdamW(
        others, rate, betas=(0.9, 0.99), weight_decay=0.0, capturable=where.type == "cuda"
    )
    return [adam, Muon(hidden, muon_rate)] if hidden else [adam]


def prefetch(batches: Iterator[Batch], depth: int = 4) -> Iterator[Batch]:
    """The same batches, made by a thread while the network computes; errors of the maker are raised here.

    The thread ends with the iterator, and lets go of the photos.
    """
    ready: queue.Queue[Batch | BaseException] = queue.Queue(depth)
    ended = threading.Event()

    def hand_over(item: Batch | BaseException) -> None:
        while not ended.is_set():
            with contextlib.suppress(queue.Full):
                return ready.put(item, timeout=0.2)

    def work() -> None:
        try:
            for batch in batches:
                hand_over(batch)
                if ended.is_set():
                    return
        except BaseException as error:
            hand_over(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        while True:
            item = ready.get()
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        ended.set()


def fit(
    net: Net,
    batches: Iterator[Batch],
    loss: Loss[Net, Batch],
    config: LoopConfig,
    run: Path,
    resume: bool = False,
    evaluate: Callable[[Net], dict[str, float]] | None = None,
    accelerated: bool = False,
) -> tuple[Net, Progress]:
    """Train ``net`` and return its exponential moving average, in evaluation mode, with the progress made.

    ``run`` receives ``log.jsonl`` and ``state.pt``; with ``resume`` the run goes on from ``state.pt``.
    ``evaluate`` and the result are on the CPU. ``accelerated`` promises that the loss stays on its batch's
    device and does the same to every batch: a GPU, where there is one, then records a step and plays it
    again, since small networks are done faster than Python can ask for their layers.
    """
    run.mkdir(parents=True, exist_ok=True)
    where = device.chosen() if accelerated else torch.device("cpu")
    net.to(where, memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing from torch's stubs
    training = Training(net, loss, optimisers(net, config), config.clip_norm, config.bf16)
    progress = Progress()
    state_file = run / "state.pt"
    if resume and state_file.exists():
        state = torch.load(state_file, weights_only=True, map_location=where)
        training.load(state)
        progress = Progress(state["step"], state["minutes"], state["commands"])
    progress.commands.append(describe_command())

    def save_state() -> None:
        partial = state_file.with_suffix(".tmp")
        torch.save({**training.state(), **vars(progress)}, partial)
        partial.replace(state_file)

    def measured() -> dict[str, float]:
        return evaluate(copy.deepcopy(training.average).cpu()) if evaluate is not None else {}

    source = prefetch(batches)
    step = device.recorded(training.step) if where.type == "cuda" else training.step
    minutes_before, started, saved = progress.minutes, time.monotonic(), time.monotonic()
    with (run / "log.jsonl").open("a") as log:

        def write(row: dict[str, float]) -> None:
            log.write(json.dumps(row) + "\n")
            log.flush()

        while progress.step < config.steps and progress.minutes < config.minutes:
            share = schedule(config, progress)
            training.prepare(share, ema_decay(config, progress))
            step(device.moved(next(source), where))
            progress.step += 1
            progress.minutes = minutes_before + (time.monotonic() - started) / 60
            if progress.step % config.log_every == 0:
                mean = float(training.total) / config.log_every
                minutes = round(progress.minutes, 2)
                write(
                    {
                        "step": progress.step,
                        "minutes": minutes,
                        "loss": mean,
                        "lr": share * config.learning_rate,
                    }
                )
                training.total.zero_()
            if progress.step % config.evaluate_every == 0 and evaluate is not None:
                write({"step": progress.step, **measured()})
            if time.monotonic() - saved > 60 * config.save_every_minutes:
                save_state()
                saved = time.monotonic()
    save_state()
    return training.average.cpu(), progress
