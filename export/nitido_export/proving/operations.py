"""The operations in a build's file, how many of them an accelerator takes, and which it refuses."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nitido.bundle.manifest import Build

_COUNTS = re.compile(
    r"(\d+) operations will run on the GPU, and the remaining (\d+) operations will run on the CPU"
)
_REFUSED = re.compile(r"not supported by GPU delegate:\n(.*?)\n\d+ operations will run", re.DOTALL)


@dataclass(frozen=True)
class Delegation:
    """What an accelerator takes of a graph."""

    share: float
    partitions: int
    refused: tuple[str, ...] = ()
    """Operations that it leaves, in its own words where it has some."""


def count(build: Build, file: Path) -> dict[str, int]:
    """Operations by kind; empty for formats that do not show them."""
    if build.runtime == "litert":
        return dict(Counter(op["op_name"] for op in _litert_operations(file, plain=True)))
    if build.file.endswith(".onnx"):
        import onnx

        return dict(Counter(node.op_type for node in onnx.load(file).graph.node))
    if build.runtime == "coreml":
        from nitido_export.coreml_session import read

        return read(file.read_bytes()).kinds
    return {}


def xnnpack(file: Path) -> Delegation:
    """How LiteRT shares a graph between XNNPACK and its own kernels."""
    operations = _litert_operations(file, plain=False)
    own = [op for op in operations if op["op_name"] != "DELEGATE"]
    taken = [op for op in operations if op["op_name"] == "DELEGATE"]
    inside = {int(index) for op in taken for index in op["outputs"]}
    made_by = {int(index): op for op in own for index in op["outputs"]}
    wanted = [int(index) for op in taken for index in op["inputs"]] + _results(file)
    left: dict[int, Any] = {}
    while wanted:
        tensor = wanted.pop()
        op = made_by.get(tensor)
        if tensor in inside or op is None or op["index"] in left:
            continue
        left[op["index"]] = op
        wanted += [int(index) for index in op["inputs"]]
    refused = tuple(left[index]["op_name"] for index in sorted(left))
    return Delegation(1 - len(refused) / len(own), len(taken), refused)


def gpu(words: str, whole: bool) -> Delegation:
    """What the GPU delegate printed when it looked at a graph."""
    if whole:
        return Delegation(1.0, 1)
    counts, refused = _COUNTS.search(words), _REFUSED.search(words)
    taken, left = (int(number) for number in counts.groups()) if counts else (0, 1)
    named = tuple(refused.group(1).splitlines()) if refused else ()
    return Delegation(taken / (taken + left), 1 if taken else 0, named)


def _litert_operations(file: Path, *, plain: bool) -> list[Any]:
    """Of the graph as it is in the file (plain), or with the operations that delegates became."""
    return list(_interpreter(file, plain=plain)._get_ops_details())


def _results(file: Path) -> list[int]:
    return [int(tensor["index"]) for tensor in _interpreter(file, plain=True).get_output_details()]


def _interpreter(file: Path, *, plain: bool) -> Any:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType  # type: ignore[import-untyped]

    kind = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if plain else OpResolverType.AUTO
    interpreter = Interpreter(str(file), experimental_op_resolver_type=kind)
    interpreter.allocate_tensors()
    return interpreter
