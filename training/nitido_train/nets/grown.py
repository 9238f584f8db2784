"""A larger video network that starts as a smaller one: what that has learned is not learned again."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nitido_train.nets.video import CELLS, DenseBlock, VideoConfig, VideoNet


def grown_from(small: VideoNet, config: VideoConfig) -> VideoNet:
    """A network of another size that computes what ``small`` does, after Net2Net (Chen et al. 2016).

    New channels see everything, and add nothing yet to old ones; new blocks and the fine grid add nothing.
    No size may be smaller than before, ``growth`` must be the same, and only equal sizes may both have a
    fine grid.
    """
    net, old = VideoNet(config), small.config
    wide, kept = _span(0, old.width), _span(0, old.memory)
    after_wide = _span(config.width, old.memory)
    with torch.no_grad():
        for source, encoder in small.encoders.items():
            _put(encoder, net.encoders[source], [0], kept)
        _put(small.fuse, net.fuse, [*kept, *_span(config.memory, old.memory)], wide)
        mine, theirs = _blocks(small), _blocks(net)
        for block, larger in zip(mine, theirs, strict=False):
            seen = wide
            for number, layer in enumerate(block.layers):
                _put(layer, larger.layers[number], seen, _span(0, old.growth))
                seen = [*seen, *_span(config.width + number * config.growth, old.growth)]
            _put(block.gather, larger.gather, seen, wide)
        for added in theirs[len(mine) :]:
            _clear(added.gather)
        gates = [*kept, *_span(config.memory, old.memory)]
        _put(small.memory.gates, net.memory.gates, [*wide, *after_wide], gates)
        _put(small.recall, net.recall, kept, wide)
        for target, decoder in small.decoders.items():
            _put(decoder, net.decoders[target], wide, _span(0, CELLS[int(target)] ** 2))
        if old == config:
            net.load_state_dict(small.state_dict())
        elif config.fine:
            for decoder in net.fine_decoders.values():
                _clear(decoder)
        net.skips.load_state_dict(small.skips.state_dict())
    return net


def _blocks(net: VideoNet) -> list[DenseBlock]:
    return [block for block in net.blocks if isinstance(block, DenseBlock)]


def _put(old: nn.Module, new: nn.Module, inputs: Sequence[int], outputs: Sequence[int]) -> None:
    """Copy a convolution to these channels of a larger one, where they then see nothing else."""
    assert isinstance(old, nn.Conv2d)
    assert isinstance(new, nn.Conv2d)
    assert old.bias is not None
    assert new.bias is not None
    weight: Tensor = new.weight
    weight[list(outputs)] = 0
    weight[torch.tensor(outputs)[:, None], torch.tensor(inputs)[None]] = old.weight
    new.bias[list(outputs)] = old.bias


def _clear(layer: nn.Module) -> None:
    assert isinstance(layer, nn.Conv2d)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # Conv2d.bias is only None when asked


def _span(first: int, count: int) -> list[int]:
    return list(range(first, first + count))
