"""The models, opened once when first needed, and their restorer with a progress and a way to stop it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import nitido
from nitido.blind import BlindEnlarger, Stroke
from nitido.blind.enlarger import SCALES
from nitido.bundle.manifest import BlindTask, RestoreTask, UpscaleTask
from nitido.runtime import open_session
from nitido.runtime.session import Session, Tensors
from nitido_demo.settings import Limits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nitido.restorer import Strength

TRIGGERS = ("trigger", "trigger-lite")
Step = Callable[[int], None]
"""Is told how many tiles are done, and may raise to stop the work."""


class Engine:
    """Every model is opened once, and used from several threads: runtimes allow that."""

    def __init__(self, limits: Limits) -> None:
        self._lock = threading.RLock()
        self._opened: dict[str, Any] = {}
        self.room = threading.BoundedSemaphore(2)
        """To be held by a request while it has a decoded photo: memory is bounded by so many."""
        self.max_megapixels = limits.megapixels

    def trigger(self, name: str = "trigger") -> nitido.Trigger:
        """A trigger of the zoo."""
        trigger: nitido.Trigger = self._once(name, lambda: nitido.Trigger.open(name))
        return trigger

    def has_trigger(self) -> bool:
        """Whether the trigger is open: opening it takes a moment, in which a page need not wait."""
        return "trigger" in self._opened

    @property
    def restorer(self) -> nitido.Restorer:
        """The restorer of the zoo."""
        restorer: nitido.Restorer = self._once("restore", nitido.Restorer.open)
        return restorer

    @property
    def downscaler(self) -> nitido.Downscaler:
        """The downscaler of the zoo."""
        downscaler: nitido.Downscaler = self._once("share", nitido.Downscaler.open)
        return downscaler

    def restoring(self, step: Step, started: Callable[[int], None]) -> RestoringInSteps:
        """The restorer for one job: ``started`` is told the number of tiles, ``step`` each that is done."""
        bundle = nitido.Bundle.open("restore")
        sessions = self._once("sessions", lambda: [open_session(bundle, graph) for graph in ("main", "blur")])
        return RestoringInSteps(sessions[0], sessions[1], bundle, step, started)

    def enlarger(self, step: Step) -> nitido.Enlarger:
        """The upscalers of the zoo for one job."""
        names = {scale: f"sr-x{scale}" for scale in (2, 3, 4)}

        def opener(name: str) -> Callable[[], nitido.Upscaler]:
            def opened() -> nitido.Upscaler:
                bundle = nitido.Bundle.open(name)
                session = self._once(name, lambda: open_session(bundle))
                return nitido.Upscaler(_Stepping(session, step), bundle.task(UpscaleTask), bundle.manifest.id)

            return opened

        return nitido.Enlarger({scale: opener(name) for scale, name in names.items()})

    def blind_scales(self) -> tuple[int, ...]:
        """What the zoo's blind upscalers enlarge by; nothing where it has none."""
        return tuple(scale for scale in SCALES if f"blind-x{scale}" in nitido.zoo.names())

    def blind_enlarger(self, step: Step, strokes: tuple[Stroke, ...], varying: bool) -> BlindEnlarger:
        """The blind upscalers of the zoo for one job."""

        def opener(name: str) -> Callable[[], nitido.BlindUpscaler]:
            def opened() -> nitido.BlindUpscaler:
                bundle = nitido.Bundle.open(name)
                graphs = ("main", "kernel", "judge")
                sessions = self._once(name, lambda: [open_session(bundle, graph) for graph in graphs])
                main, kernel, judge = (_Stepping(session, step) for session in sessions)
                task = bundle.task(BlindTask)
                return nitido.BlindUpscaler(main, kernel, judge, task, bundle.manifest.id)

            return opened

        found = {scale: opener(f"blind-x{scale}") for scale in self.blind_scales()}
        return BlindEnlarger(found, strokes=strokes, varying=varying)

    def _once(self, key: str, opener: Callable[[], Any]) -> Any:
        with self._lock:
            if key not in self._opened:
                self._opened[key] = opener()
            return self._opened[key]


class RestoringInSteps:
    """Callable as a ``nitido.Restorer`` is, which does the work."""

    takes_16_bits = True

    def __init__(
        self, main: Session, blur: Session, bundle: nitido.Bundle, step: Step, started: Callable[[int], None]
    ) -> None:
        task = bundle.task(RestoreTask)
        self._restorer = nitido.Restorer(_Stepping(main, step), blur, task, bundle.manifest.id)
        self._tiler = nitido.Tiler(task.tile, task.halo, task.multiple)
        self._started = started
        self.id = self._restorer.id
        self.info = self._restorer.info
        self.factors = self._restorer.factors

    def __call__(self, pixels: NDArray[Any], strength: Strength = 1.0) -> NDArray[Any]:
        """The restored photo."""
        self._started(len(self._tiler.plan(*pixels.shape[:2])))
        restored: NDArray[Any] = self._restorer(pixels, strength)
        return restored


class _Stepping:
    """A session that tells of every run."""

    def __init__(self, session: Session, step: Step) -> None:
        self._session = session
        self._step = step
        self._done = 0
        self.build = session.build
        self.info = session.info
        self.resizable = session.resizable

    def run(self, inputs: Tensors, out: Tensors | None = None) -> Tensors:
        """As the session does."""
        outputs = self._session.run(inputs, out)
        self._done += 1
        self._step(self._done)
        return outputs
