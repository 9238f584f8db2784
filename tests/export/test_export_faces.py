"""Face networks export like all others; the published detector is imported exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import nn

import nitido
from nitido.bundle.manifest import FaceTask
from nitido.photo.model import Pixels
from nitido_export import cli, targets
from nitido_export.bundle_writer import write_bundle
from nitido_export.errors import CheckpointMismatch, CheckpointMissing, ParityError
from nitido_export.families import open_model
from nitido_export.import_yunet import import_yunet
from nitido_train import checkpoint
from nitido_train.nets.face import FaceConfig, FaceNet
from nitido_train.nets.yunet import STRIDES, YunetConfig, YunetNet

from .conftest import SaveCheckpoint

BRANCHES = {"cls": (0, 1), "bbox": (2, 6), "obj": (1, 2), "kps": (6, 16)}
"""In the order of the published file, with our channels."""


def test_the_detector_becomes_a_bundle_that_the_sdk_opens(
    save_checkpoint: SaveCheckpoint, photos: list[Pixels], tmp_path: Path
) -> None:
    config = YunetConfig(stem=4, width=8)
    file = save_checkpoint(
        tmp_path / "faces.safetensors",
        YunetNet(config),
        config,
        "yunet",
        config={"file": "yunet.onnx", "sha256": "0" * 64, "origin": "a test"},
    )
    tensors = load_file(file)  # both convolutions before a ReLU make up for it: one should
    save_file({k: v * (0.7 if "point" in k else 1) for k, v in tensors.items()}, file)
    manifest = write_bundle(
        open_model(file), tmp_path / "faces", targets.find(["onnx-fp32", "litert-fp32"]), photos
    )
    assert isinstance(manifest.task, FaceTask)
    assert {build.target for build in manifest.builds} == {"onnx-fp32", "litert-fp32"}
    found = [
        nitido.FaceDetector.open(tmp_path / "faces", runtime=runtime, confidence=0.5, smallest=20)(
            photos[0][:200]
        )
        for runtime in ("onnx", "litert")
    ]
    assert isinstance(found[0], tuple)
    card = (tmp_path / "faces" / "MODEL_CARD.md").read_text()
    assert "those of `yunet.onnx` from a test" in card
    assert "knows nothing of whose" in card


def test_the_face_network_becomes_an_upscaler_of_eight_times(
    save_checkpoint: SaveCheckpoint, photos: list[Pixels], tmp_path: Path
) -> None:
    config = FaceConfig(width=8, middle=4, fine=4, depth=1)
    file = save_checkpoint(tmp_path / "face-x8.safetensors", FaceNet(config), config, "face")
    write_bundle(open_model(file), tmp_path / "face-x8", targets.find(["onnx-fp32", "litert-fp32"]), photos)
    crop = np.ascontiguousarray(photos[0][:12, :13])
    onnx, litert = (
        nitido.Upscaler.open(tmp_path / "face-x8", runtime=runtime)(crop) for runtime in ("onnx", "litert")
    )
    assert onnx.shape == (96, 104, 3)
    assert np.abs(onnx.astype(int) - litert).max() <= 1  # values between two grey levels
    assert "Never take its result for evidence" in (tmp_path / "face-x8" / "MODEL_CARD.md").read_text()


def test_the_published_detector_is_imported_exactly(photos: list[Pixels], tmp_path: Path) -> None:
    net = random_yunet()
    (tmp_path / "yunet.onnx").write_bytes(published_form(net))
    import_yunet(tmp_path / "yunet.onnx", tmp_path / "faces.safetensors", photos)
    again = YunetNet(YunetConfig())
    checkpoint.load_weights(again, tmp_path / "faces.safetensors")
    for name, weight in net.state_dict().items():
        # The first layer's is divided by 255 on the way out and multiplied on the way in.
        torch.testing.assert_close(again.state_dict()[name], weight, rtol=1e-6, atol=0)
    provenance = checkpoint.load_provenance(tmp_path / "faces.safetensors")
    assert provenance.command == "nitido-export import-yunet yunet.onnx -o faces.safetensors"
    assert str(tmp_path) not in (tmp_path / "faces.json").read_text()


def test_a_file_that_computes_something_else_is_refused(photos: list[Pixels], tmp_path: Path) -> None:
    (tmp_path / "yunet.onnx").write_bytes(published_form(random_yunet(), activation="LeakyRelu"))
    with pytest.raises(ParityError, match=r"at most 0\.001"):
        import_yunet(tmp_path / "yunet.onnx", tmp_path / "faces.safetensors", photos)
    assert not (tmp_path / "faces.safetensors").exists()


def test_files_that_are_no_yunet_are_refused(photos: list[Pixels], tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"\x08\x99no")
    (tmp_path / "small.onnx").write_bytes(published_form(random_yunet(), drop=1))
    for name in ("broken", "small"):
        with pytest.raises(CheckpointMismatch, match=name):
            import_yunet(tmp_path / f"{name}.onnx", tmp_path / "faces.safetensors", photos)
    with pytest.raises(CheckpointMissing):
        import_yunet(tmp_path / "missing.onnx", tmp_path / "faces.safetensors", photos)


def test_the_command_says_what_went_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples = Path(__file__).parents[2] / "samples"
    words = ["import-yunet", str(tmp_path / "none.onnx"), "-o", str(tmp_path / "a.safetensors")]
    assert cli.main([*words, "--samples", str(samples)]) == 1
    assert "found no" in capsys.readouterr().err


def random_yunet() -> YunetNet:
    torch.manual_seed(1)
    net = YunetNet(YunetConfig()).eval()
    for name, parameter in net.named_parameters():  # of two convolutions before a ReLU, one makes up for it
        gain = 2 if "depth" in name else 1
        nn.init.normal_(parameter, std=0.1 if parameter.dim() == 1 else (gain / parameter[0].numel()) ** 0.5)
    return net


def published_form(net: YunetNet, activation: str = "Relu", drop: int = 0) -> bytes:
    """The network as the published file has it: BGR from 0 to 255, a branch for each kind of output, flat."""
    onnx: Any = pytest.importorskip("onnx", reason="needs onnx to make a model file")
    helper, nodes, constants = onnx.helper, [], []

    def constant(value: NDArray[Any]) -> str:
        constants.append(onnx.numpy_helper.from_array(np.ascontiguousarray(value), f"c{len(constants)}"))
        return str(constants[-1].name)

    def op(kind: str, *inputs: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, list(inputs), [f"v{len(nodes)}"], **attributes))
        return f"v{len(nodes) - 1}"

    def conv(x: str, layer: nn.Conv2d, channels: slice = slice(None), factor: float = 1.0) -> str:
        weight, bias = (p.detach().numpy()[channels] for p in (layer.weight, layer.bias))  # type: ignore[union-attr]
        if factor != 1:
            weight = weight[:, ::-1]
        groups = 1 if layer.groups == 1 else len(weight)
        strides, pads = list(layer.stride), [int(layer.padding[0])] * 4
        return op(
            "Conv",
            x,
            constant(weight * np.float32(factor)),
            constant(bias),
            group=groups,
            strides=strides,
            pads=pads,
        )

    def unit(x: str, module: Any) -> str:
        return op("Relu", conv(conv(x, module.point), module.depth))

    x = op(activation, conv("input", net.first, factor=1 / 255))
    features = []
    for index, stage in enumerate(net.stages):
        x = x if index == 0 else op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
        for module in stage:  # type: ignore[union-attr]
            x = unit(x, module)
        features.append(x)
    above: list[str] = []
    for index in (2, 1, 0):
        x = features[index + 2]
        if above:
            nearest = {
                "mode": "nearest",
                "coordinate_transformation_mode": "asymmetric",
                "nearest_mode": "floor",
            }
            twice = op("Resize", above[0], "", constant(np.array([1, 1, 2, 2], np.float32)), **nearest)
            x = op("Add", x, twice)
        above.insert(0, unit(x, net.laterals[index]))
    shared = [unit(x, module) for x, module in zip(above, net.shared, strict=True)]
    outputs = []
    for name, (start, stop) in BRANCHES.items():
        for stride, x, head in list(zip(STRIDES, shared, net.heads, strict=True))[: 3 - drop]:
            layers: Any = head
            y = conv(conv(x, layers.point, slice(start, stop)), layers.depth, slice(start, stop))
            y = op(
                "Reshape", op("Transpose", y, perm=[0, 2, 3, 1]), constant(np.array([1, -1, stop - start]))
            )
            nodes[-1].output[0] = f"{name}_{stride}"
            if name in ("cls", "obj"):
                nodes[-1].output[0] = f"raw_{name}_{stride}"
                op("Sigmoid", f"raw_{name}_{stride}")
                nodes[-1].output[0] = f"{name}_{stride}"
            outputs.append(f"{name}_{stride}")
    values = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [1, None, None]) for n in outputs]
    image = helper.make_tensor_value_info("input", onnx.TensorProto.FLOAT, [1, 3, None, None])
    graph = helper.make_graph(nodes, "yunet", [image], values, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    content: bytes = model.SerializeToString()
    return content
