"""Files of secrets as an operator makes them: for their owner's eyes only."""

from __future__ import annotations

from pathlib import Path


def write_secrets(path: Path, text: str) -> Path:
    """Write a file that nobody else may read."""
    path.touch(mode=0o600)
    path.write_text(text)
    return path
