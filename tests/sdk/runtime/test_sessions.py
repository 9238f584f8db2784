"""Sessions: ONNX Runtime against numpy, LiteRT against ONNX Runtime, and what does not open."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nitido.bundle import Build, Bundle, Quantisation, TensorSpec, read_manifest, write_manifest
from nitido.errors import BuildMissing, BundleInvalid, BundleTampered, InvalidOption, RuntimeUnavailable
from nitido.photo.model import Pixels
from nitido.runtime import BACKENDS, open_session
from nitido.runtime.function import FunctionSession
from nitido.runtime.session import Session
from nitido.tensors import pixels_to_tensor, tensor_to_pixels

SIDE = 24


def photo(height: int = SIDE, width: int = SIDE) -> Pixels:
    return np.random.default_rng(5).integers(0, 256, (height, width, 3), dtype=np.uint8)


def run(session: Session, pixels: Pixels) -> NDArray[np.float32]:
    """Image in, unclipped image (H, W, 3) out, whatever the layout."""
    (spec,), (out,) = session.build.inputs, session.build.outputs
    result = session.run({spec.name: pixels_to_tensor(pixels, spec)})[out.name][0]
    return np.asarray(result.transpose(1, 2, 0) if out.layout == "NCHW" else result, np.float32)


def edit_build(folder: Path, **changes: Any) -> None:
    """Change the only build in a bundle's manifest."""
    file = folder / "manifest.json"
    manifest = read_manifest(file.read_text())
    build = dataclasses.replace(manifest.builds[0], **changes)
    file.write_text(write_manifest(dataclasses.replace(manifest, builds=(build,))))


def test_onnx_runtime_computes_what_numpy_does(
    tiny_bundle: Path, tiny_network: Callable[[Pixels, int], Pixels]
) -> None:
    session = open_session(Bundle.open(tiny_bundle), threads=1)
    for pixels in (photo(1, 1), photo(3, 50), photo(40, 30)):
        result = tensor_to_pixels(
            run(session, pixels)[None], TensorSpec("x", (1, None, None, 3), layout="NHWC")
        )
        difference = np.abs(result.astype(int) - tiny_network(pixels, 2))
        assert difference.max() <= 1  # numpy adds in double precision


def test_onnx_runtime_writes_into_arrays_that_it_is_given(tiny_bundle: Path) -> None:
    session = open_session(Bundle.open(tiny_bundle), threads=1)
    (spec,), (result,) = session.build.inputs, session.build.outputs
    inputs = {spec.name: pixels_to_tensor(photo(), spec)}
    expected = session.run(inputs)[result.name]
    kept = np.zeros_like(expected)
    assert session.run(inputs, {result.name: kept})[result.name] is kept
    assert np.array_equal(kept, expected)


def test_the_result_says_what_ran(tiny_bundle: Path) -> None:
    info = open_session(Bundle.open(tiny_bundle), threads=2).info
    assert (info.runtime, info.device, info.target, info.threads) == ("onnx", "cpu", "onnx-fp32", 2)
    assert str(info).startswith("onnx-fp32 on cpu (onnx 1.")


def test_importing_bundles_and_runtimes_loads_no_runtime(tiny_bundle: Path) -> None:
    code = f"""
import sys
import nitido.bundle, nitido.bundle.golden, nitido.runtime, nitido.runtime.function, nitido.upscaler
bundle = nitido.bundle.Bundle.open({str(tiny_bundle)!r})
print(sorted({{"onnxruntime", "ai_edge_litert", "torch"}} & set(sys.modules)))
nitido.runtime.open_session(bundle)
print(sorted({{"onnxruntime", "ai_edge_litert", "torch"}} & set(sys.modules)))
"""
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert (printed.stdout.split("\n")[:2], printed.stderr) == (["[]", "['onnxruntime']"], "")


@pytest.mark.parametrize(("runtime", "package"), [("onnx", "onnxruntime"), ("litert", "ai_edge_litert")])
def test_a_runtime_that_is_not_installed_names_what_to_install(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, runtime: str, package: str
) -> None:
    edit_build(tiny_bundle, target=f"{runtime}-fp32")
    monkeypatch.setitem(sys.modules, package, None)
    for module in (runtime, "providers"):
        monkeypatch.delitem(sys.modules, f"nitido.runtime.{module}", raising=False)
    with pytest.raises(RuntimeUnavailable, match=r"pip install '?(nitido\[litert\]|onnxruntime)"):
        open_session(Bundle.open(tiny_bundle))


