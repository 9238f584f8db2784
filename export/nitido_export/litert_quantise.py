"""8 bits, 16 bits and half floats for LiteRT, with ai-edge-quantizer and the ranges that we calibrate.

Its recipes leave depth-to-space in float32 between two conversions, and take signed images; both are put
right here: a phone's integer accelerator then takes the whole graph, and a camera's uint8 frame as it is.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]
from ai_edge_litert.tools import flatbuffer_utils  # type: ignore[import-untyped]
from ai_edge_quantizer import quantizer, recipe, recipe_manager  # type: ignore[import-untyped]
from numpy.typing import NDArray

from nitido.bundle.manifest import TensorSpec
from nitido.tensors import is_image
from nitido_export.artifact import Artifact
from nitido_export.calibration import audible, image_ranges, observe, settled
from nitido_export.errors import ConversionFailed
from nitido_export.graphs import Range, Values
from nitido_export.litert_edits import (
    OPERATIONS,
    Side,
    activations,
    any_scale,
    grey_levels,
    keep_whole,
    moves,
    operators,
    stored_spec,
    sums,
    tensor_name,
    unsign,
)
from nitido_export.parity import to_tensor

_RECIPES = {"w8a8": recipe.static_wi8_ai8, "w8a16": recipe.static_wi8_ai16}


def half_weights(artifact: Artifact) -> Artifact:
    """Weights in float16, which GPUs compute with and processors widen once, when they load the file."""
    manager = recipe_manager.RecipeManager()
    manager.add_weight_only_config(
        ".*", "*", num_bits=16, algorithm_key=recipe_manager.AlgorithmName.FLOAT_CASTING
    )
    with contextlib.redirect_stdout(io.StringIO()):
        made = quantizer.Quantizer(artifact.content, manager.get_quantization_recipe()).quantize()
    return replace(artifact, content=bytes(made.quantized_model))


def with_grey_levels(artifact: Artifact) -> Artifact:
    """An artifact of floats whose images go in and come out as uint8: camera frames need no float copy.

    Raises ConversionFailed when it has no images.
    """
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(artifact.content))
    ends: tuple[tuple[Side, tuple[TensorSpec, ...]], ...] = (
        ("inputs", artifact.inputs),
        ("outputs", artifact.outputs),
    )
    images: list[tuple[Side, str]] = [(side, s.name) for side, specs in ends for s in specs if is_image(s)]
    if not images:
        raise ConversionFailed("expected RGB images to take as grey levels, got none; leave -u8 targets out")
    for side, name in images:
        grey_levels(model, side, name)
    content = bytes(flatbuffer_utils.convert_object_to_bytearray(model))
    inputs, outputs = (tuple(stored_spec(model, side, spec) for spec in specs) for side, specs in ends)
    return Artifact(content, f"-u8{artifact.suffix}", inputs, outputs)


def quantise(
    artifact: Artifact,
    dtype: Literal["w8a8", "w8a16"],
    examples: Sequence[Values],
    learned: Sequence[Range | None] = (),
) -> Artifact:
    """A float32 artifact in whole numbers; its ranges are seen on ``examples``.

    ``learned`` has the ranges of what convolutions make, in their order, where those are known already.
    """
    specs = (*artifact.inputs, *artifact.outputs)
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(artifact.content))
    seen = observe(_runs(artifact, activations(model), examples))
    names = {
        entry.name.decode(): tensor_name(model, entry.tensorIndex)
        for entry in (*model.signatureDefs[0].inputs, *model.signatureDefs[0].outputs)
    }
    known = audible(seen, sums(model))
    known |= {names[name]: span for name, span in image_ranges(specs).items()}
    known |= _by_convolution(model, learned)
    span = settled(seen, known, list(moves(model)))
    statistics = {
        name: {"min": np.full((1, 1, 1, 1), low, np.float32), "max": np.full((1, 1, 1, 1), high, np.float32)}
        for name, (low, high) in span.items()
    }
    with contextlib.redirect_stdout(io.StringIO()):
        made = quantizer.Quantizer(artifact.content, _RECIPES[dtype]()).quantize(statistics)
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(made.quantized_model))
    if dtype == "w8a8":  # depth-to-space exists in 8 bits, not in 16
        keep_whole(model)
        for spec in filter(is_image, artifact.inputs):
            unsign(model, "inputs", spec.name)
        for spec in filter(is_image, artifact.outputs):
            unsign(model, "outputs", spec.name)
    else:
        any_scale(model)
    content = bytes(flatbuffer_utils.convert_object_to_bytearray(model))
    inputs, outputs = (
        tuple(stored_spec(model, side, spec) for spec in tensors)
        for side, tensors in (("inputs", artifact.inputs), ("outputs", artifact.outputs))
    )
    return Artifact(content, artifact.suffix, inputs, outputs)


def _runs(
    artifact: Artifact, names: frozenset[str], examples: Sequence[Values]
) -> Iterator[Iterator[tuple[str, NDArray[np.float32]]]]:
    """The tensors of these names, where they hold floats, for each example."""
    interpreter = Interpreter(model_content=artifact.content, experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    places = interpreter.get_signature_runner().get_input_details()
    tensors = [d for d in interpreter.get_tensor_details() if d["dtype"] is np.float32 and d["name"] in names]
    for values in examples:
        for spec in artifact.inputs:
            interpreter.set_tensor(places[spec.name]["index"], to_tensor(values[spec.name], spec))
        interpreter.invoke()
        yield ((d["name"], interpreter.get_tensor(d["index"])) for d in tensors)


def _by_convolution(model: Any, learned: Sequence[Range | None]) -> dict[str, Range]:
    if not any(learned):
        return {}
    made = [tensor_name(model, op.outputs[0]) for op in operators(model, OPERATIONS.CONV_2D)]
    if len(made) != len(learned):
        raise ConversionFailed(
            f"expected {len(learned)} convolutions, whose ranges were learned, the converter made "
            f"{len(made)}; leave the quantised litert targets out"
        )
    return {name: span for name, span in zip(made, learned, strict=True) if span is not None}
