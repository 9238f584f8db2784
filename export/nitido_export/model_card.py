"""MODEL_CARD.md, made from the manifest: what a model does, was trained on, measures, and cannot do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from nitido.bundle.manifest import (
    BlindTask,
    Build,
    ColorizeTask,
    DownscaleTask,
    FaceTask,
    Manifest,
    RestoreTask,
    ScoreTask,
    Task,
    TensorSpec,
    TriggerTask,
    UpscaleTask,
    VideoTask,
    View,
)
from nitido_export.graphs import Model

TRAINING_SETS = {
    "448d21f305d78cc2": (
        "385 photos, nine tenths of a collection of 433 chosen by a hash of their names; the others were "
        "held out. 209 of the collection are CID22 (CC BY-SA 4.0); the others are under CC0, MIT, the "
        "licences of Unsplash, Pexels and Pixabay, or (35) CC BY-SA and similar. None is in the bundle."
    ),
}
"""What is known of a set of training photos, by ``Provenance.data['digest']``."""

FIGURES = {
    "upscale": "<!-- figures: quality-sr model={name} -->\n<!-- end figures -->",
    "blind": "<!-- figures: blind model={name} -->\n<!-- end figures -->",
    "restore": "<!-- figures: quality-restore model={name} -->\n<!-- end figures -->",
    "colorize": "<!-- figures: quality-color -->\n<!-- end figures -->",
    "downscale": "<!-- figures: codec table=photos -->\n<!-- end figures -->",
    "trigger": "<!-- figures: trigger table=photos -->\n<!-- end figures -->",
    "face": "<!-- figures: faces -->\n<!-- end figures -->",
    "video": "<!-- figures: video model={name} -->\n<!-- end figures -->",
    "yunet": "",  # the suite measures the network that enlarges faces
}
"""Where ``nitido-bench readme`` puts what the benchmarks measured, by recipe or task."""

LIMITS = {
    "sr_sharp": (
        "Trained on clean photos shrunk by bicubic interpolation, and then to look crisp: by the distance of "
        "SqueezeNet's features, and against a discriminator that told its results from photos. Fine texture "
        "is partly a guess at what is likely there. Where every pixel should be the best estimate, take the "
        "plain sibling. A photo's noise, blur and compression artifacts are enlarged with it."
    ),
    "upscale": (
        "Trained on clean photos shrunk by bicubic interpolation: a photo's noise, blur and compression "
        "artifacts are enlarged with it. It sharpens detail; it does not invent any."
    ),
    "blind": (
        "Trained on photos made small by simulated kernels of at most 21 pixels, some with faint noise or "
        "JPEG artifacts; strong noise and artifacts are enlarged. A photo without texture does not tell its "
        "kernel, and the estimate says so; a wrong kernel shows as halos or as blur. Kernels that change "
        "within some sixty pixels are averaged."
    ),
    "restore": (
        "Trained on simulated degradations. Blur is taken to be the same over the whole photo and of one of "
        "the kinds that the estimator knows; blur that varies over the photo stays. JPEG artifacts are "
        "undone where the photo's blocks still start at its corner; cut or resized since, it gains little. "
        "Clipped highlights are shaded, not recovered. How much each kind of damage gains, and how far "
        "clean photos move, is in the table above."
    ),
    "trigger": (
        "Its idea of quality is a curve over the error against a pristine photo, not an opinion of people. "
        "It belongs to the one enhancer its labels were made with, and looks at a few crops of a photo."
    ),
    "colorize": (
        "It guesses: what colour a dress had cannot be told from its luma. Common things (skin, leaves, sky) "
        "come out plausible, others pale or wrong, and nothing says that a colour is the true one. It sees "
        "the whole photo made small, so that small things take the colour of what is around them."
    ),
    "downscale": (
        "It learned on stand-ins of JPEG, WebP and H.264, and on viewers that enlarge by classic filters or "
        "by Nitido's network. What it saves is measured at a receiver that enlarges the photo to its old "
        "size again; who looks at the small photo itself sees edges that are crisper than Lanczos makes "
        "them. Colour goes through Lanczos."
    ),
    "score": (
        "It looks at a few native-size crops of a photo: composition, content and whatever else takes the "
        "whole photo to see do not count."
    ),
    "face": (
        "For faces of 10 to 32 pixels: it learned on those, made small by bicubic interpolation, and on "
        "nothing else. Twelve pixels hold no identity: what it adds is what faces mostly look like, and the "
        "person may look otherwise. Never take its result for evidence of who somebody is. The people in its "
        "training crops are few; look at its results on yours."
    ),
    "video": (
        "Trained on photos set in motion and on a few clips, made small by bicubic interpolation, a third of "
        "them compressed. It enlarges luma; chroma is interpolated. It has no model of motion: what moves by "
        "more than a few pixels of the small frame between two frames gains little from those before. Strong "
        "compression artifacts and noise are enlarged."
    ),
    "yunet": (
        "It finds faces, and knows nothing of whose. Small, turned, dark and covered faces are missed more "
        "often than large ones seen from the front, and how often may differ between groups of people: that "
        "has not been measured here."
    ),
}

OPINIONS = {
    True: "It learned from people's ratings; it speaks for those people and for photos like theirs.",
    False: (
        "No person rated anything here. It learned from pseudo-opinions: clean photos were degraded by "
        "simulation, and PSNR and MS-SSIM against the pristine photo stood for what people would have said, "
        "with a spread that was assumed and not observed. Its figures above tell how well it guesses those "
        "metrics without the pristine photo, not how well it agrees with people. Of degradations other than "
        "the simulated blur, noise, JPEG compression and clipped highlights it knows nothing."
    ),
}
"""What a scorer's ratings are worth, by whether people gave them."""


