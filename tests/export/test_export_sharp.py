"""Sharp upscalers become bundles as plain ones do, and their cards say what they were trained for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from nitido.bundle.manifest import UpscaleTask
from nitido.photo.model import Pixels
from nitido_export import targets
from nitido_export.bundle_writer import write_bundle
from nitido_export.families import open_model
from nitido_train.losses import LossWeights
from nitido_train.nets.sr import SrConfig, SrNet


def test_a_sharp_upscaler_is_an_upscaler_whose_card_tells_its_loss_and_its_limits(
    save_checkpoint: Callable[..., Path], photos: list[Pixels], tmp_path: Path
) -> None:
    config = SrConfig(scale=4, width=6, depth=1)
    history = {"loss": asdict(LossWeights(alpha=300.0, beta=1.0)), "loop": {"minutes": 1.0}}
    file = tmp_path / "sr-x4-sharp.safetensors"
    save_checkpoint(file, SrNet(config), config, "sr_sharp", config=history)
    manifest = write_bundle(open_model(file), tmp_path / "bundle", targets.find(["onnx-fp32"]), photos)
    assert (manifest.name, manifest.task) == ("sr-x4-sharp", UpscaleTask(scale=4, halo=3, tile=256))
    card = (tmp_path / "bundle" / "MODEL_CARD.md").read_text()
    for words in (
        "alpha 300, beta 1, sigma 1",
        "partly a guess",
        "less true",
        "quality-sr model=sr-x4-sharp",
    ):
        assert words in card
