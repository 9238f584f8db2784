"""Suite ``gate``: does ``compare`` leave the same code alone, and catch what is slower?"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator

from nitido_bench import latency, results
from nitido_bench.compare import compare
from nitido_bench.results import Result
from nitido_bench.suite import Row, Suite


def arguments(parser: argparse.ArgumentParser) -> None:
    """Those of ``latency``, and how often."""
    latency.arguments(parser)
    parser.add_argument(
        "--runs", type=int, default=20, help="of the same code, after the first (default: 20)"
    )
    parser.add_argument("--planted", type=float, default=0.1, help="slowdown to be caught (default: 0.1)")


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """A row per run, each judged against the first; the last two are slower on purpose."""
    first = measured(args, args.slow)
    for number in range(args.runs):
        yield {"run": f"the same code, {number + 1}", **judged(first, measured(args, args.slow))}
    for number in range(2):
        slower = measured(args, args.slow + args.planted)
        yield {"run": f"{args.planted:.0%} slower, {number + 1}", **judged(first, slower)}


def measured(args: argparse.Namespace, slow: float) -> Result:
    """One run of ``latency``."""
    options = argparse.Namespace(**{**vars(args), "slow": slow})
    return results.collect("latency", "", list(latency.measure(options)))


def judged(before: Result, after: Result) -> Row:
    """How many figures got which verdict, and the extremes."""
    found = list(compare(latency.SUITE, before, after))
    counts = Counter(one.verdict for one in found)
    return {
        "figures": len(found),
        "worse": counts["worse"],
        "better": counts["better"],
        "unclear": counts["unclear"],
        "flagged": "yes" if counts["worse"] + counts["missing"] else "no",
        "smallest_change": round(min(one.change for one in found), 4),
        "largest_change": round(max(one.change for one in found), 4),
        "largest_noise": round(max(one.noise for one in found), 4),
    }


SUITE = Suite(
    name="gate",
    help="false alarms of compare over runs of the same code, and a planted slowdown",
    arguments=arguments,
    measure=measure,
    columns=(
        ("run", "run", ""),
        ("figures", "figures", "d"),
        ("worse", "worse", "d"),
        ("better", "better", "d"),
        ("unclear", "unclear", "d"),
        ("flagged", "flagged", ""),
        ("smallest_change", "from", "+.1%"),
        ("largest_change", "to", "+.1%"),
        ("largest_noise", "noise up to", ".1%"),
    ),
)
