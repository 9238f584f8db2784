"""Video networks as bundles: every graph computes what torch does, at any size, and the SDK joins them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from ai_edge_litert import schema_py_generated as schema
from onnx import numpy_helper

from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import VideoTask
from nitido.photo.model import Pixels
from nitido.video.network import VideoNetwork
from nitido_export import building, qnn_backend, targets
from nitido_export.artifact import Artifact
from nitido_export.bundle_writer import write_bundle
from nitido_export.families import open_model
from nitido_export.families.video import GRID
from nitido_export.graphs import Graph
from nitido_train.nets.video import CELLS, PATHS, VideoConfig, VideoNet

GRAPHS = ("see-360", "body", "draw-360-1080")
"""Converting all takes a minute, and they are of three kinds."""
TINY = VideoConfig(width=8, memory=4, blocks=1, convolutions=2, growth=4, fine=4, depth=1)


@pytest.fixture(scope="module")
def net() -> VideoNet:
    return VideoNet(TINY)


@pytest.fixture(scope="module")
def bundle(
    net: VideoNet, save_checkpoint: Any, photos: list[Pixels], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("video")
    model = open_model(save_checkpoint(folder / "video-fast.safetensors", net, TINY, "video"))
    assert {graph.name for graph in model.graphs} == {
        *("body", "see-180", "see-360", "see-720"),
        *(f"draw-{s}-{t}" for s, t in PATHS),
    }
    few = replace(model, graphs=tuple(graph for graph in model.graphs if graph.name in GRAPHS))
    write_bundle(few, folder / "bundle", targets.find(["onnx-fp32", "litert-fp32"]), photos)
    return folder / "bundle"


def test_the_manifest_says_what_goes_in_and_out(bundle: Path) -> None:
    task = Bundle.open(bundle).task(VideoTask)
    assert task.cells == {"180": 1, "360": 2, "720": 4, "1080": 6}
    assert (task.sources, task.targets, task.memory) == ((180, 360, 720), (360, 720, 1080), 4)


def test_the_sdk_computes_what_torch_does_frame_after_frame(bundle: Path, net: VideoNet) -> None:
    source, target = 360, 1080
    rng = np.random.default_rng(0)
    cells = CELLS[source]
    sides = (GRID + 3) * cells, (GRID + 5) * cells
    frames = rng.integers(60, 200, (3, *sides), dtype=np.uint8)
    results = {}
    for runtime in ("onnx", "litert"):
        network = VideoNetwork.of_bundle(Bundle.open(bundle), runtime=runtime)
        state, made = network.empty(network.grid(sides, source)), []
        for frame in frames:
            drawn, state = network.run(frame, state, source, (target,))
            made.append(drawn[target])
        results[runtime] = np.stack(made)
    memory = torch.zeros(1, TINY.memory, GRID + 3, GRID + 5)
    expected = []
    with torch.inference_mode():
        for frame in frames:
            luma, memory = net(
                torch.from_numpy(frame / np.float32(255))[None, None], memory, source, (target,)
            )
            expected.append((luma[0, 0] * 255).round().clamp(0, 255).byte().numpy())
    for made in results.values():  # rounding: only what lies between two grey levels may differ
        assert np.abs(made.astype(int) - np.stack(expected)).max() <= 1
    assert np.stack(expected).std() > 5


def test_only_operations_that_phones_run(bundle: Path) -> None:
    onnx_operations, litert_operations = set(), set()
    for build in Bundle.open(bundle).manifest.builds:
        file = bundle / build.file
        if build.runtime == "onnx":
            onnx_operations |= {node.op_type for node in onnx.load(str(file)).graph.node}
        else:
            model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(file.read_bytes()))
            names = {value: name for name, value in vars(schema.BuiltinOperator).items()}
            litert_operations |= {names[code.builtinCode] for code in model.operatorCodes}
    assert onnx_operations <= {
        "Conv", "Relu", "Add", "Sub", "Mul", "Sigmoid", "Tanh", "Concat", "DepthToSpace",
    }  # fmt: skip
    assert litert_operations <= {
        "CONV_2D", "DEPTHWISE_CONV_2D", "RELU", "ADD", "SUB", "MUL", "LOGISTIC", "TANH", "CONCATENATION",
        "DEPTH_TO_SPACE", "PAD",
    }  # fmt: skip


def test_the_gates_of_the_memory_have_scales_of_their_own(
    net: VideoNet, save_checkpoint: Any, photos: list[Pixels], tmp_path: Path
) -> None:
    model = open_model(save_checkpoint(tmp_path / "video-fast.safetensors", net, TINY, "video"))
    few = tuple(graph for graph in model.graphs if graph.name in ("see-180", "body"))
    loose = replace(targets.TARGETS["onnx-w8a8"], min_psnr_db=30)  # random weights spread their errors
    write_bundle(replace(model, graphs=few), tmp_path / "bundle", (loose,), photos)
    files = {build.graph: build.file for build in Bundle.open(tmp_path / "bundle").manifest.builds}
    assert files["see-180"] == "see-180-fp32.onnx"  # gains nothing from fewer bits
    body = onnx.load(str(tmp_path / "bundle" / files["body"])).graph
    scales = {c.name: float(numpy_helper.to_array(c)) for c in body.initializer if not c.dims}
    read_by = {node.input[0]: node for node in body.node if node.op_type == "DequantizeLinear"}
    stored = {node.input[0]: node.output[0] for node in body.node if node.op_type == "QuantizeLinear"}
    gates = [node for node in body.node if node.op_type in ("Sigmoid", "Tanh")]
    into = [next(raw for raw, kept in stored.items() if read_by[kept].output[0] == g.input[0]) for g in gates]
    made_by = {name: node.op_type for node in body.node for name in node.output}
    assert [made_by[name] for name in into] == ["Conv", "Conv"]
    assert len({scales[read_by[stored[name]].input[1]] for name in into}) == 2
    # What becomes the next memory is floats from there on, and so is the memory that it is made of. Only the
    # layer that recalls it reads it in 8 bits.
    (following,) = (node for node in body.node if "next" in node.output)
    late = [following, *gates, *(node for node in body.node if node.op_type in ("Sub", "Mul"))]
    assert sum("memory" in node.input for node in late) == 2
    assert {name for node in late for name in node.output} & set(stored) == {"next"}
    (recall,) = (node for node in body.node if node.op_type == "Conv" and "recall" in node.input[1])
    assert recall.input[0] == read_by[stored["next"]].output[0]
    (last,) = (node for node in body.node if "features" in node.output)
    assert last.op_type == "DequantizeLinear"  # what decoders round anyway is rounded here


def test_decoders_of_8_bits_take_and_give_grey_levels(
    save_checkpoint: Any, photos: list[Pixels], tmp_path: Path
) -> None:
    coarse = replace(TINY, fine=0)  # as of the network that is fast
    net = VideoNet(coarse)
    model = open_model(save_checkpoint(tmp_path / "video-fast.safetensors", net, coarse, "video"))
    few = replace(model, graphs=tuple(graph for graph in model.graphs if graph.name in GRAPHS))
    loose = replace(targets.TARGETS["onnx-w8a8"], min_psnr_db=28)
    write_bundle(few, tmp_path / "bundle", (loose,), photos)
    bundle = Bundle.open(tmp_path / "bundle")
    build = bundle.select(graph="draw-360-1080", runtime="onnx")
    assert [(spec.name, spec.dtype) for spec in (*build.inputs, *build.outputs)] == [
        ("luma", "uint8"),
        ("features", "float32"),
        ("enlarged", "uint8"),
    ]
    graph = onnx.load(str(bundle.path(build))).graph
    (skip,) = (node for node in graph.node if node.input[0] == "luma_levels")
    (weight,) = (c for c in graph.initializer if c.name == skip.input[1])
    assert weight.data_type == onnx.TensorProto.FLOAT  # 8 bits would lay a pattern over flat areas
    network = VideoNetwork.of_bundle(bundle, runtime="onnx-w8a8")
    frame = np.full((2 * GRID, 2 * GRID), 137, np.uint8)
    frame[:, GRID:] = 60
    made, _ = network.run(frame, network.empty((GRID, GRID)), 360, (1080,))
    with torch.inference_mode():
        memory = torch.zeros(1, coarse.memory, GRID, GRID)
        luma, _ = net(torch.from_numpy(frame / np.float32(255))[None, None], memory, 360, (1080,))
    apart = made[1080].astype(int) - (255 * luma[0, 0]).clamp(0, 255).numpy()
    assert 10 * np.log10(255**2 / np.mean(apart**2)) > 28  # random weights spread their errors
    assert np.abs(apart.mean()) < 1


def test_accelerators_get_no_layer_in_floats(
    net: VideoNet, save_checkpoint: Any, photos: list[Pixels], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = open_model(save_checkpoint(tmp_path / "video-fast.safetensors", net, TINY, "video"))
    few = replace(model, graphs=tuple(graph for graph in model.graphs if graph.name in GRAPHS[1:]))
    made: list[tuple[str, str, set[str], set[str], set[str]]] = []

    def convert(graph: Graph, dtype: str, seen: object) -> Artifact:
        made.append((graph.name, dtype, set(graph.exact), set(graph.finer), set(graph.rounded)))
        return Artifact(b"", ".onnx", graph.inputs, graph.outputs)

    monkeypatch.setitem(building.CONVERTERS, "onnx", convert)
    monkeypatch.setattr(qnn_backend, "convert", lambda graph, artifact, hexagon: artifact)
    building.make(few, targets.find(["onnx-w8a8", "qnn-w8a8"]), photos)
    skip = "net.skips.360-1080"
    assert made == [
        ("body", "w8a8", set(), set(), {"features"}),
        ("body", "w8a8", set(), set(), {"features", "next"}),
        ("draw-360-1080", "w8a8", {skip}, set(), set()),
        ("draw-360-1080", "w8a8", set(), {skip}, set()),
    ]


@pytest.mark.parametrize(
    ("target", "package", "extra"),
    [
        ("coreml-fp16", "coremltools", "coreml"),
        ("coreml-w8", "coremltools", "coreml"),
        ("qnn-w8a16-v75", "onnxruntime_qnn", "qnn"),
    ],
)
def test_the_body_runs_on_phones_accelerators(
    net: VideoNet,
    save_checkpoint: Any,
    photos: list[Pixels],
    tmp_path: Path,
    target: str,
    package: str,
    extra: str,
) -> None:
    pytest.importorskip(package, reason=f"needs {package}: pip install 'nitido[{extra}]'")
    model = open_model(save_checkpoint(tmp_path / "video-fast.safetensors", net, TINY, "video"))
    few = replace(model, graphs=tuple(graph for graph in model.graphs if graph.name == "body"))
    loose = replace(targets.TARGETS[target], min_psnr_db=48)  # random weights spread their errors
    manifest = write_bundle(few, tmp_path / "bundle", (loose,), photos)
    (build,) = manifest.builds
    assert [spec.name for spec in build.inputs] == ["seen", "memory"]  # "state" is a word of Core ML's
    assert build.parity["psnr_db"] >= 48


@pytest.mark.parametrize("path", [(180, 1080), (360, 720), (720, 1080)])
def test_builds_of_one_size_have_features_of_the_coarse_grid(
    net: VideoNet, save_checkpoint: Any, tmp_path: Path, path: tuple[int, int]
) -> None:
    model = open_model(save_checkpoint(tmp_path / "video-fast.safetensors", net, TINY, "video"))
    source, target = path
    graph = next(graph for graph in model.graphs if graph.name == f"draw-{source}-{target}")
    luma, features = (graph.fixed(spec).shape for spec in graph.inputs)
    assert luma == (1, 1, GRID * CELLS[source], GRID * CELLS[source])
    assert features == (1, TINY.width, GRID, GRID)
    with torch.inference_mode():
        made = graph.net(*graph.zeros())
    assert made.shape == (1, 1, GRID * CELLS[target], GRID * CELLS[target])