def test_a_build_that_only_apps_run_says_so(tiny_bundle: Path) -> None:
    edit_build(tiny_bundle, target="coreml-fp16")
    with pytest.raises(RuntimeUnavailable, match="coreml-fp16, which nitido does not run"):
        open_session(Bundle.open(tiny_bundle), runtime="coreml")


def test_an_unknown_device_names_those_there_are(tiny_bundle: Path) -> None:
    with pytest.raises(RuntimeUnavailable, match=r"among auto, npu, gpu, cpu, .*qnn.*, got 'tpu'"):
        open_session(Bundle.open(tiny_bundle), device="tpu")


@pytest.mark.parametrize("threads", [0, -1])
def test_no_threads_are_refused(tiny_bundle: Path, threads: int) -> None:
    with pytest.raises(InvalidOption, match="leave it out"):
        open_session(Bundle.open(tiny_bundle), threads=threads)


def test_a_missing_build_is_named(tiny_bundle: Path) -> None:
    with pytest.raises(BuildMissing, match="for litert; it has onnx-fp32"):
        open_session(Bundle.open(tiny_bundle), runtime="litert")


@pytest.mark.parametrize("runtime", sorted(BACKENDS))
def test_a_tampered_file_is_never_loaded(tiny_bundle: Path, runtime: str) -> None:
    edit_build(tiny_bundle, target=f"{runtime}-fp32")
    (tiny_bundle / "main.onnx").write_bytes(b"\0" * (tiny_bundle / "main.onnx").stat().st_size)
    with pytest.raises(BundleTampered):
        open_session(Bundle.open(tiny_bundle))


@pytest.mark.parametrize("runtime", sorted(BACKENDS))
@pytest.mark.parametrize("content", [b"nonsense", b"\0" * 5000])
def test_a_file_that_is_no_graph_is_named(tiny_bundle: Path, runtime: str, content: bytes) -> None:
    pytest.importorskip(
        {"onnx": "onnxruntime", "litert": "ai_edge_litert"}[runtime], reason=f"{runtime} is not installed"
    )
    (tiny_bundle / "main.onnx").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    edit_build(tiny_bundle, target=f"{runtime}-fp32", sha256=sha256, bytes=len(content))
    with pytest.raises(BundleInvalid, match=r"to load .*; update"):
        open_session(Bundle.open(tiny_bundle))


IMAGE = TensorSpec("image", (1, 3, None, None))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ((dataclasses.replace(IMAGE, name="picture"),), "tensor 'picture' .* got only image"),
        (
            (dataclasses.replace(IMAGE, shape=(1, 4, None, None)),),
            r"got float32 of shape \(1, 3, None, None\)",
        ),
        ((dataclasses.replace(IMAGE, dtype="float16"),), "as float16 .* got float32"),
        ((dataclasses.replace(IMAGE, shape=(1, None, None, 3), layout="NHWC"),), "got float32 of shape"),
        ((IMAGE, TensorSpec("strength", (1, 4), layout="NC")), "tensor 'strength'"),
    ],
)
def test_a_manifest_that_is_not_about_its_file_is_refused(
    tiny_bundle: Path, inputs: tuple[TensorSpec, ...], message: str
) -> None:
    edit_build(tiny_bundle, inputs=inputs)
    with pytest.raises(BundleInvalid, match=message):
        open_session(Bundle.open(tiny_bundle))


def test_a_build_may_fix_what_its_file_leaves_free(tiny_bundle: Path) -> None:
    edit_build(tiny_bundle, inputs=(dataclasses.replace(IMAGE, shape=(1, 3, SIDE, SIDE)),))
    assert open_session(Bundle.open(tiny_bundle)).build.inputs[0].shape == (1, 3, SIDE, SIDE)


def test_a_function_session_runs_its_function(tiny_bundle: Path) -> None:
    build = Bundle.open(tiny_bundle).select()
    session: Session = FunctionSession(
        lambda inputs: {"upscaled": inputs["image"].repeat(2, 2).repeat(2, 3)}, build
    )
    np.testing.assert_allclose(run(session, photo()), photo().repeat(2, 0).repeat(2, 1) / np.float32(255))
    assert (session.info.runtime, session.build) == ("function", build)


