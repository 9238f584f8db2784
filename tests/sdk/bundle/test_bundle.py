"""Bundles on disk: found, selected from, and refused when a file is not what the manifest says."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nitido import zoo
from nitido.bundle import Bundle, Manifest, read_manifest, write_manifest
from nitido.bundle.manifest import TriggerTask, UpscaleTask
from nitido.errors import (
    BuildMissing,
    BundleInvalid,
    BundleNotFound,
    BundleTampered,
    BundleTooNew,
    WrongTask,
)


def change(folder: Path, edit: Callable[[Manifest], Manifest]) -> None:
    """Rewrite a bundle's manifest."""
    file = folder / "manifest.json"
    file.write_text(write_manifest(edit(read_manifest(file.read_text()))))


def with_targets(*targets: str) -> Callable[[Manifest], Manifest]:
    def edit(manifest: Manifest) -> Manifest:
        (build,) = manifest.builds
        return dataclasses.replace(
            manifest, builds=tuple(dataclasses.replace(build, target=target) for target in targets)
        )

    return edit


def test_a_bundle_opens_from_a_folder(tiny_bundle: Path) -> None:
    bundle = Bundle.open(tiny_bundle)
    build = bundle.select()
    assert (bundle.folder, bundle.manifest.name, build.target) == (tiny_bundle, "tiny", "onnx-fp32")
    assert bundle.path(build).read_bytes() == (tiny_bundle / "main.onnx").read_bytes()
    assert bundle.task(UpscaleTask).scale == 2


def test_a_zoo_name_means_the_zoo_and_a_path_the_folder(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tiny_bundle, tmp_path / "zoo" / "tiny")
    monkeypatch.setattr(zoo, "_ROOT", tmp_path / "zoo")
    monkeypatch.chdir(tmp_path)
    assert zoo.names() == ["tiny"]
    assert Bundle.open("tiny").folder == zoo.folder("tiny") == tmp_path / "zoo" / "tiny"
    assert Bundle.open(Path("tiny")).folder == Bundle.open("./tiny").folder == Path("tiny")


@pytest.mark.parametrize("name", ["nothing-of-that-name", "../zoo", "", "."])
def test_a_name_that_is_not_in_the_zoo_lists_the_zoo(name: str) -> None:
    with pytest.raises(BundleNotFound, match="it has: "):
        zoo.folder(name)
    with pytest.raises(BundleNotFound, match="the zoo has: "):
        Bundle.open(name + "/nowhere")


def test_every_bundle_of_the_zoo_is_whole() -> None:
    for name in zoo.names():
        bundle = Bundle.open(name)
        assert bundle.manifest.name == name
        assert bundle.golden().is_file()
        for build in bundle.manifest.builds:
            assert bundle.path(build).is_file()


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleNotFound, match=r"with a manifest\.json"):
        Bundle.open(tmp_path)


def test_without_a_wish_onnx_comes_before_litert_and_the_exporters_first_before_others(
    tiny_bundle: Path,
) -> None:
    change(tiny_bundle, with_targets("coreml-fp16", "litert-fp32", "onnx-w8a8", "onnx-fp32"))
    bundle = Bundle.open(tiny_bundle)
    assert bundle.select().target == "onnx-w8a8"
    assert bundle.select(runtime="litert").target == "litert-fp32"
    assert bundle.select(runtime="onnx-fp32").target == "onnx-fp32"
    assert bundle.select(runtime="coreml").target == "coreml-fp16"
    change(tiny_bundle, lambda manifest: dataclasses.replace(manifest, builds=manifest.builds[:2]))
    assert Bundle.open(tiny_bundle).select().target == "litert-fp32"


@pytest.mark.parametrize("runtime", ["coreml", "onnx-fp16", "fp32", ""])
def test_a_missing_build_names_what_there_is_and_the_extra_to_install(
    tiny_bundle: Path, runtime: str
) -> None:
    change(tiny_bundle, with_targets("onnx-fp32", "litert-fp32"))
    with pytest.raises(BuildMissing) as caught:
        Bundle.open(tiny_bundle).select(runtime=runtime)
    assert f"for {runtime}" in str(caught.value)
    assert "onnx-fp32, litert-fp32 (pip install 'nitido[litert]')" in str(caught.value)


def test_a_bundle_only_for_other_systems_says_so(tiny_bundle: Path) -> None:
    change(tiny_bundle, with_targets("coreml-fp16"))
    with pytest.raises(BuildMissing, match="for onnx or litert; it has coreml-fp16"):
        Bundle.open(tiny_bundle).select()


