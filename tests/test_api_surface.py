"""What ``import nitido`` offers: these names, documented, and at no cost before they are used."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Iterator

import pytest

import nitido

PUBLIC = [
    "BlindUpscaler",
    "Bundle",
    "Colorizer",
    "Downscaler",
    "Enhancer",
    "Enlarger",
    "Face",
    "FaceDetector",
    "FaceUpscaler",
    "FunctionSession",
    "Gallery",
    "Improvability",
    "KernelEstimate",
    "KernelMap",
    "KernelShape",
    "Metadata",
    "Monitor",
    "NitidoError",
    "Outcome",
    "Photo",
    "Pixels",
    "Placement",
    "Policy",
    "Quality",
    "QualityScorer",
    "Remote",
    "Restorer",
    "Scorer",
    "Session",
    "Size",
    "Stroke",
    "Suggestion",
    "Tiler",
    "Trigger",
    "UpscaledFace",
    "UpscaledPhoto",
    "Upscaler",
    "VideoUpscaler",
    "__version__",
    "copy_photo",
    "errors",
    "read_photo",
    "write_photo",
    "zoo",
]
"""Every exported name. A change here is a change of the public contract: say so in CHANGELOG.md."""

ERRORS = [
    "BuildMissing",
    "BundleError",
    "BundleInvalid",
    "BundleNotFound",
    "BundleTampered",
    "BundleTooNew",
    "CannotWrite",
    "ClipDamaged",
    "ClipError",
    "ClipUnsupported",
    "DestinationExists",
    "DestinationIsSource",
    "GalleryError",
    "GoldenMismatch",
    "InvalidOption",
    "NitidoError",
    "NotAClip",
    "NotAPhoto",
    "NotGreyscale",
    "PairMismatch",
    "PhotoDamaged",
    "PhotoError",
    "PhotoTooLarge",
    "PhotoUnsupported",
    "RemoteError",
    "RemoteRefused",
    "RemoteUnavailable",
    "RuntimeUnavailable",
    "WriteError",
    "WrongTask",
]

HEAVY = ("onnxruntime", "torch", "ai_edge_litert", "pillow_heif", "scipy", "sqlite3", "httpx", "av")


def public_things() -> Iterator[tuple[str, object]]:
    """Every exported thing, and every public method and property of every exported class."""
    for name in PUBLIC:
        thing = getattr(nitido, name)
        if not (inspect.isclass(thing) or inspect.isfunction(thing) or inspect.ismodule(thing)):
            continue
        yield name, thing
        if inspect.isclass(thing):
            for member, value in vars(thing).items():
                documented = inspect.isfunction(value) or isinstance(
                    value, property | classmethod | staticmethod
                )
                if documented and (not member.startswith("_") or member == "__call__"):
                    yield f"{name}.{member}", value


def modules_after(statement: str) -> set[str]:
    """What a fresh interpreter has loaded after ``statement``."""
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    return set(
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        ).stdout.split()
    )


def test_the_exported_names_are_the_committed_list() -> None:
    assert sorted(nitido.__all__) == PUBLIC
    assert [name for name in PUBLIC if not hasattr(nitido, name)] == []


def test_the_errors_are_the_committed_list() -> None:
    classes = inspect.getmembers(nitido.errors, inspect.isclass)
    assert sorted(name for name, _ in classes) == ERRORS
    assert [name for name, error in classes if not issubclass(error, nitido.NitidoError)] == []


def test_everything_public_has_a_docstring() -> None:
    things = dict(public_things())
    assert {
        "Trigger.open",
        "Trigger.__call__",
        "Photo.width",
    } <= things.keys()  # else this test looked at nothing
    assert [name for name, thing in things.items() if not inspect.getdoc(thing)] == []


@pytest.mark.parametrize(
    "name",
    [
        "Trigger",
        "Scorer",
        "Restorer",
        "Upscaler",
        "BlindUpscaler",
        "Colorizer",
        "Enhancer",
        "FaceDetector",
        "FaceUpscaler",
        "VideoUpscaler",
    ],
)
def test_every_open_takes_a_bundle_and_what_to_run_it_on(name: str) -> None:
    parameters = inspect.signature(getattr(nitido, name).open).parameters
    first = next(iter(parameters.values()))
    assert first.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert first.default is not inspect.Parameter.empty  # the zoo's own
    keywords = {p.name for p in parameters.values() if p.kind is inspect.Parameter.KEYWORD_ONLY}
    assert {"runtime", "device", "threads"} <= keywords


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Sharpener"):
        nitido.Sharpener  # noqa: B018 - the access is what is tested


@pytest.mark.parametrize("statement", ["import nitido", "import nitido.cli"])
def test_importing_loads_no_runtime_and_no_image_plugins(statement: str) -> None:
    loaded = modules_after(statement)
    assert [name for name in HEAVY if name in loaded] == []
    assert [name for name in loaded if name.startswith("PIL.") and name.endswith("Plugin")] == []


def test_the_tools_of_other_layers_stay_out_when_everything_public_is_used() -> None:
    loaded = modules_after("import nitido\nfor name in nitido.__all__: getattr(nitido, name)")
    assert {"nitido.photo", "nitido.trigger"} <= loaded
    assert [
        name for name in ("onnxruntime", "torch", "ai_edge_litert", "nitido_train") if name in loaded
    ] == []
