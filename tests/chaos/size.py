"""How large these tests are: short among all tests, full for `make chaos`. Read here only."""

from __future__ import annotations

import os
from dataclasses import dataclass

from chaos.schedule import LONG, Length
from chaos.schedule import SHORT as SHORT_RUN


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """`commands` a case of one fault; PostgreSQL is away for `outage_seconds`.

    Of replicas: `messages` under a nemesis drawn from each of `seeds`, over `length`; one router
    is suspended for `suspended_seconds`, and has no database for `unreachable_seconds`.
    """

    commands: int
    outage_seconds: float
    messages: int
    seeds: tuple[int, ...]
    length: Length
    suspended_seconds: float
    unreachable_seconds: float
    cuts: int


SHORT = Size(
    commands=180,
    outage_seconds=12,
    messages=300,
    seeds=(6,),
    length=SHORT_RUN,
    suspended_seconds=11,
    unreachable_seconds=14,
    cuts=23,
)
FULL = Size(
    commands=1000,
    outage_seconds=60,
    messages=2200,
    seeds=(1, 2, 3),
    length=LONG,
    suspended_seconds=16,
    unreachable_seconds=45,
    cuts=23,
)

SIZE = FULL if os.environ.get("HERALD_TEST_CHAOS") == "full" else SHORT
MESSAGES = int(os.environ.get("CHAOS_MESSAGES") or SIZE.messages)
_CHOSEN = os.environ.get("CHAOS_SEED")
SEEDS = tuple(map(int, _CHOSEN.split(","))) if _CHOSEN else SIZE.seeds
