"""A platform that suddenly allows half: its limit is found, hardly met, and no message fails."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from chaos.commands import on_one_channel
from chaos.fleet import Fleet
from chaos.invariants import doubles
from chaos.load import under_load
from chaos.record import settled
from chaos.replicas import PAIRS
from chaos.size import SHORT, SIZE
from herald_local.web import call

CHANNEL = "sms"
CONFIGURED, ALLOWED, BURST = 100, 50, 10  # calls a second; at once
EVERYTHING = "5000/s"  # what local stacks configure
MESSAGES = 3000
SETTLE = timedelta(seconds=10)
END = timedelta(seconds=2)  # the last calls are few
LEAST_TAKEN, MOST_THROTTLED = 0.9, 0.02  # shares of what is allowed, and of the answers


@contextmanager
def _workers_at(fleet: Fleet, rate: str) -> Iterator[None]:
    """Run the channel's workers with another rate of their account."""
    replicas = PAIRS[f"channel-{CHANNEL}"]
    written = fleet.stack.home / "herald.toml"
    changed = fleet.stack.home / "herald-throttled.toml"
    before, section, after = written.read_text().partition("[accounts.twilio-main]")
    changed.write_text(before + section + after.replace(EVERYTHING, rate, 1))
    fleet.end(*replicas)
    for replica in replicas:
        fleet.add(replica, {"HERALD_CONFIG": str(changed)})
    fleet.wait_ready()
    try:
        yield
    finally:
        fleet.end(*replicas)
        for replica in replicas:
            fleet.add(replica)
        fleet.wait_ready()


def _limit(fleet: Fleet, method: str, document: Any = None) -> None:
    body = None if document is None else json.dumps(document).encode()
    answer = call(method, f"{fleet.stack.sandbox_url}/_sandbox/limits", body)
    assert answer.status == 200, answer.body


def _measured(requests: Sequence[Any], since: float) -> tuple[float, float, int]:
    """Return the taken share of what is allowed, the throttled share, and the seconds measured."""
    times = [(datetime.fromisoformat(it["at"]), it["accepted"]) for it in requests]
    first = datetime.fromtimestamp(since, tz=times[0][0].tzinfo) + SETTLE
    last = max(at for at, accepted in times if accepted) - END
    within = [accepted for at, accepted in times if first <= at < last]
    seconds = (last - first).total_seconds()
    taken = sum(within)
    return taken / (ALLOWED * seconds), 1 - taken / len(within), round(seconds)


@pytest.mark.skipif(SIZE is SHORT, reason="`make chaos` does it")
def test_a_platform_that_allows_half_is_followed(
    fleet: Fleet, capfd: pytest.CaptureFixture[str]
) -> None:
    """Two workers find the limit within seconds, hardly meet it, and every message is sent once."""
    fleet.heal()
    commands = on_one_channel(MESSAGES, CHANNEL, ttl="1h")
    with _workers_at(fleet, f"{CONFIGURED}/s"):
        try:
            with under_load(fleet.stack, commands, seconds=1) as load:
                load.wait_until_under_way(CHANNEL)
                _limit(fleet, "POST", {"provider": "twilio", "rate": ALLOWED, "burst": BURST})
                since = time.time()
            record = asyncio.run(settled(fleet.stack, load))
        finally:
            _limit(fleet, "DELETE")
    taken, throttled, seconds = _measured(record.requests, since)
    outcomes = Counter(record.outcomes.values())
    with capfd.disabled():
        figures = f"{taken:.1%} of what is allowed, {throttled:.2%} throttled, over {seconds} s"
        sys.stderr.write(f"\n{MESSAGES} messages: {dict(outcomes)}; {figures}\n")
    assert outcomes == {"succeeded": MESSAGES}
    assert len(record.attempts) == MESSAGES  # no try was used up
    assert doubles(record) == []
    assert taken >= LEAST_TAKEN
    assert throttled < MOST_THROTTLED
