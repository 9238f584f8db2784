"""What phones measured: result files of nitido-bench, kept beside the jobs' database."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nitido_demo.errors import Refused
from nitido_demo.settings import Limits


class Benchmarks:
    """Result files under names of the server's making; the oldest go first."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder = folder
        self._kept = limits.benchmarks_kept
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, result: Mapping[str, Any]) -> str:
        """Keep a result that was checked; its name."""
        id_ = os.urandom(8).hex()
        unfinished = self._folder / f"{id_}.tmp"
        unfinished.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        unfinished.replace(self._folder / f"{id_}.json")
        for file in self._newest()[self._kept :]:
            file.unlink(missing_ok=True)
        return id_

    def recent(self, most: int) -> list[dict[str, Any]]:
        """The newest results, newest first: who measured, and the median of each network's graph ``main``."""
        return [self._shown(file) for file in self._newest()[:most]]

    def file(self, id_: str) -> Path:
        """A result. Raises Refused."""
        file = self._folder / f"{id_}.json"
        if not file.is_file():
            raise Refused(
                404, "there is no such benchmark; it may have been one of the oldest, which are forgotten"
            )
        return file

    def _newest(self) -> list[Path]:
        return sorted(self._folder.glob("*.json"), key=lambda file: file.stat().st_mtime_ns, reverse=True)

    @staticmethod
    def _shown(file: Path) -> dict[str, Any]:
        result = json.loads(file.read_text(encoding="utf-8"))
        main = [row for row in result["rows"] if row["graph"] == "main"]
        return {
            "id": file.stem,
            "measured": result["measured"],
            "machine": result["machine"],
            "median_ms": {row["model"]: row["median_ms"] for row in main},
        }
