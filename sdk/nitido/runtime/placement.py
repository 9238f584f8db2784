"""Which runtime and device a graph was asked to run on, what it got, and why: one object that prints."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attempt:
    """One build on one device, and what became of it."""

    target: str
    device: str
    """``cpu``, ``gpu`` or ``npu``."""
    provider: str
    """What takes the graph there, for example ``xnnpack`` or ``qnn``."""
    outcome: str
    """Why it was not taken; empty for the one that was."""

    def __str__(self) -> str:
        return f"{self.target} on {self.device} through {self.provider}: {self.outcome or 'taken'}"


@dataclass(frozen=True)
class Placement:
    """The attempts for a graph, in their order; of an open session the last one is what runs."""

    runtime: str | None
    """As asked: a runtime, a target, or None for any."""
    device: str
    """As asked: ``auto``, a device, or a provider."""
    attempts: tuple[Attempt, ...] = ()

    @property
    def got(self) -> Attempt | None:
        """What runs the graph, or None when nothing took it."""
        return self.attempts[-1] if self.attempts and not self.attempts[-1].outcome else None

    def __str__(self) -> str:
        taken = self.got
        got = f"got {taken.target} on {taken.device} through {taken.provider}" if taken else "got none"
        first = f"asked for {self.runtime or 'any runtime'} on {self.device}; {got}"
        return "\n".join([first, *(f"  {attempt}" for attempt in self.attempts if attempt.outcome)])
