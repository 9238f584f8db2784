"""What downscaling networks train on: a photo made small, sent through a codec, and enlarged again (D3-D8).

The objective counts everything in one currency, the rate: a distortion that falls by one percent is worth as
much as the percentage of bits that the codec itself, at another quality, would have asked for it. So D3's
lambda is no constant to be tuned, but read off the codec's own curve.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from nitido.sharing.wish import Wish
from nitido_train import picture_losses
from nitido_train.codecs import CODECS, QUALITIES, Codec
from nitido_train.losses import to_luma
from nitido_train.nets.codec_proxy import CodecProxy, Coded, IdentityProxy
from nitido_train.nets.downscale import DownscaleNet
from nitido_train.nets.sr import SrNet
from nitido_train.sharing_cases import FILTERS, SIDE, Case, Sample
from nitido_train.upscaling import enlarged

_MARGIN = 8
"""Pixels of a crop's border that do not count: what lies beyond it is unknown."""
_MEAN_SHARE = 0.5
"""Logarithms of crops' figures are taken after adding this share of their mean: flat crops weigh less."""
_PLACES = 5
"""Qualities at which a codec's curve is measured."""
_RATE_WEIGHTS = (1.25, 1.0, 0.75)
"""What bits count for beside each loss: who wants fidelity gets fewer, who wants edges more."""
_UNSEEN = 1e-5
"""Flicker as strong as this does not count: rounding to grey levels makes as much."""
_LUMA_SHARE = 0.7
"""Of a file's bits; the rest is chroma and headers, which stay (0.60 at JPEG 30 to 0.73 at 90)."""
LOSSES: tuple[Callable[[Tensor, Tensor], Tensor], ...] = (
    picture_losses.square_error,
    picture_losses.structure,
    picture_losses.edges,
)
"""In the order of ``Wish.weights``."""


class Exchange(NamedTuple):
    """What figures of a kind of case are compared with, and what they are worth."""

    mean: Tensor
    """(4,) rate and distortions of photos made small by Lanczos."""
    worth: Tensor
    """(3,) by how many percent a distortion falls for one percent of bits, at this quality."""
    usual: Tensor
    """(3,) the same, on average over qualities."""


class Means:
    """Measures what a case's distortions are worth: once per kind of case, when one comes up first."""

    def __init__(self, chain: Chain, images: Tensor) -> None:
        """``images`` (N, 1, SIDE, SIDE) is what all is measured on."""
        self._chain, self._images = chain, images
        self._found: dict[tuple[Codec, int, bool], list[Exchange]] = {}

    def of(self, case: Case) -> Exchange:
        """What a case's figures are measured in."""
        coarse, fine = QUALITIES[case.codec]
        side = min((64, 96, 144), key=lambda s: abs(s - case.side))
        key = case.codec, side, case.receiver == "sr"
        if key not in self._found:
            self._found[key] = self._measured(*key)
        place = (_PLACES - 1) * (case.quality - coarse) / (fine - coarse)
        return self._found[key][min(max(round(place), 0), _PLACES - 1)]

    def _measured(self, codec: Codec, side: int, learned: bool) -> list[Exchange]:
        coarse, fine = QUALITIES[codec]
        receiver = "sr" if learned else "bicubic"
        with torch.no_grad():
            small = resized(self._images, side, "lanczos").clamp(0, 1)
            ladder = torch.stack(
                [
                    self._chain.figures(small, self._images, Case(codec, round(q), side, receiver)).mean(1)
                    for q in np.linspace(coarse, fine, _PLACES)
                ]
            )
        slope = torch.gradient(torch.log(ladder), dim=0)[0]
        worth = (-slope[:, 1:] / slope[:, :1]).clamp(min=0.0)
        usual = worth.mean(0).clamp(min=0.1)
        return [Exchange(mean, share, usual) for mean, share in zip(ladder, worth, strict=True)]


class Chain:
    """Codec and receiver, with slopes."""

    def __init__(self, proxy: CodecProxy | IdentityProxy, sr: SrNet) -> None:
        self.proxy, self.sr = proxy, sr

    def figures(self, small: Tensor, large: Tensor, case: Case) -> Tensor:
        """(4, N): bits and the three distortions of luma ``small`` (N, 1, h, h) in [0, 1]."""
        return self.compared(*self.seen(small, case), large)

    def seen(self, small: Tensor, case: Case) -> tuple[Coded, Tensor]:
        """What the codec makes of it, and what a viewer sees, (N, 1, SIDE, SIDE)."""
        code = torch.full((len(small),), CODECS.index(case.codec))
        coded = self.proxy(small, code, torch.full((len(small),), float(case.quality)))
        return coded, self.received(coded.decoded.clamp(0, 1), case.receiver).float()

    def compared(self, coded: Coded, seen: Tensor, large: Tensor) -> Tensor:
        """(4, N) figures of what was seen, without its border."""
        inner = (slice(None), slice(None), slice(_MARGIN, -_MARGIN), slice(_MARGIN, -_MARGIN))
        seen, true = seen[inner], large[inner]
        return torch.stack([coded.bits, *(loss(seen, true) for loss in LOSSES)])

    def received(self, decoded: Tensor, receiver: str) -> Tensor:
        """What a viewer sees, (N, 1, SIDE, SIDE)."""
        if receiver != "sr":
            return resized(decoded, SIDE, receiver)
        # One that is in training sees tints of grey, so that it does not forget colours.
        tint = 1 - 0.5 * torch.rand(len(decoded), 3, 1, 1) if self.sr.training else torch.ones(1, 3, 1, 1)
        image = (decoded * tint).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            made = enlarged(self.sr, image)
        return resized(to_luma(made / tint).clamp(0, 1), SIDE, "lanczos")


