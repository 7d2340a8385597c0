"""How a check ends: with what it found, or with one line that says what it looked at."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import NoReturn


def end(findings: Iterable[str], looked_at: str) -> NoReturn:
    """Print each finding and exit with 1; without any, print what was looked at and exit with 0."""
    found = list(findings)
    for line in found:
        print(line)
    if not found:
        print(looked_at)
    sys.exit(1 if found else 0)
