"""How large these tests are: short among all tests, full for `make chaos`. Read here only."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """`commands` a case; PostgreSQL is away for `outage_seconds`."""

    commands: int
    outage_seconds: float


SHORT = Size(commands=180, outage_seconds=12)
FULL = Size(commands=1000, outage_seconds=60)

SIZE = FULL if os.environ.get("HERALD_TEST_CHAOS") == "full" else SHORT
