"""The published YuNet face detector (an ONNX file) as a checkpoint, proved to compute the same."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nitido.photo.model import Pixels
from nitido_export.errors import CheckpointMismatch, CheckpointMissing, ParityError, TargetUnavailable
from nitido_export.photos import crops
from nitido_train import checkpoint
from nitido_train.loop import Progress
from nitido_train.nets.yunet import STRIDES, YunetConfig, YunetNet
from nitido_train.tensors import to_tensor

BRANCHES = ("cls", "obj", "bbox", "kps")
"""Outputs of the published graph, each once for every stride, in the order of our channels."""
_IN_FILE = ("cls", "bbox", "obj", "kps")
"""The same in the order in which the file computes them, all strides of one before the next."""
SIDE = 256
LARGEST_ERROR = 1e-3
"""In logits and cells; the order of additions makes differences of 1e-5."""


def import_yunet(file: Path, out: Path, photos: Sequence[Pixels]) -> None:
    """Write ``file``'s weights as the checkpoint ``out`` (.safetensors, its .json beside it).

    ``file`` is ``yunet_n``, with free sides. Raises CheckpointMissing, CheckpointMismatch, ParityError.
    """
    if not file.is_file():
        raise CheckpointMissing(f"expected a YuNet ONNX file, found no {file}; give another name")
    content = file.read_bytes()
    net = YunetNet(YunetConfig()).eval()
    _fill(net, _convolutions(content, file), file)
    error = _largest_error(net, content, photos)
    if error > LARGEST_ERROR:
        raise ParityError(
            f"expected the network to differ from {file} by at most {LARGEST_ERROR:g}, got {error:g}; "
            f"give the graph yunet_n with free sides"
        )
    trained = checkpoint.Trained(
        net,
        config={
            "file": file.name,
            "sha256": hashlib.sha256(content).hexdigest(),
            "origin": "libfacedetection.train, Apache-2.0",
        },
        network=asdict(net.config),
        seed=0,
        files=[],
        progress=Progress(0, 0.0, [f"nitido-export import-yunet {file.name} -o {out.name}"]),
        measured={"difference_to_file": float(f"{error:.0e}"), "parameters": _parameters(net)},
    )
    checkpoint.save(trained, "yunet", out)


def _convolutions(content: bytes, file: Path) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Weight and bias of every convolution, in the order in which they run."""
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError as error:
        raise TargetUnavailable("reading ONNX files needs onnx: pip install 'nitido[export]'") from error
    try:
        graph = onnx.load_from_string(content).graph
        values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        return [(values[n.input[1]], values[n.input[2]]) for n in graph.node if n.op_type == "Conv"]
    except Exception as error:  # protobuf's own errors have no other common base
        raise CheckpointMismatch(f"expected {file} to be YuNet: {error}; get the file again") from error


def _fill(net: YunetNet, found: list[tuple[NDArray[np.float32], NDArray[np.float32]]], file: Path) -> None:
    """Copy the weights; the four branches of a head are stacked into its one pair of convolutions."""
    units: list[nn.Module] = [net.first, *net.stages, *reversed(net.laterals)]
    order = [layer for unit in units for layer in unit.modules() if isinstance(layer, nn.Conv2d)]
    order += [layer for unit in net.shared for layer in unit.modules() if isinstance(layer, nn.Conv2d)]
    if len(found) != len(order) + 2 * len(BRANCHES) * len(STRIDES):
        raise CheckpointMismatch(
            f"expected {file} to have the {len(order) + 24} convolutions of yunet_n, got {len(found)}; "
            f"give that file (yunet_s is another network)"
        )
    plain, heads = found[: len(order)], found[len(order) :]
    weight, bias = plain[0]
    plain[0] = weight[:, ::-1] * np.float32(255), bias  # the published graph takes BGR from 0 to 255
    for index, head in enumerate(net.heads):
        starts = [2 * (_IN_FILE.index(branch) * len(STRIDES) + index) for branch in BRANCHES]
        for place, layer in enumerate(layer for layer in head.modules() if isinstance(layer, nn.Conv2d)):
            weights, biases = zip(*(heads[start + place] for start in starts), strict=True)
            order.append(layer)
            plain.append((np.concatenate(weights), np.concatenate(biases)))
    with torch.no_grad():
        for layer, (weight, bias) in zip(order, plain, strict=True):
            if tuple(layer.weight.shape) != weight.shape:
                raise CheckpointMismatch(
                    f"expected a weight of shape {tuple(layer.weight.shape)} in {file}, got {weight.shape}; "
                    f"give the file yunet_n"
                )
            layer.weight.copy_(torch.from_numpy(weight.copy()))
            assert layer.bias is not None
            layer.bias.copy_(torch.from_numpy(bias.copy()))


def _largest_error(net: YunetNet, content: bytes, photos: Sequence[Pixels]) -> float:
    """Largest difference of any output to what ONNX Runtime makes of the published file."""
    import onnxruntime  # type: ignore[import-untyped]

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    worst = 0.0
    for crop in crops(photos, SIDE, SIDE, 3):
        image = crop[..., ::-1].astype(np.float32).transpose(2, 0, 1)[None]
        wanted = dict(zip(names, session.run(names, {"input": image}), strict=True))
        with torch.inference_mode():
            maps = net(to_tensor([crop]))
        for stride, found in zip(STRIDES, maps, strict=True):
            expected = np.concatenate([wanted[f"{branch}_{stride}"] for branch in BRANCHES], axis=2)[0]
            worst = max(worst, float(np.abs(_flat(found) - expected).max()))
    return worst


def _flat(found: Tensor) -> NDArray[Any]:
    """(cells, 16), with probabilities for logits: the published form."""
    cells = found[0].permute(1, 2, 0).reshape(-1, found.shape[1])
    return torch.cat([torch.sigmoid(cells[:, :2]), cells[:, 2:]], dim=1).numpy()


def _parameters(net: nn.Module) -> float:
    return float(sum(p.numel() for p in net.parameters()))
