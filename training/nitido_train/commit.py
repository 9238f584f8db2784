"""Which commit of the repository something was made with."""

from __future__ import annotations

import subprocess


def current_commit() -> str:
    """The commit of the working tree, with '+' where it had uncommitted changes; 'unknown' outside git."""
    try:
        commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
        dirty = subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True)
    except OSError:
        return "unknown"
    return (
        commit.stdout.strip() + ("+" if dirty.stdout.strip() else "") if commit.returncode == 0 else "unknown"
    )
