"""Progress for the person who started the runner: on stderr, since stdout is for results."""

from __future__ import annotations

import sys


def report(line: str) -> None:
    """Write one line."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
