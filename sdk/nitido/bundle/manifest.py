"""``manifest.json`` as frozen dataclasses: what a model means, and which files hold it for which runtime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

SCHEMA = 1
"""The manifest schema that this version reads and writes."""

Layout = Literal["NCHW", "NHWC", "NC"]
DType = Literal["float32", "float16", "uint8", "int8", "int16", "uint16"]


@dataclass(frozen=True)
class Quantisation:
    """real = scale * (stored - zero_point)."""

    scale: float
    zero_point: int


@dataclass(frozen=True)
class TensorSpec:
    """One input or output of a graph. Images are RGB with real values 0..1; None is a free dimension."""

    name: str
    shape: tuple[int | None, ...]
    dtype: DType = "float32"
    layout: Layout = "NCHW"
    quantisation: Quantisation | None = None


@dataclass(frozen=True)
class Build:
    """One graph of a bundle as a file for one target."""

    graph: str
    """``main``, or the name of a helper network such as ``blur``."""
    target: str
    """``onnx-fp32``, ``litert-fp32``, ...: the part before the dash names the runtime."""
    file: str
    sha256: str
    bytes: int
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    parity: dict[str, float]
    """How close to torch, as the export measured it: ``psnr_db`` and ``max_abs`` over the golden vectors."""

    @property
    def runtime(self) -> str:
        """``onnx`` or ``litert``."""
        return self.target.split("-")[0]


@dataclass(frozen=True)
class UpscaleTask:
    """Enlarge by ``scale``. A pixel depends on at most ``halo`` input pixels in each direction."""

    scale: int
    halo: int
    tile: int
    """Preferred tile side for builds whose shape is free."""
    kind: Literal["upscale"] = "upscale"


@dataclass(frozen=True)
class BlindTask:
    """Enlarge by ``scale`` a photo that a kernel made small; the graph ``judge`` says how wrong one is."""

    scale: int
    halo: int
    """As for ``UpscaleTask``, of the graph ``main``."""
    tile: int
    latent: int
    """How many numbers the graph ``kernel`` makes of a kernel, see ``nitido.blind.shape``."""
    cell: int
    """Side of the crops that kernels are judged on."""
    kind: Literal["blind"] = "blind"


@dataclass(frozen=True)
class BlurSpace:
    """The blur kernels that the ``blur`` graph tells apart; see ``nitido.blur`` for what they mean."""

    window: int
    """Side of the square windows whose mean log spectrum is the graph's input."""
    motion_lengths: tuple[float, ...]
    motion_angles: int
    """How many angles, evenly over 180 degrees."""
    disc_radii: tuple[float, ...]
    gaussian_sigmas: tuple[float, ...]


@dataclass(frozen=True)
class RestoreTask:
    """Remove ``factors`` of degradation, each with its own strength."""

    factors: tuple[str, ...]
    """Order of the ``strength`` input: deblur, denoise, deartifact, desaturate."""
    halo: int
    multiple: int
    """Sides of a tile must be multiples of this (the network halves its resolution)."""
    tile: int
    blur: BlurSpace
    blur_confidence: float
    """Deconvolve only when the estimator gives the blur's family at least this probability."""
    kind: Literal["restore"] = "restore"


@dataclass(frozen=True)
class View:
    """How a network looks at a photo: a square of ``size`` pixels, filled with cells of ``crop`` pixels."""

    size: int
    crop: int
    count: int
    """Cells that are native-size crops: these come first."""
    whole: int = 0
    """Cells after them, each the whole photo resized to the cell (antialiased)."""


@dataclass(frozen=True)
class TriggerTask:
    """Predict the change in quality (on a scale of 1 to 10) that the paired enhancer would bring."""

    factors: tuple[str, ...]
    """Names of the outputs after the first, which is the joint improvement."""
    view: View
    threshold: float
    """Recommended when the joint score reaches this."""
    thresholds: dict[str, float]
    """The gain of each factor from which removing it is worth it."""
    precision: float
    """Share of the validation photos above a threshold that truly gain, for which it was chosen."""
    enhancer: str
    """``Manifest.id`` of the restorer that the labels were made with."""
    upscale_below: int
    """Photos with a longer side than this never gain from upscaling on a phone's screen."""
    blur: BlurSpace | None = None
    """What the graph ``blur`` of the bundle tells apart, for cues of blur; None: neither is there."""
    kind: Literal["trigger"] = "trigger"


@dataclass(frozen=True)
class ScoreTask:
    """Rate how good a photo looks, on a scale of 1 to 10, without knowing a better one of it."""

    view: View
    output: Literal["distribution", "score"]
    """``distribution``: (1, 10) probabilities of the ratings 1 to 10; ``score``: (1, 1) the rating itself."""
    kind: Literal["score"] = "score"


@dataclass(frozen=True)
class ColorizeTask:
    """Guess the colours of a greyscale photo from its luma."""

    side: int
    """The photo is resized to fit a square of this side; the graph guesses chroma on a coarser grid."""
    unsure: float
    """Standard deviation of a guess, in units of white, at which it counts as half sure."""
    kind: Literal["colorize"] = "colorize"


@dataclass(frozen=True)
class FaceTask:
    """Find faces. One output for each stride, finest first; ``nitido.faces.face.decode`` reads them."""

    strides: tuple[int, ...]
    """Pixels of the image for each cell of an output. Sides of an image must be multiples of the largest."""
    tile: int
    """Preferred side of windows for builds whose shape is free."""
    overlap: int
    """Of windows, in pixels: a face with no longer side is seen whole in one of them."""
    smallest: float
    """Side in pixels from which the network finds faces reliably: photos are enlarged to it."""
    confidence: float
    """From which a face is reported."""
    kind: Literal["face"] = "face"


@dataclass(frozen=True)
class DownscaleTask:
    """Make luma small that a codec compresses afterwards; see ``nitido.sharing`` for grid and wish."""

    halo: int
    """A pixel of the result depends on at most so many places of the grid in each direction."""
    tile: int
    """Preferred tile side, in pixels of the result, for builds whose shape is free."""
    multiple: int = 1
    """Sides of a tile must be multiples of this (a network may look at two pixels each way at once)."""
    kind: Literal["downscale"] = "downscale"


@dataclass(frozen=True)
class VideoTask:
    """Enlarge frames of several sizes to several sizes, with a memory of the frames before.

    Graphs: ``see-180`` (luma of a frame of that size to what is in it), ``body`` (that and a state to
    features and the next state), ``draw-180-720`` (luma and features to luma of the larger size).
    """

    cells: dict[str, int]
    """Pixels in a cell of the grid where the state lives, each way, by the height of frames."""
    sources: tuple[int, ...]
    """Heights of frames that go in."""
    targets: tuple[int, ...]
    """Heights of frames that come out: every larger one for each source."""
    memory: int
    """Numbers of the state in each cell."""
    kind: Literal["video"] = "video"


Task = (
    UpscaleTask
    | BlindTask
    | RestoreTask
    | TriggerTask
    | ScoreTask
    | ColorizeTask
    | FaceTask
    | DownscaleTask
    | VideoTask
)


@dataclass(frozen=True)
class Manifest:
    """A bundle's table of contents."""

    name: str
    id: str
    """First 16 hex digits of the checkpoint's sha256: names the trained weights, whatever the target."""
    description: str
    licence: str
    task: Task
    builds: tuple[Build, ...]
    golden_sha256: str
    """Hash of ``golden.npz``."""
    provenance: dict[str, Any]
    schema: int = SCHEMA
