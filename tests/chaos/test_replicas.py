"""One of two replicas hangs, loses a link, or has a wrong clock: the other's decisions stay right.

Nothing here is silent on purpose, so nobody may fall back. Run large with `make chaos`.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

import pytest

from chaos import clocks
from chaos.answers import answer_times
from chaos.commands import Command, varied
from chaos.fleet import BROKER, DATABASE, Fleet
from chaos.links import Link
from chaos.load import Load, under_load
from chaos.nemesis import CLAIMED
from chaos.record import settled
from chaos.replicas import PAIRS
from chaos.size import SHORT, SIZE
from chaos.verdict import Verdict, judge
from herald_local.servers import private_servers

MESSAGES = 120
SHORT_SECONDS, LONG_SECONDS = 4, 20  # `fallback_after`
SOON_SECONDS = 5
ANSWER_SECONDS = 10
PATIENCE_SECONDS = 240
PULLED_BYTES = 20_000  # a router that got so much after a cut holds deliveries again
WITHOUT_DELIVERIES_SECONDS = 4  # one that has stopped consuming gets none
LOST_CLAIMS = 3
FIRST_ROUTER, SECOND_ROUTER = PAIRS["router"]

only_large = pytest.mark.skipif(SIZE is SHORT, reason="`make chaos` does it")

Conclude = Callable[[Load, float], Verdict]


@pytest.fixture
def conclude(
    fleet: Fleet, request: pytest.FixtureRequest, capfd: pytest.CaptureFixture[str]
) -> Conclude:
    """Give what ends a case: heal, wait until all is over, print the counts, judge."""

    def check(load: Load, fallback_after: float) -> Verdict:
        started = time.monotonic()
        record = asyncio.run(settled(fleet.stack, load, patience_seconds=PATIENCE_SECONDS))
        verdict = judge(record, fleet.balancer.tries, fallback_after=fallback_after)
        with capfd.disabled():
            seconds = f"settled in {time.monotonic() - started:.0f} s"
            sys.stderr.write(f"\n{request.node.name}: {verdict.counts()}, {seconds}\n")
        return verdict

    fleet.heal()
    return check


def commands(fallback_after: float = SHORT_SECONDS) -> Sequence[Command]:
    """Make commands of which many are reported delivered late, and all in the end."""
    return varied(MESSAGES, fallback_after=f"{fallback_after}s", silent=False)


def assert_nobody_fell_back(verdict: Verdict) -> None:
    assert verdict.problems() == []
    assert verdict.silences == 0


@only_large
def test_a_suspended_router_leads_to_no_fallback(fleet: Fleet, conclude: Conclude) -> None:
    """What one router holds while it hangs is no silence to the other."""
    with under_load(fleet.stack, commands(), seconds=SOON_SECONDS) as load:
        load.wait_until_under_way("sms")
        fleet.suspend(SECOND_ROUTER)
        time.sleep(SIZE.suspended_seconds)
        fleet.resume(SECOND_ROUTER)
    assert_nobody_fell_back(conclude(load, SHORT_SECONDS))


@only_large
@pytest.mark.parametrize("fault", [Link.cut, Link.hold])
def test_a_router_without_its_database_holds_nothing_up(
    fleet: Fleet, conclude: Conclude, fault: Callable[[Link], None]
) -> None:
    """The other router answers what this one got, soon, and takes its receipts for no silence."""
    link = fleet.link(SECOND_ROUTER, DATABASE)
    with answer_times(fleet) as answered:
        with under_load(fleet.stack, commands(), seconds=SIZE.unreachable_seconds / 2) as load:
            load.wait_until_under_way("sms")
            fleet.network.do(partial(fault, link))
            time.sleep(SIZE.unreachable_seconds)
            fleet.network.do(link.heal)
        verdict = conclude(load, SHORT_SECONDS)
    waits = [answered[name] - confirmed for name, confirmed in load.confirmed.items()]
    waited = sum(wait > ANSWER_SECONDS for wait in waits)
    assert waited == 0, f"{waited} of {len(waits)} waited, the longest for {max(waits):.0f} s"
    assert_nobody_fell_back(verdict)


@only_large
@pytest.mark.parametrize("seconds", [60, -600])
def test_a_routers_wrong_clock_leads_to_no_fallback(
    fleet: Fleet, conclude: Conclude, seconds: int
) -> None:
    """Deadlines are not set or judged by the clock of one machine."""
    if clocks.library() is None:
        pytest.skip(clocks.NO_LIBRARY)
    fleet.end(SECOND_ROUTER)  # a jump of a running one's clock looks like a pause, and is held
    fleet.clocks[SECOND_ROUTER].set_off(seconds)
    fleet.start(SECOND_ROUTER)
    fleet.wait_ready()
    with under_load(fleet.stack, commands(LONG_SECONDS), seconds=SOON_SECONDS) as load:
        load.wait_until_under_way("sms")
        time.sleep(SOON_SECONDS)
    verdict = conclude(load, LONG_SECONDS)
    fleet.clocks[SECOND_ROUTER].set_off(0)
    assert_nobody_fell_back(verdict)


@only_large
@pytest.mark.parametrize("suspended", [PAIRS["ingress"][1:], PAIRS["ingress"]], ids=["one", "both"])
def test_a_suspended_ingress_makes_nobody_silent(
    fleet: Fleet, conclude: Conclude, suspended: Sequence[str]
) -> None:
    """Webhooks that hang before an ingress are no silence, whether another takes some or not."""
    with under_load(fleet.stack, commands(), seconds=20) as load:
        load.wait_until_under_way("sms")
        for replica in suspended:
            fleet.suspend(replica)
        time.sleep(20)
        for replica in suspended:
            fleet.resume(replica)
    assert conclude(load, SHORT_SECONDS).problems() == []


@only_large
def test_a_lost_reply_of_a_claim_is_no_call(fleet: Fleet, conclude: Conclude) -> None:
    """A worker whose claim was kept and whose reply was lost knows it for its own, and calls."""
    links = [fleet.link(replica, DATABASE) for replica in PAIRS["channel-sms"]]
    before = sum(link.lost_replies for link in links)
    with under_load(fleet.stack, commands(), seconds=2 * LOST_CLAIMS) as load:
        load.wait_until_under_way("sms")
        for _ in range(LOST_CLAIMS):
            for link in links:
                fleet.network.do(partial(link.lose_reply, CLAIMED))
            time.sleep(2)
    verdict = conclude(load, SHORT_SECONDS)
    assert sum(link.lost_replies for link in links) > before
    assert verdict.problems() == []


@only_large
def test_many_redeliveries_lose_nothing(fleet: Fleet, conclude: Conclude) -> None:
    """Deliveries that a lost link and a database that is away burn are no verdict on a message."""
    _, database = private_servers(fleet.stack.home)
    links = [fleet.link(replica, BROKER) for replica in PAIRS["router"]]
    with under_load(fleet.stack, commands(LONG_SECONDS), seconds=2 * SIZE.cuts) as load:
        load.wait_until_under_way("sms")
        database.stop()
        for _ in range(SIZE.cuts):
            _wait_for_deliveries(links)
            for link in links:
                fleet.network.do(link.reset_once)
        fleet.launch(lambda: database.start(die_with_parent=True))
        fleet.wait_ready()
    verdict = conclude(load, LONG_SECONDS)
    assert verdict.problems() == []


def _wait_for_deliveries(links: Sequence[Link]) -> None:
    """Return once every router holds deliveries again, or seems to consume none."""
    give_up = time.monotonic() + WITHOUT_DELIVERIES_SECONDS
    while any(link.bytes_since_cut < PULLED_BYTES for link in links):
        if time.monotonic() > give_up:
            return
        time.sleep(0.05)
