"""The golden check: catches a runtime that computes something else, runs once, and says how close it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nitido.bundle import Build, Bundle, TensorSpec, read_manifest, write_manifest
from nitido.bundle.golden import Golden, check, read_golden, verify_once
from nitido.errors import BundleInvalid, GoldenMismatch
from nitido.photo.model import Pixels
from nitido.runtime import open_session
from nitido.runtime.function import FunctionSession
from nitido.runtime.session import RuntimeInfo, Tensors

Network = Callable[[Pixels, int], Pixels]
NPU = RuntimeInfo("fancy-npu", "1.0", "npu", "onnx-fp32", None)


class Fake:
    """An accelerator that computes the tiny network, spoils it, and counts its runs."""

    def __init__(self, network: Network, spoil: Callable[[NDArray[np.float32]], Any] | None = None) -> None:
        self.network, self.spoil, self.runs = network, spoil, 0

    def __call__(self, inputs: Tensors) -> Tensors:
        self.runs += 1
        pixels = np.rint(inputs["image"][0].transpose(1, 2, 0) * 255).astype(np.uint8)
        result = self.network(pixels, 2).transpose(2, 0, 1)[None].astype(np.float32)
        result /= 255
        if self.spoil is not None:
            self.spoil(result)
        return {"upscaled": result}

    def session(self, bundle: Bundle, info: RuntimeInfo | None = NPU) -> FunctionSession:
        return FunctionSession(self, bundle.select(), info=info)


def shift_red(image: NDArray[np.float32]) -> None:
    image[:, 0] *= 1.03


def shift_blue_up(image: NDArray[np.float32]) -> None:
    image[:, 2] += 0.03


def swap_red_and_blue(image: NDArray[np.float32]) -> None:
    image[:] = image[:, ::-1].copy()


def move_one_pixel(image: NDArray[np.float32]) -> None:
    image[:] = np.roll(image, 1, axis=3)


def spoil_one_sample(image: NDArray[np.float32]) -> None:
    image[0, 1, 5, 7] = 1 - image[0, 1, 5, 7]


def no_number(image: NDArray[np.float32]) -> None:
    image[0, 1, 5, 7] = np.nan


def infinite_but_clipped(image: NDArray[np.float32]) -> None:
    image[image > 0.999] = np.inf


def two_levels_everywhere(image: NDArray[np.float32]) -> None:
    image += 2 / 255


SPOILERS = [
    shift_red,
    shift_blue_up,
    swap_red_and_blue,
    move_one_pixel,
    spoil_one_sample,
    no_number,
    infinite_but_clipped,
    two_levels_everywhere,
]


@pytest.mark.parametrize("spoil", SPOILERS)
def test_a_subtly_wrong_accelerator_is_refused(
    tiny_bundle: Path, tiny_network: Network, spoil: Callable[[NDArray[np.float32]], None]
) -> None:
    bundle = Bundle.open(tiny_bundle)
    with pytest.raises(
        GoldenMismatch, match=r"on npu .fancy-npu 1\.0.*choose another runtime, device or build"
    ):
        verify_once(bundle, Fake(tiny_network, spoil).session(bundle))


def test_rounding_of_one_level_is_no_mismatch_and_its_size_is_told(
    tiny_bundle: Path, tiny_network: Network
) -> None:
    def nearly(image: NDArray[np.float32]) -> None:
        image -= np.float32(0.9 / 255)

    bundle = Bundle.open(tiny_bundle)
    agreement = verify_once(bundle, Fake(tiny_network, nearly).session(bundle))
    assert agreement.max_abs == pytest.approx(1 / 255)
    assert 0 < agreement.mean_abs <= agreement.max_abs


@pytest.mark.parametrize(("distance", "passes"), [(0.009, True), (0.011, False)])
def test_vectors_may_differ_by_a_hundredth(distance: float, passes: bool) -> None:
    spec = TensorSpec("gains", (1, 3), layout="NC")
    build = Build("main", "onnx-fp32", "x", "00", 1, (replace(spec, name="x"),), (spec,), {})
    values = np.array([0.1, -0.5, 2], np.float32)
    golden = Golden({"x": values}, {"gains": values})
    session = FunctionSession(
        lambda inputs: {"gains": inputs["x"] + np.array([0, 0, distance], np.float32)}, build
    )
    if passes:
        assert check(session, golden).max_abs == pytest.approx(distance, abs=1e-6)
    else:
        with pytest.raises(GoldenMismatch, match=r"differences <= 0\.01, got 0\.011"):
            check(session, golden)


def test_a_passed_check_is_not_run_again(tiny_bundle: Path, tiny_network: Network) -> None:
    fake = Fake(tiny_network)
    first = verify_once(Bundle.open(tiny_bundle), fake.session(Bundle.open(tiny_bundle)))
    again = verify_once(Bundle.open(tiny_bundle), fake.session(Bundle.open(tiny_bundle)))
    assert (fake.runs, again) == (1, first)


@pytest.mark.parametrize(
    "info",
    [
        replace(NPU, version="1.1"),
        replace(NPU, runtime="other"),
        replace(NPU, device="gpu"),
        replace(NPU, target="onnx-w8a8"),
        replace(NPU, threads=1),
    ],
)
def test_another_runtime_device_or_version_is_checked(
    tiny_bundle: Path, tiny_network: Network, info: RuntimeInfo
) -> None:
    bundle, fake = Bundle.open(tiny_bundle), Fake(tiny_network)
    verify_once(bundle, fake.session(bundle))
    verify_once(bundle, fake.session(bundle, info))
    assert fake.runs == 2


def test_a_changed_bundle_is_checked_again(tiny_bundle: Path, tiny_network: Network) -> None:
    fake = Fake(tiny_network)
    bundle = Bundle.open(tiny_bundle)
    verify_once(bundle, fake.session(bundle))
    file = tiny_bundle / "manifest.json"
    file.write_text(write_manifest(replace(read_manifest(file.read_text()), id="f" * 16)))
    bundle = Bundle.open(tiny_bundle)
    verify_once(bundle, fake.session(bundle))
    assert fake.runs == 2


def test_a_failed_check_is_run_again(tiny_bundle: Path, tiny_network: Network) -> None:
    bundle, fake = Bundle.open(tiny_bundle), Fake(tiny_network, shift_red)
    for _ in range(2):
        with pytest.raises(GoldenMismatch):
            verify_once(bundle, fake.session(bundle))
    fake.spoil = None
    verify_once(bundle, fake.session(bundle))
    assert fake.runs == 3


def test_functions_are_always_checked(tiny_bundle: Path, tiny_network: Network) -> None:
    bundle, fake = Bundle.open(tiny_bundle), Fake(tiny_network)
    for _ in range(2):
        verify_once(bundle, fake.session(bundle, info=None))
    assert fake.runs == 2


def test_a_cache_that_cannot_be_written_is_no_error(
    tiny_bundle: Path, tiny_network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("NITIDO_CACHE", str(tmp_path / "file"))
    bundle, fake = Bundle.open(tiny_bundle), Fake(tiny_network)
    for _ in range(2):
        verify_once(bundle, fake.session(bundle))
    assert fake.runs == 2


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"for": {}, "agreement": {}}', "\0"])
def test_a_spoilt_cache_is_not_believed(
    tiny_bundle: Path, tiny_network: Network, own_cache: Path, content: str
) -> None:
    bundle, fake = Bundle.open(tiny_bundle), Fake(tiny_network)
    verify_once(bundle, fake.session(bundle))
    (outcome,) = own_cache.rglob("*.json")
    json.loads(outcome.read_text())
    outcome.write_text(content)
    verify_once(bundle, fake.session(bundle))
    assert fake.runs == 2


def rewrite_golden(folder: Path, edit: Callable[[dict[str, NDArray[Any]]], None]) -> None:
    """Change the golden vectors, and their hash in the manifest."""
    with np.load(folder / "golden.npz") as arrays:
        values = dict(arrays)
    edit(values)
    np.savez_compressed(folder / "golden.npz", **values)
    rehash(folder)


def rehash(folder: Path) -> None:
    file = folder / "manifest.json"
    sha256 = hashlib.sha256((folder / "golden.npz").read_bytes()).hexdigest()
    file.write_text(write_manifest(replace(read_manifest(file.read_text()), golden_sha256=sha256)))


def test_a_bundle_whose_golden_vectors_are_wrong_does_not_open(tiny_bundle: Path) -> None:
    def wrong(values: dict[str, NDArray[Any]]) -> None:
        values["main/out/upscaled"] = 255 - values["main/out/upscaled"]

    rewrite_golden(tiny_bundle, wrong)
    with pytest.raises(GoldenMismatch, match="expected 'upscaled'"):
        open_session(Bundle.open(tiny_bundle))


def without(key: str) -> Callable[[dict[str, NDArray[Any]]], Any]:
    return lambda values: values.pop(key)


def replaced(key: str, value: NDArray[Any]) -> Callable[[dict[str, NDArray[Any]]], Any]:
    return lambda values: values.update({key: value})


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (without("main/in/image"), "'image' as uint8, got nothing"),
        (without("main/out/upscaled"), "'upscaled' as uint8, got nothing"),
        (replaced("main/in/image", np.zeros((8, 8, 3), np.float32)), "'image' as uint8, got float32"),
    ],
)
def test_golden_vectors_that_do_not_fit_are_refused(
    tiny_bundle: Path, edit: Callable[[dict[str, NDArray[Any]]], None], message: str
) -> None:
    rewrite_golden(tiny_bundle, edit)
    with pytest.raises(BundleInvalid, match=message):
        open_session(Bundle.open(tiny_bundle))


def test_golden_images_of_another_size_than_the_builds_are_refused(
    tiny_bundle: Path, tiny_network: Network
) -> None:
    build = Bundle.open(tiny_bundle).select()
    fixed = replace(build, inputs=(replace(build.inputs[0], shape=(1, 3, 16, 16)),))
    with pytest.raises(BundleInvalid, match=r"fit tensor 'image' of shape \(1, 3, 16, 16\)"):
        check(FunctionSession(Fake(tiny_network), fixed), read_golden(tiny_bundle / "golden.npz"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not really", b"\x93NUMPY"])
def test_a_file_that_holds_no_arrays_is_refused(tiny_bundle: Path, content: bytes) -> None:
    (tiny_bundle / "golden.npz").write_bytes(content)
    rehash(tiny_bundle)
    with pytest.raises(BundleInvalid, match="to hold arrays"):
        open_session(Bundle.open(tiny_bundle))


def test_golden_vectors_never_unpickle(tiny_bundle: Path) -> None:
    def pickled(values: dict[str, Any]) -> None:
        values["main/in/image"] = np.array([{"a": 1}], dtype=object)

    with np.load(tiny_bundle / "golden.npz") as arrays:
        values: Mapping[str, Any] = dict(arrays)
    assert values
    rewrite_golden(tiny_bundle, pickled)
    with pytest.raises(BundleInvalid, match="to hold arrays"):
        open_session(Bundle.open(tiny_bundle))


def coarse(bundle: Bundle, fake: Fake, psnr_db: float) -> FunctionSession:
    """A session of a build that says how far it is from torch."""
    build = replace(bundle.select(), target="onnx-w8a8", parity={"psnr_db": psnr_db, "max_abs": 0.05})
    return FunctionSession(fake, build, info=NPU)


def rough(image: NDArray[np.float32]) -> None:
    """Errors of 46 dB, as rounding to few bits leaves them."""
    image += np.random.default_rng(0).normal(0, 10 ** (-46 / 20), image.shape).astype(np.float32)


def test_a_build_of_few_bits_may_be_as_far_away_as_it_says(tiny_bundle: Path, tiny_network: Network) -> None:
    bundle = Bundle.open(tiny_bundle)
    golden, fake = read_golden(bundle.golden()), Fake(tiny_network, rough)
    agreement = check(coarse(bundle, fake, 45), golden)
    assert 3 / 255 < agreement.max_abs < 0.05
    with pytest.raises(GoldenMismatch, match=r"expected 'upscaled' with >= 48\.2 dB.*got 4"):
        check(coarse(bundle, fake, 50), golden)
    with pytest.raises(GoldenMismatch):  # without such a statement the strict limits hold
        check(fake.session(bundle), golden)


# One sample that is a little off, and two grey levels, are less than what such a build says of itself.
@pytest.mark.parametrize("spoil", [s for s in SPOILERS if s not in (spoil_one_sample, two_levels_everywhere)])
def test_a_subtly_wrong_accelerator_of_few_bits_is_refused(
    tiny_bundle: Path, tiny_network: Network, spoil: Callable[[NDArray[np.float32]], None]
) -> None:
    def both(image: NDArray[np.float32]) -> None:
        rough(image)
        spoil(image)

    bundle = Bundle.open(tiny_bundle)
    with pytest.raises(GoldenMismatch):
        check(coarse(bundle, Fake(tiny_network, both), 45), read_golden(bundle.golden()))
