"""A provider that can't be reached for minutes burns no message: all go out when it is back."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from functools import partial

import pytest

from chaos.commands import on_one_channel
from chaos.fleet import Fleet
from chaos.invariants import doubles
from chaos.load import under_load
from chaos.record import settled
from chaos.size import SHORT, SIZE
from herald_local import services

SANDBOX = "sandbox"
PATIENCE_SECONDS = 240  # work waits for two minutes at most between two looks


@pytest.mark.skipif(SIZE is SHORT, reason="`make chaos` does it")
@pytest.mark.parametrize(
    ("number", "seconds", "ttl"), [(5000, 120, "1h"), (1000, 600, "24h")], ids=["2m", "10m"]
)
def test_a_provider_that_refuses_connections_burns_no_message(
    fleet: Fleet, number: int, seconds: int, ttl: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Every message waits for its provider, and is sent once."""
    fleet.heal()
    fleet.kill(SANDBOX)
    away_until = time.monotonic() + seconds
    commands = on_one_channel(number, "sms", ttl=ttl)
    try:
        with under_load(fleet.stack, commands, seconds=SIZE.outage_seconds) as load:
            load.wait_until_confirmed(number // 4)
        time.sleep(max(0.0, away_until - time.monotonic()))
    finally:
        fleet.launch(partial(services.launch, fleet.stack, SANDBOX, die_with_parent=True))
    services.wait_ready(fleet.stack, [SANDBOX])
    back = time.monotonic()
    record = asyncio.run(settled(fleet.stack, load, patience_seconds=PATIENCE_SECONDS))
    outcomes = Counter(record.outcomes.values())
    with capfd.disabled():
        recovered = f"all over {time.monotonic() - back:.0f} s after the provider was back"
        sys.stderr.write(f"\n{number} messages, {seconds} s: {dict(outcomes)}, {recovered}\n")
    assert outcomes == {"succeeded": number}
    assert doubles(record) == []
    assert record.unknown == {}