def objective(net: DownscaleNet, chain: Chain, means: Means, sample: Sample, temporal: float = 0.0) -> Tensor:
    """Rate plus weighted distortions, in shares of the rate (D3); ``temporal`` is the weight of flicker (D5).

    In a clip the other distortions share what flicker leaves.
    """
    large, case, wish = sample.large, sample.case, sample.wish
    small = downscaled(net, large, case.side, wish)
    with torch.autocast("cpu", enabled=False):
        coded, seen = chain.seen(small, case)
        figures, exchange = chain.compared(coded, seen, large), means.of(case)
        total = cost(figures, exchange, wish)
        if not (sample.clip and temporal):
            return total
        rate = torch.log(figures[0] + _MEAN_SHARE * exchange.mean[0]).mean()
        unrest = exchange.worth[0] * _LUMA_SHARE * rate + torch.log(flicker(seen, large) + _UNSEEN)
        return (1 - temporal) * total + temporal * unrest / exchange.usual[0]


def flicker(seen: Tensor, true: Tensor) -> Tensor:
    """Mean square error of how pixels change from frame (N, 1, H, W) to frame: the temporal profile's."""
    inner = (slice(None), slice(None), slice(_MARGIN, -_MARGIN), slice(_MARGIN, -_MARGIN))
    return (seen[inner].diff(dim=0) - true[inner].diff(dim=0)).square().mean()


def cost(figures: Tensor, exchange: Exchange, wish: Wish) -> Tensor:
    """The objective, a scalar, of figures (4, N).

    Over all qualities, its differences add up to what Bjontegaard's measure says: where the codec's own curve
    is flat, bits count little, since there few of them are between two distortions.
    """
    logs = torch.log(figures + _MEAN_SHARE * exchange.mean[:, None]).mean(1)
    shares = torch.tensor(wish.weights) / exchange.usual
    rate = exchange.worth * torch.tensor(_RATE_WEIGHTS) * _LUMA_SHARE * logs[0]
    return (shares * (rate + logs[1:])).sum()


def downscaled(net: DownscaleNet, large: Tensor, side: int, wish: Wish) -> Tensor:
    """Luma (N, 1, side, side) in [0, 1] of (N, 1, H, H); the linear part stays float32 under autocast."""
    with torch.autocast("cpu", enabled=False):
        quarters = quarters_of(large, side, net.config.kind == "c")
    told = torch.from_numpy(wish.vector())[None]
    change = net.refine(net.look(quarters.contiguous(memory_format=torch.channels_last)), told)
    with torch.autocast("cpu", enabled=False):
        return net.add(net.filter(quarters), change.float(), told).clamp(0, 1)


def quarters_of(large: Tensor, side: int, with_offsets: bool = False) -> Tensor:
    """(N, 4, side, side): the grid that networks read, see ``nets.downscale``; for kind c six channels."""
    whole = large.shape[-1]
    grid = resized(large, 2 * side, "lanczos" if 2 * side < whole else "bicubic")
    quarters = F.pixel_unshuffle(grid, 2)
    if not with_offsets:
        return quarters
    centre = (torch.arange(side) + 0.5) * whole / side - 0.5
    off = centre - centre.round()
    maps = torch.stack(torch.meshgrid(off, off, indexing="ij")).expand(len(large), -1, -1, -1)
    return torch.cat([quarters, maps], 1)


def resized(images: Tensor, side: int, name: str) -> Tensor:
    """Square (N, 1, H, H) images by one of Pillow's filters, not rounded."""
    if images.shape[-1] == side:
        return images
    matrix = _matrix(images.shape[-1], side, name)
    return matrix @ images @ matrix.T


@cache
def _matrix(size: int, side: int, name: str) -> Tensor:
    """(side, size): Pillow's filter along one axis, read off what it makes of single white pixels."""
    identity = Image.fromarray(np.eye(size, dtype=np.float32))
    return torch.from_numpy(np.asarray(identity.resize((size, side), FILTERS[name])).copy())