@pytest.fixture(scope="session")
def litert_file(
    tmp_path_factory: pytest.TempPathFactory, tiny_weights: dict[str, NDArray[np.float32]]
) -> Path:
    """The tiny network as a .tflite file, NHWC, for images of 24x24."""
    pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")
    litert_torch = pytest.importorskip("litert_torch", reason="needs litert-torch to make a .tflite file")
    torch = pytest.importorskip("torch", reason="needs torch to make a .tflite file")

    class Tiny(torch.nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, image: Any) -> Any:
            before, after = (torch.from_numpy(tiny_weights[name]) for name in ("before", "after"))
            x = torch.nn.functional.conv2d(image.permute(0, 3, 1, 2), before, padding=1).relu()
            x = torch.nn.functional.interpolate(x, scale_factor=2, mode="nearest")
            return {"upscaled": torch.nn.functional.conv2d(x, after, padding=1).permute(0, 2, 3, 1)}

    file = tmp_path_factory.mktemp("litert") / "main.tflite"
    model = litert_torch.convert(Tiny().eval(), sample_kwargs={"image": torch.zeros(1, SIDE, SIDE, 3)})
    model.export(str(file))
    return file


@pytest.fixture
def two_runtimes(tiny_bundle: Path, litert_file: Path) -> Path:
    """The tiny bundle with a litert-fp32 build beside onnx-fp32."""
    shutil.copy(litert_file, tiny_bundle / "main.tflite")
    file = tiny_bundle / "manifest.json"
    manifest = read_manifest(file.read_text())
    content = litert_file.read_bytes()
    build = Build(
        graph="main",
        target="litert-fp32",
        file="main.tflite",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        inputs=(TensorSpec("image", (1, SIDE, SIDE, 3), layout="NHWC"),),
        outputs=(TensorSpec("upscaled", (1, 2 * SIDE, 2 * SIDE, 3), layout="NHWC"),),
        parity={},
    )
    file.write_text(write_manifest(dataclasses.replace(manifest, builds=(*manifest.builds, build))))
    return tiny_bundle


def test_onnx_runtime_and_litert_agree(two_runtimes: Path) -> None:
    bundle = Bundle.open(two_runtimes)
    onnx, litert = (open_session(bundle, runtime=runtime) for runtime in ("onnx", "litert"))
    assert (onnx.info.target, litert.info.target) == ("onnx-fp32", "litert-fp32")
    difference = np.abs(run(onnx, photo()) - run(litert, photo()))
    assert difference.max() < 1e-5, (difference.max(), difference.mean(), np.argwhere(difference > 1e-5)[:3])


def test_litert_results_are_the_callers_own_and_threads_take_turns(two_runtimes: Path) -> None:
    session = open_session(Bundle.open(two_runtimes), runtime="litert", threads=1)
    photos = [np.roll(photo(), shift, axis=0) for shift in range(4)]
    alone = [run(session, pixels) for pixels in photos]
    together: dict[int, list[NDArray[np.float32]]] = {}

    def work(index: int) -> None:
        together[index] = [run(session, photos[index]) for _ in range(20)]

    workers = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for index, expected in enumerate(alone):
        assert all(np.array_equal(result, expected) for result in together[index])


def test_a_quantisation_that_is_not_the_files_is_refused(two_runtimes: Path) -> None:
    file = two_runtimes / "manifest.json"
    manifest = read_manifest(file.read_text())
    litert = manifest.builds[1]
    from nitido.runtime.litert import _indices

    spec = dataclasses.replace(litert.inputs[0], dtype="int8", quantisation=Quantisation(1 / 255, -128))
    detail = {"dtype": np.int8, "shape": [1, SIDE, SIDE, 3], "index": 4, "quantization": (1 / 255, -128)}
    assert _indices((spec,), {"image": detail}, file) == {"image": 4}
    for wrong in ((1 / 254, -128), (1 / 255, 0), (0.0, 0)):
        with pytest.raises(BundleInvalid, match="the manifest's quantisation"):
            _indices((spec,), {"image": {**detail, "quantization": wrong}}, file)
