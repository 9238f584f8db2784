"""Suite ``devices``: builds on a phone, by the tools of their runtimes, into the same kind of result."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import nitido
from nitido.bundle.manifest import Build
from nitido_bench.errors import ToolFailed
from nitido_bench.phones import benchmark_model, coreml, perf_test
from nitido_bench.phones.places import Place, prepared
from nitido_bench.phones.shells import battery_celsius
from nitido_bench.suite import Gate, Row, Suite
from nitido_bench.timing.cases import real_size


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "--device", choices=("adb", "here", "mac"), required=True, help="a phone, this machine, Core ML here"
    )
    parser.add_argument("--serial", help="of the phone, where several are connected")
    parser.add_argument("--benchmark-model", type=Path, help="LiteRT's tool, built for the device")
    parser.add_argument("--perf-test", type=Path, help="onnxruntime_perf_test, built for the device")
    parser.add_argument("--push", type=Path, nargs="+", default=[], help="libraries that a tool needs")
    parser.add_argument(
        "--bundle", nargs="+", default=["sr-x2"], help="zoo names or folders (default: sr-x2)"
    )
    parser.add_argument("--target", nargs="+", help="builds, as in litert-w8a8 (default: all with a tool)")
    parser.add_argument(
        "--accelerator", nargs="+", default=["cpu"], help="cpu, gpu, nnapi, xnnpack, qnn, npu"
    )
    parser.add_argument("--threads", type=int, nargs="+", default=[4], help="(default: 4)")
    parser.add_argument("--side", type=int, default=256, help="of images, where a build leaves it open")
    parser.add_argument("--runs", type=int, default=50, help="(default: 50)")
    parser.add_argument("--pause", type=float, default=10, help="seconds to cool down between builds")
    parser.add_argument("--profile", action="store_true", help="operations too, where the tool tells")


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """A row per build, accelerator and number of threads; raises PhoneGone with those before it finished."""
    chosen = [(bundle, build) for name in args.bundle for bundle, build in builds(name, args)]
    tools = {"litert": args.benchmark_model, "onnx": args.perf_test}
    place = prepared(args.device, args.serial, tools, args.push)
    for bundle, build in chosen:
        for accelerator in args.accelerator:
            for threads in args.threads:
                who: Row = {
                    "table": "devices",
                    "device": place.name,
                    "model": bundle.manifest.name,
                    "graph": build.graph,
                    "target": build.target,
                    "accelerator": accelerator,
                    "threads": threads,
                }
                yield from _measured(place, bundle, build, who, args)
                time.sleep(args.pause)


def builds(name: str, args: argparse.Namespace) -> Iterator[tuple[nitido.Bundle, Build]]:
    """What to run of a bundle. Raises BuildMissing, and ToolFailed where a build's tool was not named."""
    bundle = nitido.Bundle.open(name)
    have = {"litert": args.benchmark_model, "onnx": args.perf_test, "coreml": args.device == "mac" or None}
    for graph in dict.fromkeys(build.graph for build in bundle.manifest.builds):
        if args.target is None:
            yield from ((bundle, build) for build in bundle.builds(graph) if have.get(build.runtime))
            continue
        for target in args.target:
            build = bundle.select(graph, target)
            if not have.get(build.runtime):
                raise ToolFailed(
                    f"expected a tool to run {target} with; LiteRT builds need --benchmark-model FILE, ONNX "
                    f"builds --perf-test FILE, Core ML builds --device mac"
                )
            yield bundle, build


def _measured(
    place: Place, bundle: nitido.Bundle, build: Build, who: Row, args: argparse.Namespace
) -> Iterator[Row]:
    accelerator, threads = str(who["accelerator"]), int(who["threads"])
    if build.runtime == "coreml":
        yield who | coreml.measure(bundle.path(build), accelerator, args.runs)
        return
    warmth = battery_celsius(place.shell) if place.is_phone else None
    who |= {} if warmth is None else {"battery_celsius": warmth}
    with tempfile.TemporaryDirectory() as folder:  # bundles' files share their names
        file = Path(folder) / f"{bundle.manifest.name}-{build.file}"
        copyfile(bundle.path(build), file)
        model, tool = place.shell.put(file), place.tools[build.runtime]
        if build.runtime == "onnx":
            height, width = real_size(bundle, build, (args.side, args.side))
            free = {"height": height, "width": width} if any(None in s.shape for s in build.inputs) else {}
            words = perf_test.command(tool, model, accelerator, threads, args.runs, free)
            yield who | {"size": f"{width}x{height}"} | perf_test.read(place.shell.run(words))
            return
        words = benchmark_model.command(tool, model, accelerator, threads, args.runs, profile=False)
        shape = build.inputs[0].shape
        size = f"{shape[2]}x{shape[1]}" if len(shape) == 4 else "fixed"
        yield who | {"size": size} | benchmark_model.read(place.shell.run(words))
        if args.profile:
            words = benchmark_model.command(tool, model, accelerator, threads, args.runs, profile=True)
            for row in benchmark_model.operations(place.shell.run(words)):
                yield who | {"table": "operations"} | row


SUITE = Suite(
    name="devices",
    help="builds on a phone through adb, with a tool here, or by Core ML on a Mac",
    arguments=arguments,
    measure=measure,
    columns=(
        ("device", "device", ""),
        ("model", "model", ""),
        ("graph", "graph", ""),
        ("target", "build", ""),
        ("accelerator", "on", ""),
        ("threads", "threads", "d"),
        ("size", "input", ""),
        ("runs", "runs", "d"),
        ("mean_ms", "mean, ms", ".2f"),
        ("std_ms", "deviation", ".2f"),
        ("median_ms", "median", ".2f"),
        ("p90_ms", "p90", ".2f"),
        ("load_ms", "load, ms", ".1f"),
        ("first_ms", "first run", ".1f"),
        ("memory_mb", "memory, MB", ".0f"),
        ("battery_celsius", "battery, °C", ".1f"),
        ("operation", "operation", ""),
        ("calls", "calls", "d"),
        ("ms_per_run", "ms a run", ".2f"),
        ("share", "share", ".1%"),
    ),
    keys=("table", "device", "model", "graph", "target", "accelerator", "threads", "size"),
    gates=(Gate("mean_ms", "lower", 0.1, ratio=True),),
)
