"""Killed processes and lost servers under load: nothing is lost, nobody is contacted twice.

Real processes, ended by their pid. Run large with `make chaos`.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable

import pytest

from chaos import faults
from chaos.alarm import out_of_memory
from chaos.commands import DELIVERED_LATE, mixed
from chaos.firehose import trace
from chaos.invariants import Promise, doubles, most_redeliveries, problems
from chaos.load import Load, under_load
from chaos.record import Record, settled
from chaos.size import SHORT, SIZE
from herald_local import services
from herald_local.servers import private_servers
from herald_local.stack import Stack

# Providers repeat a webhook that met no ingress, each time after twice as long.
LONGER_THAN_RETRIES = "20s"
SHORTER_THAN_OUTAGE = "4s"
GROWTH = 1  # a new consumer that sees small messages asks for more, and a few come twice for it

Conclude = Callable[[Load, Promise], None]


@pytest.fixture
def conclude(
    stack: Stack, request: pytest.FixtureRequest, capfd: pytest.CaptureFixture[str]
) -> Conclude:
    """Give what ends a case: wait until all is over, look, print a line, check."""

    def check(load: Load, promise: Promise) -> None:
        record = asyncio.run(settled(stack, load))
        with capfd.disabled():
            sys.stderr.write(_line(request.node.name, load, record))
        assert load.lasted, "the load was over before the fault was"
        assert problems(record, promise) == []

    return check


def test_router_is_killed(stack: Stack, conclude: Conclude) -> None:
    """What a killed router had in hand is finished by the next, and nothing of it is sent twice."""
    with under_load(stack, mixed(SIZE.commands), seconds=8) as load:
        load.wait_until_under_way("whatsapp")
        faults.kill(stack, "router")
        faults.restart(stack, "router")
    conclude(load, Promise(redeliveries=1 + GROWTH))


@pytest.mark.skipif(SIZE is SHORT, reason="`make chaos` does it; three minutes are enough here")
def test_router_is_suspended(stack: Stack, conclude: Conclude) -> None:
    """A router that wakes up late has heard nothing: it takes that for no silence."""
    commands = mixed(SIZE.commands, delivered=DELIVERED_LATE, start_within=SHORTER_THAN_OUTAGE)
    with under_load(stack, commands, seconds=SIZE.outage_seconds + 5) as load:
        load.wait_until_under_way("sms")
        faults.suspend(stack, "router", SIZE.outage_seconds)
        services.wait_ready(stack)
    conclude(load, Promise(redeliveries=1 + GROWTH))


def test_sms_worker_is_killed(stack: Stack, conclude: Conclude) -> None:
    """Calls that a killed worker had under way become unknown or are heard of; none is repeated."""
    with under_load(stack, mixed(SIZE.commands), seconds=8) as load:
        load.wait_until_under_way("sms")
        faults.kill(stack, "channel-sms")
        faults.restart(stack, "channel-sms")
    conclude(load, Promise(redeliveries=1 + GROWTH, cut=True))


def test_ingress_is_killed(stack: Stack, conclude: Conclude) -> None:
    """What a killed ingress had neither published nor kept was not answered, and is retried."""
    commands = mixed(SIZE.commands, fallback_after=LONGER_THAN_RETRIES)
    with under_load(stack, commands, seconds=8) as load:
        load.wait_until_under_way("whatsapp")
        faults.kill(stack, "ingress")
        faults.restart(stack, "ingress")
    conclude(load, Promise(redeliveries=GROWTH))


def test_broker_is_killed(stack: Stack, conclude: Conclude) -> None:
    """Confirmed commands outlive the broker; each service says that it is away and comes back."""
    broker, _ = private_servers(stack.home)
    with under_load(stack, mixed(SIZE.commands), seconds=15) as load:
        load.wait_until_under_way("sms")
        broker.stop(gracefully=False)
        faults.expect_trouble(stack, faults.HERALD, part="broker")
        broker.start(die_with_parent=True)
        trace(stack)
        services.wait_ready(stack)
    conclude(load, Promise(redeliveries=1 + GROWTH))


def test_broker_is_out_of_memory(stack: Stack, conclude: Conclude) -> None:
    """A broker that delivers and takes nothing is an outage: silence meanwhile means nothing."""
    broker, _ = private_servers(stack.home)
    commands = mixed(SIZE.commands, delivered=DELIVERED_LATE, start_within=SHORTER_THAN_OUTAGE)
    with under_load(stack, commands, seconds=SIZE.outage_seconds + 5) as load:
        load.wait_until_under_way("sms")
        with out_of_memory(broker):
            over = time.monotonic() + SIZE.outage_seconds
            faults.expect_trouble(stack, {"router"}, part="publishing")
            time.sleep(over - time.monotonic())
        services.wait_ready(stack)
    conclude(load, Promise(redeliveries=GROWTH))


def test_database_is_away(stack: Stack, conclude: Conclude) -> None:
    """Without PostgreSQL everything waits where it is, unacknowledged, and then goes on."""
    _, database = private_servers(stack.home)
    seconds = SIZE.outage_seconds
    commands = mixed(SIZE.commands, start_within=SHORTER_THAN_OUTAGE)
    with under_load(stack, commands, seconds=seconds + 5) as load:
        load.wait_until_under_way("sms")
        database.stop()
        back = time.monotonic() + seconds
        faults.expect_trouble(stack, faults.USERS_OF_DATABASE, part="database")
        time.sleep(back - time.monotonic())
        faults.expect_trouble(stack, faults.USERS_OF_DATABASE, part="database")
        database.start(die_with_parent=True)
        services.wait_ready(stack)
    conclude(load, Promise(redeliveries=1 + GROWTH))


def test_every_service_is_restarted_in_turn(stack: Stack, conclude: Conclude) -> None:
    """Asked to end, a service finishes what it holds and ends by itself; the next one goes on."""
    commands = mixed(SIZE.commands, fallback_after=LONGER_THAN_RETRIES)
    with under_load(stack, commands, seconds=25) as load:
        load.wait_until_under_way("sms")
        for name in ("ingress", "router", "channel-sms", "channel-whatsapp", "channel-email"):
            faults.terminate(stack, name)
            faults.expect_trouble(stack, {name}, part=None)
            faults.restart(stack, name)
    conclude(load, Promise(redeliveries=1 + GROWTH))


def _line(name: str, load: Load, record: Record) -> str:
    outcomes = Counter(str(outcome) for outcome in record.outcomes.values())
    counts = {
        "commands": len(load.commands),
        "published again": load.repeated,
        **dict(sorted(outcomes.items())),
        "requests": len(record.requests),
        "unknown": sum(map(len, record.unknown.values())),
        "doubles": len(doubles(record)),
        "redelivered at most": most_redeliveries(record),
        "seconds": round(time.monotonic() - load.started),
    }
    return f"\n{name}: {', '.join(f'{what} {count}' for what, count in counts.items())}\n"
