"""The layer rule: which package may import which, read from the source of every module."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = {
    "nitido": "sdk/nitido",
    "nitido_train": "training/nitido_train",
    "nitido_export": "export/nitido_export",
    "nitido_bench": "benchmarks/nitido_bench",
    "nitido_demo": "demo_app/nitido_demo",
}
MAY_IMPORT = {
    "nitido": set(),
    "nitido_train": {"nitido"},
    "nitido_export": {"nitido", "nitido_train"},
    "nitido_bench": {"nitido", "nitido_train", "nitido_export"},
    "nitido_demo": {"nitido"},
}
SDK_DEPENDENCIES = {
    "numpy",
    "PIL",
    "onnxruntime",
    "onnxruntime_qnn",
    "ai_edge_litert",
    "pillow_heif",
    "httpx",
    "av",
}
RUNTIME_HOMES = {
    "av": {"nitido.clips.pyav"},
    "onnxruntime": {"nitido.runtime.onnx", "nitido.runtime.providers"},
    "onnxruntime_qnn": {"nitido.runtime.providers"},
    "ai_edge_litert": {"nitido.runtime.litert", "nitido.runtime.litert_compiled"},
}
SHARED_BY_BACKENDS = {
    "nitido.runtime",
    "nitido.runtime.exact",
    "nitido.runtime.opening",
    "nitido.runtime.placement",
    "nitido.runtime.providers",
    "nitido.runtime.session",
    "nitido.runtime.ways",
}


def violations(root: Path) -> list[str]:
    """Every import below ``root`` that the layer rule forbids, as 'importer:line imports imported'."""
    found = []
    for package, folder in FOLDERS.items():
        for file in sorted((root / folder).rglob("*.py")):
            parts = (package, *file.relative_to(root / folder).with_suffix("").parts)
            module = ".".join(part for part in parts if part != "__init__")
            for imported, line in imports(file, module):
                if is_forbidden(module, imported):
                    found.append(f"{module}:{line} imports {imported}")
    return found


def imports(file: Path, module: str) -> Iterator[tuple[str, int]]:
    """Full names that a module imports, also inside functions and through ``import_module("name")``."""
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_text(), str(file))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parent, *([node.module] if node.module else [])])
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in {"import_module", "__import__"} and isinstance(node.args[0].value, str):
                yield node.args[0].value, node.lineno


def is_forbidden(module: str, imported: str) -> bool:
    """True when ``module`` must not import ``imported``."""
    package, top = module.split(".")[0], imported.split(".")[0]
    if top in FOLDERS and top != package and top not in MAY_IMPORT[package]:
        return True
    if is_inside(module, "nitido_train.recipes.") and is_inside(imported, "nitido_train.recipes."):
        return True
    if package != "nitido":
        return False
    if top not in FOLDERS and top not in sys.stdlib_module_names and top not in SDK_DEPENDENCIES:
        return True
    if top in RUNTIME_HOMES and module not in RUNTIME_HOMES[top]:
        return True
    return is_backend(module) and any(is_inside(imported, other) for other in backends() if other != module)


def is_inside(name: str, prefix: str) -> bool:
    """True when ``name`` is ``prefix`` or something below it."""
    return (
        name.startswith(prefix) if prefix.endswith(".") else name == prefix or name.startswith(prefix + ".")
    )


def backends() -> set[str]:
    """The runtime backends: one module each in ``nitido.runtime``."""
    modules = {
        f"nitido.runtime.{file.stem}" for file in (ROOT / FOLDERS["nitido"] / "runtime").glob("[!_]*.py")
    }
    return (modules | set().union(*RUNTIME_HOMES.values())) - SHARED_BY_BACKENDS


def is_backend(module: str) -> bool:
    """True for a module that is a runtime backend."""
    return module in backends()


def test_no_import_points_against_the_layer_rule() -> None:
    assert violations(ROOT) == []


def test_every_package_is_where_the_rule_looks_for_it() -> None:
    assert [
        package for package, folder in FOLDERS.items() if not (ROOT / folder / "__init__.py").is_file()
    ] == []


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("sdk/nitido/planted.py", "import torch"),
        ("sdk/nitido/planted.py", "def f():\n    from nitido_train.loop import fit"),
        ("sdk/nitido/planted.py", "import scipy.signal"),
        ("sdk/nitido/planted.py", "import importlib\nimportlib.import_module('nitido_demo.server')"),
        ("sdk/nitido/planted.py", "from importlib import import_module\nimport_module('torch')"),
        ("sdk/nitido/planted.py", "import onnxruntime"),
        ("sdk/nitido/runtime/onnx.py", "from nitido.runtime.litert import LitertSession"),
        ("sdk/nitido/runtime/onnx.py", "from nitido.runtime import litert"),
        ("sdk/nitido/runtime/litert.py", "from .onnx import OnnxSession"),
        ("training/nitido_train/nets/planted.py", "import nitido_export"),
        ("training/nitido_train/planted.py", "import nitido_bench.cli"),
        ("training/nitido_train/recipes/planted.py", "from nitido_train.recipes import sr"),
        ("training/nitido_train/recipes/planted.py", "from nitido_train.recipes.sr import train"),
        ("training/nitido_train/recipes/planted.py", "from . import sr"),
        ("export/nitido_export/planted.py", "import nitido_bench"),
        ("benchmarks/nitido_bench/planted.py", "from nitido_demo import server"),
        ("demo_app/nitido_demo/planted.py", "import nitido_train"),
    ],
)
def test_a_planted_violation_is_found(tmp_path: Path, place: str, code: str) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True)
    file.write_text(code + "\n")
    assert len(violations(tmp_path)) == 1


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (
            "sdk/nitido/planted.py",
            "import json\nimport numpy as np\nfrom PIL import Image\nfrom nitido import errors",
        ),
        ("sdk/nitido/runtime/onnx.py", "import onnxruntime\nfrom nitido.runtime.session import Session"),
        (
            "training/nitido_train/recipes/planted.py",
            "import torch\nfrom nitido_train import loop\nimport nitido.blur",
        ),
        ("export/nitido_export/planted.py", "from nitido_train.nets.sr import SrNet\nimport nitido"),
        ("benchmarks/nitido_bench/planted.py", "import nitido, nitido_train.metrics, nitido_export"),
        ("demo_app/nitido_demo/planted.py", "import nitido\nimport starlette"),
    ],
)
def test_what_the_rule_allows_is_not_reported(tmp_path: Path, place: str, code: str) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True)
    file.write_text(code + "\n")
    assert violations(tmp_path) == []