def render(model: Model, manifest: Manifest) -> str:
    """The card as Markdown, the same text whenever and wherever it is made."""
    provenance = manifest.provenance
    parts: dict[str, Any] = provenance.get("parts", {})
    sections = [
        f"# {manifest.name}\n\n{manifest.description}",
        _table(("", ""), _facts(model, manifest)),
        "## Builds\n\n"
        "Parity is the distance to torch on the worst of several photos: each build ran in the SDK's own "
        "session before this bundle was written.\n\n"
        + _table(
            ("graph", "target", "file", "size", "in", "out", "parity"), map(_build_row, manifest.builds)
        ),
        "## Training\n\n" + _training(provenance),
        *(f"### The graph `{graph}`\n\n{_training(part)}" for graph, part in parts.items()),
        "## Measured\n\n"
        + _table(
            ("figure", "value"),
            [(name, f"{value:g}") for name, value in _measured(provenance, parts)],
        ),
        (_of_family(FIGURES, manifest) or "").format(task=manifest.task, name=manifest.name),
        f"## Limits\n\n{_limits(manifest)}",
    ]
    return "\n\n".join(filter(None, sections)) + "\n"


def _limits(manifest: Manifest) -> str:
    limits = _of_family(LIMITS, manifest)
    assert limits is not None
    if not isinstance(manifest.task, ScoreTask):
        return limits
    return f"{OPINIONS[bool(manifest.provenance['config'].get('opinions'))]} {limits}"


def _of_family(texts: dict[str, str], manifest: Manifest) -> str | None:
    """The text for the recipe where it has one of its own, else that for the task."""
    return texts.get(manifest.provenance["recipe"], texts.get(manifest.task.kind))


def _measured(provenance: dict[str, Any], parts: dict[str, Any]) -> Iterator[tuple[str, float]]:
    yield from provenance["measured"].items()
    for graph, part in parts.items():
        yield from ((f"{graph}: {name}", value) for name, value in part["measured"].items())


def _facts(model: Model, manifest: Manifest) -> list[tuple[str, str]]:
    sizes = {graph.name: sum(p.numel() for p in graph.net.parameters()) for graph in model.graphs}
    return [
        ("id", f"`{manifest.id}`"),
        ("task", manifest.task.kind),
        ("parameters", ", ".join(f"{count:,} ({name})" for name, count in sizes.items())),
        *_task_facts(manifest.task),
        ("licence", manifest.licence),
    ]


