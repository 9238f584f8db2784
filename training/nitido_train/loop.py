"""The one optimisation loop: bf16 autocast, channels_last, EMA, cosine schedule, resume, JSON-lines log."""

from __future__ import annotations

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
from torch import Tensor, nn

from nitido_train.muon import Muon, hidden_weights

Batch = TypeVar("Batch")
Net = TypeVar("Net", bound=nn.Module)
Loss = Callable[[Net, Batch], Tensor]


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


def optimisers(net: nn.Module, config: LoopConfig) -> list[torch.optim.Optimizer]:
    """AdamW, and Muon for what it is for where the configuration says so."""
    hidden = hidden_weights(net) if config.muon_learning_rate else []
    chosen = {id(weight) for weight in hidden}
    others = [weight for weight in net.parameters() if id(weight) not in chosen]
    adam = torch.optim.AdamW(others, lr=config.learning_rate, betas=(0.9, 0.99), weight_decay=0.0)
    return [adam, Muon(hidden, config.muon_learning_rate)] if hidden else [adam]


def prefetch(batches: Iterator[Batch], depth: int = 4) -> Iterator[Batch]:
    """The same batches, made by a thread while the network computes; errors of the maker are raised here."""
    ready: queue.Queue[Batch | BaseException] = queue.Queue(depth)

    def work() -> None:
        try:
            for batch in batches:
                ready.put(batch)
        except BaseException as error:
            ready.put(error)

    threading.Thread(target=work, daemon=True).start()
    while True:
        item = ready.get()
        if isinstance(item, BaseException):
            raise item
        yield item


def fit(
    net: Net,
    batches: Iterator[Batch],
    loss: Loss[Net, Batch],
    config: LoopConfig,
    run: Path,
    resume: bool = False,
    evaluate: Callable[[Net], dict[str, float]] | None = None,
) -> tuple[Net, Progress]:
    """Train ``net`` and return its exponential moving average, in evaluation mode, with the progress made.

    ``run`` receives ``log.jsonl`` and ``state.pt``; with ``resume`` the run goes on from ``state.pt``.
    """
    run.mkdir(parents=True, exist_ok=True)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing from torch's stubs
    average = copy.deepcopy(net).eval().requires_grad_(False)
    made = optimisers(net, config)
    peaks = [optimiser.param_groups[0]["lr"] for optimiser in made]
    progress = Progress()
    state_file = run / "state.pt"
    if resume and state_file.exists():
        state = torch.load(state_file, weights_only=True)
        net.load_state_dict(state["net"])
        average.load_state_dict(state["average"])
        for optimiser, kept in zip(made, state["optimisers"], strict=True):
            optimiser.load_state_dict(kept)
        progress = Progress(state["step"], state["minutes"], state["commands"])
    progress.commands.append(describe_command())

    def save_state() -> None:
        state = {
            "net": net.state_dict(),
            "average": average.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in made],
        }
        partial = state_file.with_suffix(".tmp")
        torch.save({**state, **vars(progress)}, partial)
        partial.replace(state_file)

    source = prefetch(batches)
    minutes_before, started, saved, running = progress.minutes, time.monotonic(), time.monotonic(), 0.0
    with (run / "log.jsonl").open("a") as log:
        while progress.step < config.steps and progress.minutes < config.minutes:
            share = schedule(config, progress)
            for optimiser, peak in zip(made, peaks, strict=True):
                optimiser.param_groups[0]["lr"] = share * peak
            with torch.autocast("cpu", torch.bfloat16, enabled=config.bf16):
                value = loss(net, next(source))
            net.zero_grad(set_to_none=True)
            value.backward()  # type: ignore[no-untyped-call]
            norm = float(nn.utils.clip_grad_norm_(net.parameters(), config.clip_norm))
            if math.isfinite(norm):  # a single bad bf16 step is dropped, not averaged in
                for optimiser in made:
                    optimiser.step()
            progress.step += 1
            progress.minutes = minutes_before + (time.monotonic() - started) / 60
            decay = min(config.ema_decay, (1 + progress.step) / (10 + progress.step))
            with torch.no_grad():
                torch._foreach_lerp_(list(average.parameters()), list(net.parameters()), 1 - decay)
            running += float(value.detach())
            if progress.step % config.log_every == 0:
                row = {
                    "step": progress.step,
                    "minutes": round(progress.minutes, 2),
                    "loss": running / config.log_every,
                }
                log.write(json.dumps({**row, "lr": share * config.learning_rate}) + "\n")
                log.flush()
                running = 0.0
            if evaluate is not None and progress.step % config.evaluate_every == 0:
                log.write(json.dumps({"step": progress.step, **evaluate(average)}) + "\n")
                log.flush()
            if time.monotonic() - saved > 60 * config.save_every_minutes:
                save_state()
                saved = time.monotonic()
    save_state()
    return average, progress