def test_a_missing_graph_names_the_graphs(tiny_bundle: Path) -> None:
    with pytest.raises(BuildMissing, match=r"graph 'blur'.*no such graph, but main"):
        Bundle.open(tiny_bundle).select("blur")


def test_another_task_is_refused(tiny_bundle: Path) -> None:
    with pytest.raises(
        WrongTask, match="expected a bundle whose task is trigger, got tiny, whose task is upscale"
    ):
        Bundle.open(tiny_bundle).task(TriggerTask)


def test_one_flipped_bit_is_found(tiny_bundle: Path) -> None:
    file = tiny_bundle / "main.onnx"
    content = bytearray(file.read_bytes())
    content[-100] ^= 1
    file.write_bytes(content)
    bundle = Bundle.open(tiny_bundle)
    with pytest.raises(BundleTampered, match=r"sha256 .* got .*; get the bundle again"):
        bundle.path(bundle.select())


def test_a_truncated_file_is_found(tiny_bundle: Path) -> None:
    (tiny_bundle / "main.onnx").write_bytes(b"short")
    bundle = Bundle.open(tiny_bundle)
    with pytest.raises(BundleTampered, match="bytes, got 5; get the bundle again"):
        bundle.path(bundle.select())


@pytest.mark.parametrize("file", ["main.onnx", "golden.npz"])
def test_a_missing_file_is_found(tiny_bundle: Path, file: str) -> None:
    (tiny_bundle / file).unlink()
    bundle = Bundle.open(tiny_bundle)
    with pytest.raises(BundleTampered, match=f"{file}, which is missing; get the bundle again"):
        bundle.golden() if file == "golden.npz" else bundle.path(bundle.select())


def test_changed_golden_vectors_are_found(tiny_bundle: Path) -> None:
    with (tiny_bundle / "golden.npz").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(BundleTampered, match=r"golden\.npz"):
        Bundle.open(tiny_bundle).golden()


@pytest.mark.parametrize("file", ["../tiny2/main.onnx", "/etc/hostname"])
def test_a_path_that_leaves_the_folder_is_refused_at_opening(tiny_bundle: Path, file: str) -> None:
    manifest = tiny_bundle / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"main.onnx"', f'"{file}"'))
    with pytest.raises(BundleInvalid, match=r"\$\.builds\[0\]\.file"):
        Bundle.open(tiny_bundle)


@pytest.mark.parametrize("file", ["main.onnx", "golden.npz"])
def test_a_link_that_leaves_the_folder_is_refused(tiny_bundle: Path, tmp_path: Path, file: str) -> None:
    outside = tmp_path / "outside"
    (tiny_bundle / file).rename(outside)
    try:
        (tiny_bundle / file).symlink_to(outside)
    except OSError:
        pytest.skip("this system does not let us make symbolic links")
    with pytest.raises(BundleInvalid, match="a link that leaves it; get the bundle again"):
        Bundle.open(tiny_bundle).golden()


def test_a_bundle_behind_a_link_to_its_folder_opens(tiny_bundle: Path, tmp_path: Path) -> None:
    try:
        (tmp_path / "link").symlink_to(tiny_bundle, target_is_directory=True)
    except OSError:
        pytest.skip("this system does not let us make symbolic links")
    bundle = Bundle.open(tmp_path / "link")
    assert bundle.path(bundle.select()).is_file()


def test_a_newer_bundle_asks_for_an_update(tiny_bundle: Path) -> None:
    manifest = tiny_bundle / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"schema": 1', '"schema": 2'))
    with pytest.raises(BundleTooNew, match="pip install --upgrade nitido"):
        Bundle.open(tiny_bundle)


def test_a_manifest_in_no_known_encoding_or_of_no_sane_size_is_refused(tiny_bundle: Path) -> None:
    (tiny_bundle / "manifest.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(BundleInvalid, match="UTF-8"):
        Bundle.open(tiny_bundle)
    os.truncate(tiny_bundle / "manifest.json", 1 << 30)
    with pytest.raises(BundleInvalid, match="at most 4 MiB"):
        Bundle.open(tiny_bundle)


def test_a_file_is_hashed_once(tiny_bundle: Path) -> None:
    bundle = Bundle.open(tiny_bundle)
    path = bundle.path(bundle.select())
    path.write_bytes(b"")
    assert bundle.path(bundle.select()) == path  # not read again: the object answers for what it saw
