"""Sending in the size that a connection carries, against sending in one size: stalls and delivered PSNR."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

import nitido
from nitido.clips import Clip, Planes
from nitido.clips.planes import Plane
from nitido.video.live import LADDER, AdaptiveReceiver, AdaptiveSource, Measurement, Rung
from nitido_bench.live_link import PROPAGATION, Arrived, Link, on_screen, stalls, traces
from nitido_bench.suite import Row
from nitido_train.metrics import psnr

_LATENCY = 0.5
"""Seconds after its capture at which a frame is compared with what is on the screen."""
FIXED = (Rung(180, 200_000), Rung(360, 800_000), Rung(720, 2_500_000))
_AWAY = 1 << 20


@dataclass
class Delivered:
    """What one sender brought over one connection."""

    arrived: list[Arrived] = field(default_factory=list)
    frames: dict[int, Plane] = field(default_factory=dict)
    heights: list[int] = field(default_factory=list)
    sent: list[tuple[float, int, int]] = field(default_factory=list)
    """When, which frame, and bytes."""


def live(bundle: nitido.Bundle, args: argparse.Namespace) -> Iterator[Row]:
    """One row for each connection and sender."""
    frames = read(args.live, args.live_rate, args.live_seconds)
    target = min(frames[0].height, frames[0].width)
    options = (bundle, frames, args.live_rate, target, args.threads)
    fixed = {rung: deliver(*options, None, (rung,)) for rung in FIXED}
    for name, trace in traces(args.live_seconds).items():
        for ladder in (LADDER, *((rung,) for rung in FIXED)):
            adaptive = len(ladder) > 1
            done = deliver(*options, Link(trace), ladder) if adaptive else over(Link(trace), fixed[ladder[0]])
            waits = stalls(done.arrived, args.live_rate)
            heights = np.array(done.heights)
            seen = on_screen(done.arrived, len(frames), args.live_rate, _LATENCY)
            yield {
                "table": "live",
                "model": bundle.manifest.name,
                "connection": name,
                "sender": "adaptive" if len(ladder) > 1 else f"{ladder[0].height}p",
                "mean_kbps": round(float(trace.mean()) / 1000),
                "frames": len(done.arrived),
                "longest_stall": round(max(waits, default=0.0), 2),
                "stalled": round(sum(waits), 2),
                "switches": int(np.count_nonzero(np.diff(heights))),
                "delivered_psnr": round(_delivered(frames, done, seen), 2),
            }


def read(file: Path, rate: float, seconds: float) -> list[Planes]:
    """Frames of a clip at a rate; forwards and backwards where it is short."""
    with Clip(file) as clip:
        every = max(1, round(float(clip.info.rate) / rate))
        kept = [_copied(frame.planes) for frame in clip if frame.number % every == 0]
    there_and_back = kept + kept[-2:0:-1]
    return [there_and_back[number % len(there_and_back)] for number in range(round(rate * seconds))]


def deliver(
    bundle: nitido.Bundle,
    frames: Sequence[Planes],
    rate: float,
    target: int,
    threads: int,
    link: Link | None,
    ladder: Sequence[Rung],
) -> Delivered:
    """Real encoding, decoding and restoring over a simulated connection; None: over one without limits.

    The receiver's measurements reach the sender as late as anything.
    """
    source = AdaptiveSource(target=target, rate=rate, ladder=ladder, start=len(ladder) // 2)
    receiver = AdaptiveReceiver(
        lambda height: nitido.VideoUpscaler.open(bundle.folder, target=height, threads=threads)
    )
    done = Delivered()
    waiting: list[tuple[float, int, bytes]] = []
    answers: list[tuple[float, Measurement]] = []
    for number, frame in enumerate(frames):
        now = number / rate
        answers += _arrive(receiver, waiting, now, done)
        while answers and answers[0][0] <= now:
            source.heard(answers[0][1], answers.pop(0)[0])
        message = source(frame, now)
        done.heights.append(source.rung.height)
        if message is not None:
            done.sent.append((now, number, len(message)))
            arrives = now if link is None else link.send(len(message), now)
            waiting.append((arrives, number, message))
    _arrive(receiver, waiting, float(_AWAY), done)
    return done


def over(link: Link, done: Delivered) -> Delivered:
    """What a sender that knows nothing of the connection brings over it: the same frames, at other times."""
    arrived = [Arrived(number, link.send(size, now)) for now, number, size in done.sent]
    return replace(done, arrived=arrived)


def _arrive(
    receiver: AdaptiveReceiver, waiting: list[tuple[float, int, bytes]], now: float, done: Delivered
) -> list[tuple[float, Measurement]]:
    """Hand over what has arrived; returns what the receiver says to each, and when the sender hears it."""
    said = []
    while waiting and waiting[0][0] <= now:
        time, number, message = waiting.pop(0)
        done.frames[number] = receiver(message, time).y.copy()
        done.arrived.append(Arrived(number, time))
        said.append((time + PROPAGATION, receiver.measurement(time)))
    return said


def _delivered(frames: Sequence[Planes], done: Delivered, seen: Sequence[int | None]) -> float:
    grey = np.full_like(frames[0].y, 128)
    found = [
        psnr(grey if number is None else done.frames[number], frame.y)
        for number, frame in zip(seen, frames, strict=True)
    ]
    return float(np.mean(np.minimum(found, 60.0)))


def _copied(planes: Planes) -> Planes:
    return Planes(planes.y.copy(), planes.u.copy(), planes.v.copy())
