"""The peers by name: how each is built, where it is described, and what its authors or others measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from torch import nn

from nitido_bench.peer_nets.nets import Activation, Fsrcnn, Plain, Shape, Xlsr

AIMET = "AIMET model zoo, trained anew by its authors"
"""github.com/quic/aimet-model-zoo: PSNR of luma on Set14 x2 of float32 networks, all by one protocol."""
OWN = "its paper"


@dataclass(frozen=True)
class Peer:
    """A network of others. PSNR is that of luma on Set14, by scale, as ``source`` has it."""

    paper: str
    make: Callable[[int], nn.Module]
    """From the scale."""
    channels: int = 3
    """3: enlarges RGB; 1: luma alone, and leaves the colours to bicubic interpolation, which is not timed."""
    scales: tuple[int, ...] = (2, 3, 4)
    runtimes: tuple[str, ...] = ("onnx", "litert")
    """Those that its graph can be exported to."""
    psnr: Mapping[int, float] = field(default_factory=dict)
    source: str = ""


def _plain(scale: int, shape: Shape) -> nn.Module:
    return Plain(shape, scale)


def _even(
    width: int, body: int, active: Activation, ends: int = 3, **more: bool
) -> Callable[[int], nn.Module]:
    """A plain RGB network whose body of 3x3 convolutions has one width."""
    shape = Shape((width,) * (body + 1), (ends, *[3] * body, ends), active, **more)
    return partial(_plain, shape=shape)


def _sesr(width: int, body: int) -> Callable[[int], nn.Module]:
    return _even(width, body, "relu", ends=5, anchor=True, residual=True)


PEERS: dict[str, Peer] = {
    "espcn": Peer(
        "Shi et al. 2016, Real-time single image and video super-resolution",
        partial(_plain, shape=Shape((64, 32), (5, 3, 3), "tanh", channels=1)),
        channels=1,
        psnr={3: 29.49, 4: 27.73},
        source=OWN,
    ),
    "fsrcnn": Peer(
        "Dong et al. 2016, Accelerating the super-resolution convolutional neural network",
        Fsrcnn,
        channels=1,
        runtimes=("onnx",),  # litert-torch 0.10 refuses the padding of its transposed convolution
        psnr={2: 32.63},
        source=OWN,
    ),
    "xlsr": Peer(
        "Ayazoglu 2021, Extremely lightweight quantization robust real-time super resolution",
        Xlsr,
        psnr={2: 32.57},
        source=AIMET,
    ),
    "quicksrnet-small": Peer(
        "Berger et al. 2023, QuickSRNet", _even(32, 2, "clip", clip=True), psnr={2: 32.52}, source=AIMET
    ),
    "quicksrnet-medium": Peer(
        "Berger et al. 2023, QuickSRNet", _even(32, 5, "clip", clip=True), psnr={2: 32.78}, source=AIMET
    ),
    "quicksrnet-large": Peer(
        "Berger et al. 2023, QuickSRNet",
        _even(64, 11, "clip", clip=True, anchor=True),
        psnr={2: 33.24},
        source=AIMET,
    ),
    "sesr-m5": Peer(
        "Bhardwaj et al. 2022, Collapsible linear blocks", _sesr(16, 5), psnr={2: 32.57}, source=AIMET
    ),
    "sesr-m11": Peer(
        "Bhardwaj et al. 2022, Collapsible linear blocks", _sesr(16, 11), psnr={2: 32.73}, source=AIMET
    ),
    "sesr-xl": Peer(
        "Bhardwaj et al. 2022, Collapsible linear blocks", _sesr(32, 11), psnr={2: 33.03}, source=AIMET
    ),
    "abpn-28": Peer(
        "Du et al. 2021, Anchor-based plain net",
        _even(28, 5, "relu", anchor=True),
        psnr={2: 32.71},
        source=AIMET,
    ),
    "ecbsr-m4c32": Peer(
        "Zhang et al. 2021, Edge-oriented convolution block",
        partial(_plain, shape=Shape((32,) * 5, (3,) * 6, "prelu", channels=1, anchor=True)),
        channels=1,
    ),
    "srvgg-compact": Peer(
        "Wang et al. 2021, Real-ESRGAN: the shape of realesr-general-x4v3",
        _even(64, 32, "prelu", anchor=True),
        scales=(4,),
    ),
}
"""In the order of their years. Weights are random: how long a network takes does not depend on them."""
