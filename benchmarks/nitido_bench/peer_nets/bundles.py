"""Peers as bundles, through the export that Nitido's own networks take."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch

import nitido
from nitido.bundle.manifest import TensorSpec, UpscaleTask
from nitido.chroma import luma_of
from nitido.photo.model import Pixels
from nitido_bench.memory_probe import large_photo
from nitido_bench.peer_nets.nets import radius
from nitido_bench.peer_nets.registry import PEERS
from nitido_export import targets
from nitido_export.bundle_writer import write_bundle
from nitido_export.graphs import FREE_IMAGE, Graph, Model, Values
from nitido_train.checkpoint import Provenance, describe_machine
from nitido_train.commit import current_commit
from nitido_train.nets.sr import parameter_count

RESULT = 576
"""Side of what is made, whatever the scale. LiteRT's builds are for one size: some refuse to be resized."""


def peer_bundle(name: str, scale: int, names: tuple[str, ...], folder: Path) -> Path:
    """The folder below ``folder`` of a peer with the targets ``names``; exported unless it is there already.

    Raises ExportError.
    """
    model, place = peer_model(name, scale), folder / f"{name}-x{scale}"
    if not _is_there(place, model.id, names):
        photos = [large_photo(0.2)]
        write_bundle(model, place, targets.find(names), photos)
    return place


def _is_there(place: Path, id_: str, names: tuple[str, ...]) -> bool:
    if not (place / "manifest.json").is_file():
        return False
    manifest = nitido.Bundle.open(place).manifest
    return manifest.id == id_ and {build.target for build in manifest.builds} >= set(names)


def peer_model(name: str, scale: int) -> Model:
    """A peer with random weights, the same every time, ready to export."""
    peer = PEERS[name]
    torch.manual_seed(0)
    net = peer.make(scale).eval()
    weights = b"".join(tensor.numpy().tobytes() for tensor in net.state_dict().values())
    inside, outside = ("image", "upscaled") if peer.channels == 3 else ("luma", "upscaled_luma")
    shape = FREE_IMAGE if peer.channels == 3 else (1, 1, None, None)
    graph = Graph(
        name="main",
        net=net,
        inputs=(TensorSpec(inside, shape),),
        outputs=(TensorSpec(outside, shape),),
        example=_image if peer.channels == 3 else _luma,
        side=RESULT // scale,
    )
    provenance = Provenance(
        recipe="none",
        config={},
        network={"peer": name, "scale": scale},
        seed=0,
        data={"photos": 0, "digest": "none"},
        steps=0,
        minutes=0.0,
        machine=describe_machine(),
        command=f"nitido-bench peers --scale {scale}",
        torch=torch.__version__,
        commit=current_commit(),
        measured={"parameters": parameter_count(net)},
    )
    halo = radius(net)
    return Model(
        name=f"{name}-x{scale}",
        id=hashlib.sha256(weights).hexdigest()[:16],
        description=f"{peer.paper}: rebuilt with random weights, to be timed. It enlarges nothing.",
        task=UpscaleTask(scale=scale, halo=halo, tile=max(256, 4 * halo)),
        graphs=(graph,),
        provenance=provenance,
    )


def _image(pixels: Pixels) -> Values:
    return {"image": pixels}


def _luma(pixels: Pixels) -> Values:
    return {"luma": luma_of(pixels)[np.newaxis] / np.float32(255)}
