"""When a member goes into quarantine, and when it comes out of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.channel.egress.quarantine import (
    BLOCKED,
    BLOCKED_PAUSE_SECONDS,
    FAILURES_IN_A_ROW,
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    TRUSTED_SECONDS,
    MemberHealth,
    Quarantine,
)
from herald.egress.codes import PROXY_AUTH, PROXY_CONNECT, PROXY_REFUSED


def quarantined(code: str = PROXY_CONNECT) -> MemberHealth:
    health = MemberHealth()
    for _ in range(FAILURES_IN_A_ROW):
        health.note_failed(code, began=0, now=0)
    return health


def test_failures_in_a_row_put_it_in_quarantine() -> None:
    """One that succeeds in between begins the count anew."""
    health = MemberHealth()
    for _ in range(FAILURES_IN_A_ROW - 1):
        health.note_failed(PROXY_CONNECT, began=0, now=0)
    health.note_connected(began=0)
    for _ in range(FAILURES_IN_A_ROW - 1):
        health.note_failed(PROXY_CONNECT, began=0, now=0)
    assert health.is_usable
    health.note_failed(PROXY_CONNECT, began=0, now=0)
    assert health.quarantine == Quarantine(code=PROXY_CONNECT, pause=1.0, check_at=1.0)
    assert (health.changes, health.unsaved) == (1, True)


@pytest.mark.parametrize("code", [PROXY_AUTH, PROXY_REFUSED])
def test_a_refusal_is_certain_at_once(code: str) -> None:
    """A wrong password is wrong for the next call, too."""
    health = MemberHealth()
    health.note_failed(code, began=0, now=0)
    assert not health.is_usable


def test_a_check_lifts_it_and_a_failed_one_doubles_the_pause() -> None:
    health = quarantined()
    for expected in (2.0, 4.0, 8.0):
        health.note_checked(PROXY_CONNECT, 10)
        assert health.quarantine is not None
        assert health.quarantine.pause == expected
    health.note_checked(None, 20)
    assert health.is_usable


def test_one_that_comes_back_soon_goes_on_where_it_left_off() -> None:
    """A member that flaps is away longer each time; one that was well for long begins anew."""
    health = quarantined()
    health.note_checked(None, 10)
    for _ in range(FAILURES_IN_A_ROW):
        health.note_failed(PROXY_CONNECT, began=11, now=11)
    assert health.quarantine is not None
    assert health.quarantine.pause == 2 * FIRST_PAUSE_SECONDS
    health.note_checked(None, 20)
    later = 20 + TRUSTED_SECONDS
    for _ in range(FAILURES_IN_A_ROW):
        health.note_failed(PROXY_CONNECT, began=later, now=later)
    assert health.quarantine is not None
    assert health.quarantine.pause == FIRST_PAUSE_SECONDS


def test_calls_that_began_before_say_nothing() -> None:
    """What failed through a member before it came back does not send it away again."""
    health = quarantined()
    health.note_checked(None, 10)
    for _ in range(FAILURES_IN_A_ROW):
        health.note_failed(PROXY_CONNECT, began=5, now=11)
    assert health.is_usable


def test_a_blocked_address_rests_longer() -> None:
    health = MemberHealth()
    health.note_blocked(began=0, now=0)
    expected = Quarantine(code=BLOCKED, pause=BLOCKED_PAUSE_SECONDS, check_at=BLOCKED_PAUSE_SECONDS)
    assert health.quarantine == expected


def test_a_drained_member_takes_no_calls() -> None:
    """Whether it is well or not."""
    health = MemberHealth()
    health.learn(None, draining=True, now=0)
    assert not health.is_usable
    assert health.wait(0) == LONGEST_PAUSE_SECONDS
    health.learn(None, draining=False, now=1)
    assert health.is_usable


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["failed", "connected", "ok", "bad", "blocked", "learn", "clear"]),
        st.floats(0, 30),
    ),
    max_size=40,
)


@given(EVENTS)
def test_it_always_comes_back(events: list[tuple[str, float]]) -> None:
    """Whatever happened, a check is due within the longest pause, and one connection lifts it."""
    health, now = MemberHealth(), 0.0
    for what, seconds in events:
        now += seconds
        if what == "failed":
            health.note_failed(PROXY_CONNECT, began=now, now=now)
        elif what == "connected":
            health.note_connected(began=now)
        elif what == "blocked":
            health.note_blocked(began=now, now=now)
        elif what == "learn":
            other = Quarantine(code=BLOCKED, pause=5.0, check_at=now + 5)
            health.learn(other, draining=False, now=now)
        elif what == "clear":
            health.learn(None, draining=False, now=now)
        else:
            health.note_checked(None if what == "ok" else PROXY_CONNECT, now)
    if health.quarantine is not None:
        assert 0 < health.quarantine.pause <= 3600
        assert health.quarantine.check_at <= now + 3600
        assert 1 <= health.wait(now) <= LONGEST_PAUSE_SECONDS
        health.note_checked(None, now)
    assert health.is_usable
