"""Plots of results: which suites have some, and of which rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from matplotlib.axes import Axes

from nitido_bench.plotting import OTHER, OWN, QUIET, Plot, pareto, svg
from nitido_bench.suite import Row, by_table


def plots(suite: str, rows: Sequence[Row]) -> Iterator[Plot]:
    """All plots of a suite's rows; of most suites none."""
    if suite in MAKERS:
        yield from MAKERS[suite](rows)


def _peers(rows: Sequence[Row]) -> Iterator[Plot]:
    """Quality against latency per scale and build; who has no published figure is named below."""
    for table in by_table(rows).values():
        for target in dict.fromkeys(str(row["target"]) for row in table):
            group = [row for row in table if row["target"] == target]

            def draw(axes: Axes, group: Sequence[Row] = group) -> None:
                known = [row for row in group if "psnr" in row]
                for row in known:
                    own = str(row["model"]).startswith("sr-")
                    place = float(row["median_ms"]), float(row["psnr"])
                    axes.scatter(*place, color=OWN if own else OTHER, s=28, zorder=3)
                    axes.annotate(str(row["model"]), place, xytext=(4, 4), textcoords="offset points")
                front = pareto([(float(row["median_ms"]), float(row["psnr"])) for row in known])
                axes.plot(*zip(*front, strict=True), color=QUIET, linewidth=1, drawstyle="steps-post")
                axes.margins(x=0.2, y=0.1)
                axes.set(xscale="log", xlabel="median, ms", ylabel="PSNR (Y) on Set14, dB")
                unknown = ", ".join(str(row["model"]) for row in group if "psnr" not in row)
                axes.set_title(f"no published figure: {unknown}" if unknown else "", fontsize=7, color=QUIET)

            if sum("psnr" in row for row in group) > 1:
                yield svg(f"Quality against latency, {group[0]['table']}, {target}", draw)


def _memory(rows: Sequence[Row]) -> Iterator[Plot]:
    def draw(axes: Axes) -> None:
        for model, colour in zip(
            dict.fromkeys(str(row["model"]) for row in rows), (OWN, OTHER), strict=False
        ):
            group = [row for row in rows if row["model"] == model]
            x = [float(row["megapixels"]) for row in group]
            axes.plot(x, [float(row["peak_mb"]) for row in group], "o-", color=colour, label=f"{model}: peak")
            beside = [float(row["beside_mb"]) for row in group]
            axes.plot(x, beside, "o--", color=colour, label=f"{model}: beside photo and result")
        axes.set(xlabel="megapixels", ylabel="MB", ylim=(0, None))
        axes.legend()

    yield svg("Memory against the size of the photo", draw)


def _pipeline(rows: Sequence[Row]) -> Iterator[Plot]:
    steps = [row for row in rows if row.get("table") == "steps" and row["step"] != "all"]

    def draw(axes: Axes) -> None:
        names = [str(row["step"]) for row in steps]
        bars = axes.barh(names, [float(row["median_ms"]) for row in steps], color=OWN)
        axes.bar_label(bars, [f"{float(row['share']):.1%}" for row in steps], padding=3)
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.set(xlabel="ms")

    if steps:
        yield svg(f"A photo of {steps[0]['megapixels']} megapixels, step by step", draw, (7.2, 2.4))


def _latency(rows: Sequence[Row]) -> Iterator[Plot]:
    timed = [row for row in rows if row.get("table") == "latency"]
    for threads in dict.fromkeys(row["threads"] for row in timed):
        group = [row for row in timed if row["threads"] == threads]

        def draw(axes: Axes, group: Sequence[Row] = group) -> None:
            names = [f"{row['model']} {row['graph']} {row['target']} {row['size']}" for row in group]
            middle = [float(row["relative"]) for row in group]
            ends = [
                [m - float(row["relative_low"]) for m, row in zip(middle, group, strict=True)],
                [float(row["relative_high"]) - m for m, row in zip(middle, group, strict=True)],
            ]
            axes.errorbar(middle, names, xerr=ends, fmt="o", color=OTHER, ecolor=QUIET, markersize=4)
            axes.invert_yaxis()
            axes.set(xlabel="times as long as a convolution of 1.2 GFLOP, with 95 % intervals", xscale="log")

        yield svg(f"Latency, threads: {threads}", draw, (7.2, 0.8 + 0.24 * len(group)))


def _trigger(rows: Sequence[Row]) -> Iterator[Plot]:
    tables = by_table(rows)

    def value(axes: Axes) -> None:
        for row in tables["value"]:
            place = 100 * float(row["saved"]), 100 * float(row["gain_kept"])
            axes.scatter(*place, color=OWN if str(row["way"]).startswith("trigger") else OTHER, zorder=3)
            axes.annotate(str(row["way"]), place, xytext=(4, 4), textcoords="offset points", fontsize=7)
        axes.margins(x=0.25)
        axes.set(xlabel="compute saved, %", ylabel="of the possible gain, %")

    def reliability(axes: Axes) -> None:
        for name in dict.fromkeys(str(row["predictor"]) for row in tables["reliability"]):
            points = [row for row in tables["reliability"] if row["predictor"] == name]
            x, y = ([float(row[key]) for row in points] for key in ("predicted", "true"))
            axes.plot(x, y, "o-", label=name)
        low, high = axes.get_xlim()
        axes.plot([low, high], [low, high], color=QUIET, linewidth=0.8)
        axes.set(xlabel="mean predicted gain", ylabel="mean true gain")
        axes.legend()

    def curve(x: str, y: str) -> Callable[[Axes], None]:
        def draw(axes: Axes) -> None:
            for name in dict.fromkeys(str(row["predictor"]) for row in tables["curves"]):
                points = [
                    row for row in tables["curves"] if row["predictor"] == name and x in row and y in row
                ]
                ends = ([100 * float(row[key]) for row in points] for key in (x, y))
                axes.plot(*ends, "-", linewidth=2.5 if name == "trigger" else 1, label=name)
            axes.set(xlabel=f"{x.replace('_', ' ')}, %", ylabel=f"{y.replace('_', ' ')}, %")
            axes.legend()

        return draw

    if "curves" in tables:
        yield svg("Precision against recall of photos worth enhancing", curve("recall", "precision"))
        yield svg("Gain kept against compute saved", curve("saved", "gain_kept"))
    if "value" in tables:
        yield svg("Compute saved against gain kept", value)
    if "reliability" in tables:
        yield svg("Predicted against true gain", reliability)


def _quality(rows: Sequence[Row]) -> Iterator[Plot]:
    restored = [row for row in rows if row.get("table") == "restore"]
    for damage in dict.fromkeys(str(row["damage"]) for row in restored):
        group = [row for row in restored if row["damage"] == damage]

        def draw(axes: Axes, damage: str = damage, group: Sequence[Row] = group) -> None:
            for model in dict.fromkeys(str(row["model"]) for row in group):
                points = [row for row in group if row["model"] == model]
                colour = QUIET if model == "none" else OWN
                levels, psnr = [str(r["level"]) for r in points], [float(r["psnr_y"]) for r in points]
                axes.plot(levels, psnr, "o-", color=colour, label=model)
            axes.set(xlabel=damage, ylabel="PSNR (Y), dB")
            axes.legend()

        yield svg(f"Restored photos against {damage}", draw, (7.2, 3))


MAKERS: dict[str, Callable[[Sequence[Row]], Iterator[Plot]]] = {
    "latency": _latency,
    "memory": _memory,
    "peers": _peers,
    "pipeline": _pipeline,
    "quality": _quality,
    "trigger": _trigger,
}
"""By suite."""
