"""Which blur made a photo, by a small network that reads its spectrum; restorers and triggers ask it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nitido.blur import Blur, decode, spectrum
from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import BlurSpace
from nitido.photo.model import Pixels
from nitido.runtime import open_session
from nitido.runtime.session import Session
from nitido.tensors import tensor_to_vector, vector_to_tensor

Numbers = NDArray[np.float32]


class BlurEstimator:
    """Callable on pixels of any size: the most likely blur, and the probability of its family."""

    def __init__(self, network: Callable[[Numbers], Numbers], space: BlurSpace) -> None:
        """``network`` maps a flattened spectrum to the probabilities of ``nitido.blur.grid(space)``."""
        self.space = space
        self._network = network

    @classmethod
    def of(cls, session: Session, space: BlurSpace) -> BlurEstimator:
        """Run by a session of the graph."""
        (input_,), (output,) = session.build.inputs, session.build.outputs

        def network(features: Numbers) -> Numbers:
            found = session.run({input_.name: vector_to_tensor(features, input_)})
            return tensor_to_vector(found[output.name], output)

        return cls(network, space)

    @classmethod
    def open(
        cls,
        bundle: Bundle,
        space: BlurSpace,
        *,
        runtime: str | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> BlurEstimator:
        """Open the graph ``blur`` of a bundle."""
        return cls.of(open_session(bundle, "blur", runtime=runtime, device=device, threads=threads), space)

    def probabilities(self, power: Numbers) -> Numbers:
        """Of each point of the grid, for the ``spectrum`` of a photo in windows of ``space.window``."""
        return self._network(power.ravel())

    def __call__(self, pixels: Pixels) -> tuple[Blur, float]:
        """The blur that made the photo, between points of the grid."""
        return decode(self.probabilities(spectrum(pixels, self.space.window)), self.space)
