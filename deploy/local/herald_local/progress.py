"""What the runner tells the person who started it: on stderr, since stdout belongs to results."""

from __future__ import annotations

import sys


def report(line: str) -> None:
    """Say one line."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