def _task_facts(task: Task) -> list[tuple[str, str]]:
    match task:
        case UpscaleTask():
            return [("scale", str(task.scale)), ("halo", f"{task.halo} pixels")]
        case BlindTask():
            return [
                ("scale", str(task.scale)),
                ("halo", f"{task.halo} pixels"),
                ("latent", f"{task.latent} numbers"),
                ("kernels judged on", f"crops of {task.cell} pixels"),
            ]
        case RestoreTask():
            return [
                ("factors", ", ".join(task.factors)),
                ("halo", f"{task.halo} pixels"),
                ("sides of tiles", f"multiples of {task.multiple}"),
            ]
        case TriggerTask():
            return [
                ("factors", ", ".join(task.factors)),
                ("threshold", f"{task.threshold:g}"),
                ("thresholds", ", ".join(f"{name} {task.thresholds[name]:g}" for name in task.factors)),
                ("chosen for a precision of", f"{task.precision:g}"),
                ("view", _view(task.view)),
                ("enhancer", f"`{task.enhancer}`"),
            ]
        case ColorizeTask():
            return [("luma", f"{task.side} x {task.side}"), ("half sure at", f"deviation {task.unsure:g}")]
        case DownscaleTask():
            return [("halo", f"{task.halo} pixels of the result"), ("tile", f"{task.tile}")]
        case FaceTask():
            return [
                ("strides", ", ".join(map(str, task.strides))),
                ("smallest face", f"{task.smallest:g} pixels"),
                ("reported from", f"a confidence of {task.confidence:g}"),
            ]
        case VideoTask():
            paths = [f"{s}p to {t}p" for s in task.sources for t in task.targets if t > s]
            return [("paths", ", ".join(paths)), ("state", f"{task.memory} numbers a cell of 180p")]
        case ScoreTask():
            return [("output", task.output), ("view", _view(task.view))]


def _view(view: View) -> str:
    crops = f"{view.count} crops of native size" if view.count else ""
    whole = f"{view.whole} times the whole photo" if view.whole else ""
    return f"{' and '.join(filter(None, (crops, whole)))}, {view.crop} pixels a side"


def _build_row(build: Build) -> tuple[str, ...]:
    tensors = (", ".join(map(_tensor, specs)) for specs in (build.inputs, build.outputs))
    parity = [f"{build.parity['psnr_db']:g} dB"] if "psnr_db" in build.parity else []
    parity.append(f"at most {build.parity['max_abs']:.0e} apart")
    size = f"{build.bytes / 1000:,.0f} kB"
    return (build.graph, f"`{build.target}`", f"`{build.file}`", size, *tensors, ", ".join(parity))


def _tensor(spec: TensorSpec) -> str:
    shape = " x ".join("any" if size is None else str(size) for size in spec.shape)
    return f"`{spec.name}` {spec.dtype} {spec.layout} {shape}"


def _training(provenance: dict[str, Any]) -> str:
    if provenance["recipe"] == "yunet":  # nothing was trained here
        origin = provenance["config"]
        weights = f"those of `{origin['file']}` from {origin['origin']}, sha256 `{origin['sha256']}`"
        made = f"torch {provenance['torch']}, commit {provenance['commit']}"
        rows = [("weights", weights), ("command", f"`{provenance['command']}`"), ("made with", made)]
        return _table(("", ""), rows)
    photos, digest = provenance["data"]["photos"], provenance["data"]["digest"]
    known = TRAINING_SETS.get(
        digest, f"{photos} photos that this version of the exporter has no description of."
    )
    history = [
        ("data", f"{known} (`{digest}`)"),
        ("recipe", f"`nitido_train.recipes.{provenance['recipe']}`, seed {provenance['seed']}"),
        *_loss(provenance["config"].get("loss")),
        (
            "effort",
            f"{provenance['steps']:,} steps, {provenance['minutes']:g} minutes on {provenance['machine']}",
        ),
        ("command", f"`{provenance['command']}`"),
        ("made with", f"torch {provenance['torch']}, commit {provenance['commit']}"),
    ]
    return _table(("", ""), history)


def _loss(weights: object) -> list[tuple[str, str]]:
    """What an upscaler's training minimised: G1's alpha, beta and sigma, and the other weights."""
    if not isinstance(weights, dict):
        return []
    return [("loss", ", ".join(f"{name} {value:g}" for name, value in weights.items()))]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
