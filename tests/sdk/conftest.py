"""A tiny bundle that works, made on the spot, and a cache folder that no other test sees."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nitido.bundle.manifest import Build, Manifest, TensorSpec, UpscaleTask
from nitido.bundle.schema import write_manifest
from nitido.enlarger import Enlarger
from nitido.photo.model import Pixels
from nitido.runtime.function import FunctionSession
from nitido.runtime.session import Tensors
from nitido.upscaler import Upscaler

GOLDEN_SIDE = 24
HALO = 2
"""Two 3x3 convolutions, the second after enlarging: two input pixels at most."""


class MakeBundle(Protocol):
    """What the fixture ``make_bundle`` gives."""

    def __call__(self, folder: Path, *, scale: int = 2, name: str = "tiny") -> Path:
        """Write a bundle to ``folder``, which is made, and return it."""


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of this test alone."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("NITIDO_CACHE", str(folder))
    return folder


@pytest.fixture
def tiny_bundle(tmp_path: Path, make_bundle: MakeBundle) -> Path:
    """Folder of a bundle that enlarges twice: main as onnx-fp32, any size, golden vectors of 24x24."""
    return make_bundle(tmp_path / "tiny")


@pytest.fixture(scope="session")
def tiny_weights() -> dict[str, NDArray[np.float32]]:
    """Of the network ``conv(nearest(relu(conv(image))))``: near the identity, so that little is clipped."""
    random = np.random.default_rng(7)
    identity = np.zeros((3, 3, 3, 3), np.float32)
    identity[range(3), range(3), 1, 1] = 1
    return {
        name: identity + random.normal(0, 0.02, identity.shape).astype(np.float32)
        for name in ("before", "after")
    }


@pytest.fixture(scope="session")
def tiny_network(tiny_weights: dict[str, NDArray[np.float32]]) -> Callable[[Pixels, int], Pixels]:
    """The tiny network in numpy, pixels and scale to pixels: an implementation that shares no code."""

    def run(pixels: Pixels, scale: int) -> Pixels:
        x = np.maximum(_convolve(pixels / 255, tiny_weights["before"]), 0)
        x = _convolve(x.repeat(scale, 0).repeat(scale, 1), tiny_weights["after"])
        return np.floor(np.clip(x * 255 + 0.5, 0, 255)).astype(np.uint8)

    return run


@pytest.fixture(scope="session")
def make_bundle(
    tiny_weights: dict[str, NDArray[np.float32]], tiny_network: Callable[[Pixels, int], Pixels]
) -> MakeBundle:
    """Writes bundles of the tiny network."""

    def make(folder: Path, *, scale: int = 2, name: str = "tiny") -> Path:
        folder.mkdir(parents=True)
        pixels = np.random.default_rng(1).integers(0, 256, (GOLDEN_SIDE, GOLDEN_SIDE, 3), dtype=np.uint8)
        vectors: Any = {"main/in/image": pixels, "main/out/upscaled": tiny_network(pixels, scale)}
        np.savez_compressed(folder / "golden.npz", **vectors)
        content = _onnx_model(tiny_weights, scale)
        (folder / "main.onnx").write_bytes(content)
        build = Build(
            graph="main",
            target="onnx-fp32",
            file="main.onnx",
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
            inputs=(TensorSpec("image", (1, 3, None, None)),),
            outputs=(TensorSpec("upscaled", (1, 3, None, None)),),
            parity={"max_abs": 0.0},
        )
        manifest = Manifest(
            name=name,
            id="0123456789abcdef",
            description="Enlarges, for tests.",
            licence="Apache-2.0",
            task=UpscaleTask(scale=scale, halo=HALO, tile=64),
            builds=(build,),
            golden_sha256=hashlib.sha256((folder / "golden.npz").read_bytes()).hexdigest(),
            provenance={},
        )
        (folder / "manifest.json").write_text(write_manifest(manifest), encoding="utf-8")
        return folder

    return make


def bicubic_upscaler(scale: int) -> Upscaler:
    """Pillow's bicubic interpolation as a network: exact on ramps, reaches two pixels far, of any size."""

    def run(inputs: Tensors) -> Tensors:
        planes = [
            np.asarray(
                Image.fromarray(plane).resize(
                    (plane.shape[1] * scale, plane.shape[0] * scale), Image.Resampling.BICUBIC
                )
            )
            for plane in inputs["image"][0]
        ]
        return {"upscaled": np.stack(planes)[None]}

    free = (1, 3, None, None)
    specs = (TensorSpec("image", free),), (TensorSpec("upscaled", free),)
    build = Build("main", "onnx-fp32", "x", "0" * 64, 1, *specs, parity={})
    return Upscaler(FunctionSession(run, build), UpscaleTask(scale, halo=2, tile=32), f"bicubic{scale}")


@pytest.fixture
def bicubic_enlarger() -> Enlarger:
    """An enlarger of bicubic networks for 2, 3 and 4, which are opened when needed."""
    return Enlarger({scale: functools.partial(bicubic_upscaler, scale) for scale in (2, 3, 4)}, "bicubic")


def _convolve(x: NDArray[np.float64], weight: NDArray[np.float32]) -> NDArray[np.float64]:
    """3x3 with zero padding, (H, W, 3), weights (out, in, 3, 3)."""
    padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
    height, width = x.shape[:2]
    taps = [
        padded[dy : dy + height, dx : dx + width] @ weight[:, :, dy, dx].T
        for dy in range(3)
        for dx in range(3)
    ]
    total: NDArray[np.float64] = np.sum(taps, axis=0)
    return total


def _onnx_model(weights: dict[str, NDArray[np.float32]], scale: int) -> bytes:
    onnx: Any = pytest.importorskip("onnx", reason="needs onnx to make a model file")
    helper, float32 = onnx.helper, onnx.TensorProto.FLOAT
    scales = np.array([1, 1, scale, scale], np.float32)
    constants = [
        onnx.numpy_helper.from_array(value, key) for key, value in {**weights, "scales": scales}.items()
    ]
    nearest = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    nodes = [
        helper.make_node("Conv", ["image", "before"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Resize", ["b", "", "scales"], ["c"], **nearest),
        helper.make_node("Conv", ["c", "after"], ["upscaled"], pads=[1, 1, 1, 1]),
    ]
    image = helper.make_tensor_value_info("image", float32, [1, 3, "height", "width"])
    upscaled = helper.make_tensor_value_info("upscaled", float32, [1, 3, "tall", "wide"])
    graph = helper.make_graph(nodes, "tiny", [image], [upscaled], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    content: bytes = model.SerializeToString(deterministic=True)
    return content
