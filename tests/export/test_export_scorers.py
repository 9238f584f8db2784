"""Scorers as bundles: both kinds rate through the SDK as torch does; cards say whose opinion it is."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from nitido.blur import Blur
from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import ScoreTask, View
from nitido.errors import WrongTask
from nitido.photo.model import Pixels
from nitido.photo.read import read_photo
from nitido.scorer import Scorer
from nitido.trigger import Trigger
from nitido.view import mosaic
from nitido_export import cli, targets
from nitido_export.bundle_writer import write_bundle
from nitido_export.errors import CheckpointMismatch
from nitido_export.families import open_model
from nitido_train.degrade import Degradation, degrade
from nitido_train.nets.nima import NimaConfig, NimaNet
from nitido_train.nets.ranker import RankConfig, RankNet
from nitido_train.tensors import to_tensor

ROOT = Path(__file__).parents[2]
VIEW = View(size=128, crop=64, count=4)
NETS: dict[str, tuple[Any, Any]] = {
    "scorer_nima": (NimaNet, NimaConfig(width=0.25)),
    "scorer_rank": (RankNet, RankConfig(width=4, hidden=8)),
}


def checkpoint(save_checkpoint: Any, folder: Path, recipe: str, **config: Any) -> Path:
    make, network = NETS[recipe]
    net = make(network)
    if isinstance(net, RankNet):  # a line that a build must not lose
        net.fit_scale(np.array([0.0, 1.0]), np.array([4.0, 6.0]))
    config = {"view": asdict(VIEW), "opinions": None} | config
    return save_checkpoint(folder / "scorer.safetensors", net, network, recipe, config=config)


@pytest.mark.parametrize("recipe", NETS)
def test_every_build_rates_as_torch_does(
    recipe: str, save_checkpoint: Any, photos: list[Pixels], tmp_path: Path
) -> None:
    model = open_model(checkpoint(save_checkpoint, tmp_path, recipe))
    folder = tmp_path / "bundle"
    manifest = write_bundle(model, folder, targets.find(), photos)
    assert manifest.task == ScoreTask(VIEW, "distribution" if recipe == "scorer_nima" else "score")
    assert {build.runtime for build in manifest.builds} == {"onnx", "litert"}
    with torch.inference_mode():
        values = model.graphs[0].net(to_tensor([mosaic(photos[0], VIEW)]))[0].double().numpy()
    mean = float(values @ np.arange(1, 11) if recipe == "scorer_nima" else values[0])
    assert 1 < mean < 10  # neither end, where every build would agree
    for runtime in ("onnx", "litert"):
        scorer = Scorer.open(folder, runtime=runtime)
        quality = scorer(photos[0])
        assert scorer.info.runtime == runtime
        assert scorer.id == manifest.id
        # Each value may be 1e-4 off, which is what builds are gated on; a mean weighs them by up to 10.
        assert quality.mean == pytest.approx(mean, abs=5e-3)
        assert (quality.spread > 0) == (recipe == "scorer_nima")


def test_the_card_says_that_pseudo_opinions_are_no_opinions_of_people(
    save_checkpoint: Any, photos: list[Pixels], tmp_path: Path
) -> None:
    for opinions, words in (
        (None, "No person rated anything here"),
        ("koniq", "learned from people's ratings"),
    ):
        file = checkpoint(save_checkpoint, tmp_path, "scorer_rank", opinions=opinions)
        folder = tmp_path / str(opinions)
        write_bundle(open_model(file), folder, targets.find(["onnx-fp32"]), photos)
        assert words in (folder / "MODEL_CARD.md").read_text()


def test_a_scorer_is_no_trigger(save_checkpoint: Any, photos: list[Pixels], tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    file = checkpoint(save_checkpoint, tmp_path, "scorer_rank")
    write_bundle(open_model(file), folder, targets.find(["onnx-fp32"]), photos)
    with pytest.raises(WrongTask, match="expected a bundle whose task is trigger"):
        Trigger.open(folder)


def test_phones_get_no_operation_that_they_hand_back(
    save_checkpoint: Any, photos: list[Pixels], tmp_path: Path
) -> None:
    onnx = pytest.importorskip("onnx", reason="needs onnx to read a model file")
    simple = {"Conv", "Relu", "Clip", "Add", "Mul", "MaxPool", "GlobalAveragePool", "ReduceMean", "Gemm"}
    for recipe in NETS:
        folder = tmp_path / recipe
        model = open_model(checkpoint(save_checkpoint, tmp_path, recipe))
        write_bundle(model, folder, targets.find(["onnx-fp32"]), photos)
        graph = onnx.load(Bundle.open(folder).path(Bundle.open(folder).select())).graph
        assert {node.op_type for node in graph.node} <= simple | {"Softmax", "Flatten", "Reshape"}


def test_provenance_without_a_view_is_refused(save_checkpoint: Any, tmp_path: Path) -> None:
    file = checkpoint(save_checkpoint, tmp_path, "scorer_nima")
    history = json.loads(file.with_suffix(".json").read_text())
    del history["config"]["view"]
    file.with_suffix(".json").write_text(json.dumps(history))
    with pytest.raises(CheckpointMismatch, match=r"view.*train it with nitido_train\.recipes\.scorer_nima"):
        open_model(file)


def test_the_zoo_has_of_scorers_what_the_package_has_room_for(
    save_checkpoint: Any, photos: list[Pixels], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples, zoo = tmp_path / "samples", tmp_path / "zoo"
    samples.mkdir()
    Image.fromarray(photos[0]).save(samples / "0.png")
    for recipe in NETS:
        folder = tmp_path / "checkpoints" / recipe
        folder.mkdir(parents=True)
        checkpoint(save_checkpoint, folder, recipe)
        assert (
            cli.main(
                ["zoo", "--checkpoints", str(folder), "-o", str(zoo / recipe), "--samples", str(samples)]
            )
            == 0
        )
    assert "not packaged; export it by: nitido-export bundle" in capsys.readouterr().out
    assert {build.target for build in Bundle.open(zoo / "scorer_nima/scorer").manifest.builds} == {
        "onnx-fp32"
    }
    assert not (zoo / "scorer_rank").exists()


@pytest.mark.parametrize(
    "degradation",
    [Degradation(read_noise=25), Degradation(jpeg_quality=10), Degradation(blur=Blur("disc", 3))],
    ids=["noise", "jpeg", "defocus"],
)
def test_the_trained_rank_scorer_puts_a_damaged_photo_below_the_same_photo_unharmed(
    degradation: Degradation,
) -> None:
    model = open_model(ROOT / "training/checkpoints/scorer-rank.safetensors")
    view, rng = View(**model.provenance.config["view"]), np.random.default_rng(20_003)
    for name in ("astronaut_sharp.jpg", "coffee_sharp.jpg", "rocket_sharp.png"):
        clean = read_photo(ROOT / "samples" / name).pixels
        with torch.inference_mode():
            before, after = (
                float(model.graphs[0].net(to_tensor([mosaic(pixels, view)])))
                for pixels in (clean, degrade(clean, degradation, rng).pixels)
            )
        assert after < before - 0.5, name
