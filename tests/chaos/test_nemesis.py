"""Replicas under a seeded nemesis: nothing is lost, and nobody is contacted twice unexplained.

One line of JSON a run, on stdout. `CHAOS_SEED` (one or several, with commas) and `CHAOS_MESSAGES`
repeat a run or enlarge it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

import pytest

from chaos import clocks
from chaos.commands import varied
from chaos.fleet import Fleet
from chaos.load import Load, under_load
from chaos.nemesis import strike
from chaos.record import history_of, settled
from chaos.replicas import kind_of
from chaos.schedule import CLOCKS, Fault, Kind, draw
from chaos.size import MESSAGES, SEEDS, SIZE
from chaos.verdict import Verdict, judge

FALLBACK_AFTER_SECONDS = 4
EXPLAINED = 5  # messages whose history is printed where a promise was broken
PATIENCE_SECONDS = 240  # silence is held for two minutes at most after an outage


@pytest.mark.parametrize("seed", SEEDS)
def test_replicas_survive_a_nemesis(
    fleet: Fleet, seed: int, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever one of each pair suffers, each command is answered and ends with a true outcome."""
    fleet.heal()
    faults = [fault for fault in draw(seed, SIZE.length) if _can_be(fault)]
    commands = varied(MESSAGES, fallback_after=f"{FALLBACK_AFTER_SECONDS}s")
    with under_load(fleet.stack, commands, seconds=SIZE.length.run) as load:
        load.wait_until_under_way("sms")
        strike(fleet, faults)
        healed = time.monotonic()
        fleet.heal()
    record = asyncio.run(settled(fleet.stack, load, patience_seconds=PATIENCE_SECONDS))
    recovered_seconds = time.monotonic() - healed
    verdict = judge(record, fleet.balancer.tries, fallback_after=FALLBACK_AFTER_SECONDS)
    with capfd.disabled():
        sys.stdout.write(_line(seed, faults, verdict, recovered_seconds, load))
    with capfd.disabled():
        for line in asyncio.run(history_of(fleet.stack, verdict.doubtful[:EXPLAINED])):
            sys.stderr.write(f"{line}\n")
    killed = {_channel(fault) for fault in faults if fault.kind is Kind.KILL}
    assert verdict.problems(killed_channels=killed) == []
    assert verdict.answered == verdict.commands


def _can_be(fault: Fault) -> bool:
    return fault.kind not in CLOCKS or clocks.library() is not None


def _channel(fault: Fault) -> str:
    return kind_of(fault.target).removeprefix("channel-")


def _line(
    seed: int, faults: Sequence[Fault], verdict: Verdict, recovered_seconds: float, load: Load
) -> str:
    line: dict[str, Any] = {
        "seed": seed,
        **verdict.counts(),
        "published_again": load.repeated,
        "recovered_seconds": round(recovered_seconds, 1),
        "clocks": "set" if clocks.library() is not None else clocks.NO_LIBRARY,
        "faults": [fault.as_json() for fault in faults],
    }
    return f"\n{json.dumps(line)}\n"
