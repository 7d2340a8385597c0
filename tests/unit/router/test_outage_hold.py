"""How far silence is judged once the database is back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from router.core.outage_hold import HOLD, OUTAGE, OutageHold
from unit.router.making import NOW, seconds

BEHIND = timedelta(seconds=5)
LOOK = timedelta(seconds=0.5)


def judged(hold: OutageHold, now: datetime) -> datetime | None:
    """Look at the database, by which all but the last seconds could be judged."""
    return hold.held({"normal": now - BEHIND}, now).get("normal")


@pytest.fixture
def hold() -> OutageHold:
    """Make one of a router that has looked at the database until now."""
    hold = OutageHold()
    for looks in range(10, -1, -1):
        now = NOW - looks * LOOK
        assert judged(hold, now) == now - BEHIND
    return hold


def test_after_an_outage_silence_is_judged_as_far_as_before(hold: OutageHold) -> None:
    """Whoever could not start meanwhile has the time to do so."""
    back = NOW + seconds(60)
    for looks in range(int(HOLD / LOOK)):
        assert judged(hold, back + looks * LOOK) == NOW - BEHIND


def test_the_hold_ends(hold: OutageHold) -> None:
    """Then a worker that says nothing is silent."""
    back = NOW + seconds(60)
    judged(hold, back)
    for looks in range(int(HOLD / LOOK)):
        judged(hold, back + looks * LOOK)
    assert judged(hold, back + HOLD) == back + HOLD - BEHIND
    assert judged(hold, back + HOLD + LOOK) == back + HOLD + LOOK - BEHIND


def test_another_outage_holds_on(hold: OutageHold) -> None:
    """The first one's hold was not over: it is judged no further."""
    judged(hold, NOW + seconds(60))
    assert judged(hold, NOW + seconds(65)) == NOW - BEHIND


def test_a_moment_without_the_database_holds_nothing(hold: OutageHold) -> None:
    """As when a server is restarted, or the process was busy: workers are soon back, too."""
    now = NOW + OUTAGE
    assert judged(hold, now) == now - BEHIND


def test_a_gate_that_was_shut_before_stays_shut(hold: OutageHold) -> None:
    """Nothing is known of it from before the outage."""
    now = NOW + seconds(60)
    assert hold.held({"normal": now, "urgent": now}, now) == {"normal": NOW - BEHIND}


def test_a_router_that_starts_holds_nothing() -> None:
    """It knows of no outage."""
    assert judged(OutageHold(), NOW) == NOW - BEHIND
