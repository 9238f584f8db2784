"""The graph ``blur`` of restorers and triggers: their estimator of blur."""

from __future__ import annotations

from nitido.blur import grid, spectrum
from nitido.bundle.manifest import TensorSpec
from nitido_export.graphs import Graph
from nitido_train.nets.blur import SPACE, BlurNet


def blur_estimate(net: BlurNet) -> Graph:
    """A photo's spectrum to the probabilities of the blurs of SPACE."""
    bins = SPACE.window * (SPACE.window // 2 + 1)
    return Graph(
        name="blur",
        net=net,
        inputs=(TensorSpec("spectrum", (1, bins), layout="NC"),),
        outputs=(TensorSpec("probabilities", (1, len(grid(SPACE))), layout="NC"),),
        example=lambda pixels: {"spectrum": spectrum(pixels, SPACE.window).ravel()},
        floats=True,
    )
