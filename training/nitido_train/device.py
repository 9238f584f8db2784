"""Where trainings run: on a GPU where there is one, else on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Protocol, TypeVar, cast, runtime_checkable

import torch
from torch import Tensor

Batch = TypeVar("Batch")


@runtime_checkable
class _NamedTuple(Protocol):
    @classmethod
    def _make(cls, parts: Iterable[Any]) -> Any: ...


_WARMUP = 3
"""Steps before one is recorded: libraries choose their kernels, optimisers make their state."""


def chosen() -> torch.device:
    """The GPU, if torch sees one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def moved(batch: Batch, where: torch.device) -> Batch:
    """A batch of tensors, in tuples, mappings and dataclasses, on another device; on its own it is itself."""
    return cast(Batch, _mapped(batch, lambda tensor: tensor.to(where, non_blocking=True)))


def recorded(step: Callable[[Batch], None]) -> Callable[[Batch], None]:
    """``step`` as a CUDA graph, which is recorded once and played again for each batch."""
    torch.backends.cudnn.benchmark = True
    graph, side = torch.cuda.CUDAGraph(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
    inputs: list[Tensor] = []
    done = 0

    def play(batch: Batch) -> None:
        nonlocal done
        if done < _WARMUP:
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                step(batch)
            torch.cuda.current_stream().wait_stream(side)
        else:
            if done == _WARMUP:
                own = _mapped(batch, torch.clone)
                inputs.extend(_tensors(own))
                with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                    step(own)
            for kept, new in zip(inputs, _tensors(batch), strict=True):
                kept.copy_(new, non_blocking=True)
            graph.replay()
        done += 1

    return play


def _tensors(batch: Any) -> list[Tensor]:
    found: list[Tensor] = []

    def note(tensor: Tensor) -> Tensor:
        found.append(tensor)
        return tensor

    _mapped(batch, note)
    return found


def _mapped(batch: Any, change: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(batch, Tensor):
        return change(batch)
    if isinstance(batch, tuple | list):
        made = [_mapped(part, change) for part in batch]
        return type(batch)._make(made) if isinstance(batch, _NamedTuple) else type(batch)(made)
    if isinstance(batch, Mapping):
        return {key: _mapped(part, change) for key, part in batch.items()}
    if is_dataclass(batch) and not isinstance(batch, type):
        parts = {field.name: getattr(batch, field.name) for field in fields(batch)}
        changed = {name: _mapped(part, change) for name, part in parts.items()}
        if any(changed[name] is not part for name, part in parts.items()):
            return replace(batch, **changed)
    return batch
