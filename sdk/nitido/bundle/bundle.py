"""A bundle on disk: finds it, reads its manifest, and hands out files only after checking their hash."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TypeVar

from nitido import zoo
from nitido.bundle.manifest import Build, Manifest
from nitido.bundle.schema import read_manifest
from nitido.errors import BuildMissing, BundleInvalid, BundleNotFound, BundleTampered, WrongTask

GOLDEN = "golden.npz"
PREFERENCE = ("onnx", "litert")
"""Runtimes in the order in which they are chosen when none is asked for."""

_EXTRAS = {"litert": "litert", "coreml": "coreml", "qnn": "qnn"}
_LARGEST_MANIFEST = 4 << 20

T = TypeVar("T")


class Bundle:
    """A checked model bundle; make one with ``Bundle.open``."""

    def __init__(self, folder: Path, text: str) -> None:
        """``text`` is the manifest of the bundle in ``folder``. Raises BundleInvalid or BundleTooNew."""
        self.folder = folder
        self.manifest: Manifest = read_manifest(text)
        self.digest = hashlib.sha256(text.encode()).hexdigest()
        """Hash of the manifest, which holds all other files' hashes: names the bundle's exact contents."""
        self._checked: dict[str, Path] = {}
        for build in self.manifest.builds:
            self._inside(build.file)

    @classmethod
    def open(cls, name_or_folder: str | os.PathLike[str]) -> Bundle:
        """Open a bundle of the zoo by its name, or any other by its folder.

        A plain ``str`` that is a name in the zoo means that bundle, even where a folder has the same
        name; write ``./name`` or pass a ``Path`` for the folder. Files are read and checked when asked for.
        Raises BundleNotFound, BundleInvalid, BundleTooNew.
        """
        if isinstance(name_or_folder, str) and name_or_folder in zoo.names():
            folder = zoo.folder(name_or_folder)
        else:
            folder = Path(name_or_folder)
        path = folder / "manifest.json"
        if not path.is_file():
            raise BundleNotFound(
                f"expected a bundle's folder (with a manifest.json) or a name of the zoo, "
                f"got '{name_or_folder}'; the zoo has: {', '.join(zoo.names()) or 'none'}"
            )
        if path.stat().st_size > _LARGEST_MANIFEST:
            raise BundleInvalid(f"expected {path} to be at most 4 MiB; get the bundle again")
        try:
            return cls(folder, path.read_bytes().decode())
        except UnicodeDecodeError as error:
            raise BundleInvalid(f"expected {path} to be UTF-8, got {error}; get the bundle again") from error

    def builds(self, graph: str = "main") -> tuple[Build, ...]:
        """The builds of one graph, in the order of the manifest: the exporter's order of preference."""
        return tuple(build for build in self.manifest.builds if build.graph == graph)

    def select(self, graph: str = "main", runtime: str | None = None) -> Build:
        """The first build for a runtime (``onnx``) or target (``onnx-fp32``); None tries ONNX, then LiteRT.

        Raises BuildMissing, whose message lists what there is.
        """
        builds = self.builds(graph)
        for wanted in PREFERENCE if runtime is None else (runtime,):
            for build in builds:
                if wanted in (build.runtime, build.target):
                    return build
        wanted = runtime or " or ".join(PREFERENCE)
        have = ", ".join(build.target + _extra(build) for build in builds)
        graphs = ", ".join(sorted({build.graph for build in self.manifest.builds}))
        raise BuildMissing(
            f"expected {self.manifest.name} to have a build of its graph '{graph}' for {wanted}; "
            f"it has {have or 'no such graph, but ' + graphs}; choose one of those"
        )

    def path(self, build: Build) -> Path:
        """The build's file, its size and sha256 checked once per bundle object. Raises BundleTampered."""
        return self._check(build.file, build.sha256, build.bytes)

    def golden(self) -> Path:
        """The file with the golden vectors, checked likewise. Raises BundleTampered."""
        return self._check(GOLDEN, self.manifest.golden_sha256, None)

    def task(self, kind: type[T]) -> T:
        """The manifest's task, which must be of this class. Raises WrongTask."""
        task = self.manifest.task
        if not isinstance(task, kind):
            wanted = kind.__name__.removesuffix("Task").lower()
            raise WrongTask(
                f"expected a bundle whose task is {wanted}, got {self.manifest.name}, "
                f"whose task is {task.kind}; open another bundle"
            )
        return task

    def _inside(self, file: str) -> Path:
        """The file's path; the manifest's rules have refused ``..``, here symbolic links are."""
        path = self.folder / file
        if not path.resolve().is_relative_to(self.folder.resolve()):
            raise BundleInvalid(
                f"expected {file} of {self.manifest.name} to lie in the bundle's folder, "
                f"got a link that leaves it; get the bundle again"
            )
        return path

    def _check(self, file: str, sha256: str, size: int | None) -> Path:
        if file not in self._checked:
            path = self._inside(file)
            if not path.is_file():
                raise BundleTampered(f"expected {path}, which is missing; get the bundle again")
            if size is not None and path.stat().st_size != size:
                raise BundleTampered(
                    f"expected {path} to have {size} bytes, got {path.stat().st_size}; get the bundle again"
                )
            with path.open("rb") as stream:
                got = hashlib.file_digest(stream, "sha256").hexdigest()
            if got != sha256:
                raise BundleTampered(
                    f"expected {path} to have sha256 {sha256}, got {got}; get the bundle again"
                )
            self._checked[file] = path
        return self._checked[file]


def _extra(build: Build) -> str:
    extra = _EXTRAS.get(build.runtime)
    return f" (pip install 'nitido[{extra}]')" if extra else ""
