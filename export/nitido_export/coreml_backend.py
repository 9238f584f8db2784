"""Networks to Core ML: ML Programs for iOS 16 and later, with images in and out, as one zipped package."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import tempfile
import uuid
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from nitido.bundle.manifest import Quantisation, TensorSpec
from nitido.tensors import is_image
from nitido_export.artifact import Artifact
from nitido_export.errors import ConversionFailed, TargetUnavailable
from nitido_export.graphs import Graph, Values
from nitido_export.quiet import quiet
from nitido_export.targets import SIZES, DType

SUFFIX = ".mlpackage.zip"
_GREY = Quantisation(1 / 255, 0)
_EPOCH = (1980, 1, 1, 0, 0, 0)


def convert(graph: Graph, dtype: DType = "fp16", examples: Sequence[Values] = ()) -> Artifact:
    """Convert one graph: float16 inside (float32 where the graph asks for it), ``w8`` with int8 weights."""
    if importlib.util.find_spec("coremltools") is None:
        raise TargetUnavailable(
            "the coreml targets need the package coremltools: pip install 'nitido[coreml]'"
        )
    progress = contextlib.redirect_stderr(io.StringIO())
    with quiet(), progress, tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "graph.mlpackage"
        try:
            model = _model(graph, dtype)
            _check_names(model, graph)
            model.save(str(package))
        except Exception as error:  # the converter raises whatever its passes raise
            raise ConversionFailed(
                f"coremltools could not convert the graph {graph.name}: {error}"
            ) from error
        content = _archive(package)
    inputs, outputs = (tuple(_spec(spec, graph) for spec in specs) for specs in (graph.inputs, graph.outputs))
    sizes = _output_sizes(graph)
    outputs = tuple(replace(spec, shape=_as_stored(spec, sizes[spec.name])) for spec in outputs)
    return Artifact(content, SUFFIX, inputs, outputs)


def _model(graph: Graph, dtype: DType) -> Any:
    import coremltools

    from nitido_export.grey_levels import trace_for_grey_levels

    program = trace_for_grey_levels(graph)
    with torch.no_grad():
        traced = torch.jit.trace(program, graph.zeros(), check_trace=False)  # type: ignore[no-untyped-call]
    precision = coremltools.precision.FLOAT32 if dtype == "fp32" else coremltools.precision.FLOAT16
    model = coremltools.convert(
        traced,
        convert_to="mlprogram",
        minimum_deployment_target=coremltools.target.iOS16,
        compute_precision=precision,
        inputs=[_input(spec, graph) for spec in graph.inputs],
        outputs=[_output(spec) for spec in graph.outputs],
        skip_model_load=True,
    )
    if dtype == "w8":
        from coremltools.optimize import coreml

        settings = coreml.OpLinearQuantizerConfig(mode="linear_symmetric", dtype="int8", weight_threshold=512)
        model = coreml.linear_quantize_weights(model, coreml.OptimizationConfig(global_config=settings))
    return model


def _check_names(model: Any, graph: Graph) -> None:
    """The converter renames tensors that are called as its language's words are, ``state`` for one."""
    description = model.get_spec().description
    found = {tensor.name for tensor in (*description.input, *description.output)}
    wanted = {spec.name for spec in (*graph.inputs, *graph.outputs)}
    if found != wanted:
        raise ValueError(f"expected tensors {', '.join(sorted(wanted))}, got {', '.join(sorted(found))}")


def _input(spec: TensorSpec, graph: Graph) -> Any:
    import coremltools

    shape: Any = graph.fixed(spec).shape
    if not is_image(spec):
        return coremltools.TensorType(name=spec.name, shape=shape)
    free = [other for other in graph.inputs if None in other.shape] == [spec] and graph.size is None
    if free and shape[2:] in SIZES:  # several inputs of listed sizes need iOS 18
        listed = [(1, 3, *size) for size in SIZES]
        shape = coremltools.EnumeratedShapes(shapes=listed, default=shape)
    return coremltools.ImageType(name=spec.name, shape=shape, color_layout=coremltools.colorlayout.RGB)


def _output(spec: TensorSpec) -> Any:
    import coremltools

    if is_image(spec):
        return coremltools.ImageType(name=spec.name, color_layout=coremltools.colorlayout.RGB)
    return coremltools.TensorType(name=spec.name)


def _spec(spec: TensorSpec, graph: Graph) -> TensorSpec:
    """Images as the pixel buffers that they are: grey levels, channels last."""
    spec = graph.fixed(spec)
    if not is_image(spec):
        return spec
    n, c, height, width = spec.shape
    return replace(spec, shape=(n, height, width, c), layout="NHWC", dtype="uint8", quantisation=_GREY)


def _output_sizes(graph: Graph) -> dict[str, tuple[int, ...]]:
    with torch.inference_mode():
        results = graph.net(*graph.zeros())
    results = (results,) if isinstance(results, torch.Tensor) else results
    return {spec.name: tuple(r.shape) for spec, r in zip(graph.outputs, results, strict=True)}


def _as_stored(spec: TensorSpec, shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[0], *shape[2:], shape[1]) if spec.layout == "NHWC" else shape


def _archive(package: Path) -> bytes:
    """A package as a zip file, the same bytes each time: dates and random names leave."""
    from coremltools.proto import Model_pb2

    model = package / "Data/com.apple.CoreML/model.mlmodel"
    described = Model_pb2.Model.FromString(model.read_bytes())
    described.description.metadata.userDefined.clear()
    model.write_bytes(described.SerializeToString(deterministic=True))
    table = package / "Manifest.json"
    table.write_text(_fixed_names(json.loads(table.read_text())))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(path for path in package.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(package.parent).as_posix(), _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, file.read_bytes())
    return stream.getvalue()


def _fixed_names(table: dict[str, Any]) -> str:
    names = {
        old: str(uuid.uuid5(uuid.NAMESPACE_URL, e["path"])) for old, e in table["itemInfoEntries"].items()
    }
    text = json.dumps(table, indent=1, sort_keys=True)
    for old, new in names.items():
        text = text.replace(old, new)
    return json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n"
