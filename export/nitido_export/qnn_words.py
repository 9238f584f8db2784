"""What ONNX Runtime and Qualcomm's library print when they do not take a graph, made short."""

from __future__ import annotations

import re

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_NODE = re.compile(r"(?:node|Node)[^\n]*?(?:name|Name)[: ]+['\"]?([\w./:]+)['\"]?[^\n]*")


def refusal(text: str) -> str:
    """The last error that names something."""
    lines = [_COLOURS.sub("", line).strip() for line in text.splitlines()]
    named = [
        line for line in lines if _NODE.search(line) and ("not supported" in line or "fail" in line.lower())
    ]
    errors = [line for line in lines if "Error" in line or "FAIL" in line]
    return (named or errors or lines or ["it printed nothing"])[-1][-400:]
