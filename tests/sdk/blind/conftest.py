"""A blind upscaler made of plain functions, whose judge knows the true kernels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from nitido.blind import BlindUpscaler, KernelShape
from nitido.blind.known import moments
from nitido.bundle.manifest import BlindTask, Build, TensorSpec
from nitido.photo.model import Pixels
from nitido.runtime.function import FunctionSession
from nitido.runtime.session import Tensors

LATENT = 4


def latent_of(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logarithms of a kernel's extents as a matrix, and whether it has negative parts."""
    long, short, angle = moments(kernel, 2)
    middle, apart = np.log(long * short + 1e-3) / 2, np.log((long + 1e-3) / (short + 1e-3)) / 2
    negative = float(kernel.min() < -1e-3)
    return np.array([middle, apart * np.cos(2 * angle), apart * np.sin(2 * angle), negative], np.float32)


def _waves(height: int, width: int, left: int = 128, right: int = 128) -> Pixels:
    """Texture everywhere; red tells ``blind`` which of two kernels made the left and the right half."""
    y, x = np.mgrid[0:height, 0:width]
    grey = 128 + 60 * np.sin(x / 2.1) * np.cos(y / 1.7)
    pixels = np.stack([np.where(x < width // 2, left, right), grey, grey], axis=2)
    return pixels.astype(np.uint8)


def _blind(*truths: KernelShape, side: int | None = None) -> BlindUpscaler:
    """Scale 2; where red is 128 + i, truth i made the photo. Blue shows the first latent."""
    known = np.stack([latent_of(truth.kernel(2)) for truth in truths])

    def enlarge(inputs: Tensors) -> Tensors:
        image, degradation = inputs["image"], inputs["degradation"]
        shown = image.copy()
        shown[:, 2] = np.clip(0.5 + 0.2 * degradation[:, 0], 0, 1)
        return {"upscaled": shown.repeat(2, 2).repeat(2, 3)}

    def judge(inputs: Tensors) -> Tensors:
        image, degradation = inputs["image"][0], inputs["degradation"][0]
        which = np.clip(np.round(image[0] * 255).astype(int) - 128, 0, len(known) - 1)
        wrong = degradation - known[which].transpose(2, 0, 1)
        slope = np.abs(np.gradient(image[1], axis=1)) + np.abs(np.gradient(image[1], axis=0))
        error = 0.1 * slope * np.sqrt((wrong**2).sum(axis=0))
        return {"delta": np.repeat(error[None, None], 4, axis=1).astype(np.float32)}

    def session(name: str, run: object, inputs: object, output: TensorSpec) -> FunctionSession:
        build = Build(name, "onnx-fp32", "x", "0" * 64, 1, inputs, (output,), parity={})
        return FunctionSession(run, build)

    image, free = TensorSpec("image", (1, 3, side, side)), TensorSpec("degradation", (1, LATENT, side, side))
    kernel = TensorSpec("kernel", (1, 441), layout="NC")
    mapped = lambda inputs: {"latent": latent_of(inputs["kernel"].reshape(21, 21))[None]}  # noqa: E731
    main = TensorSpec("image", (1, 3, None, None)), TensorSpec("degradation", (1, LATENT, None, None))
    return BlindUpscaler(
        session("main", enlarge, main, TensorSpec("upscaled", (1, 3, None, None))),
        session("kernel", mapped, (kernel,), TensorSpec("latent", (1, LATENT), layout="NC")),
        session("judge", judge, (image, free), TensorSpec("delta", (1, 4, side, side))),
        BlindTask(scale=2, halo=2, tile=48, latent=LATENT, cell=64),
        "blind",
    )


@pytest.fixture
def blind() -> Callable[..., BlindUpscaler]:
    """Makes an upscaler of kernels that made photos."""
    return _blind


@pytest.fixture
def waves() -> Callable[..., Pixels]:
    """Makes photos of a height and width."""
    return _waves
