"""The breaker: when an account is called no more, and how it comes back."""

from __future__ import annotations

import pytest

from herald.channel.breaker import (
    FEWEST_CALLS,
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    TRIAL_SECONDS,
    TRUSTED_SECONDS,
    UNSENT_IN_A_ROW,
    WINDOW_SECONDS,
    Breaker,
    Down,
    Trouble,
    Verdict,
)


def noting(breaker: Breaker, *verdicts: Verdict, now: float = 0.0) -> Breaker:
    """Note calls that began and ended at once."""
    for verdict in verdicts:
        breaker.note(verdict, "code", began=now, now=now)
    return breaker


def opened(now: float = 0.0) -> Breaker:
    return noting(Breaker(), Verdict.AUTH, now=now)


def trouble_of(breaker: Breaker) -> Trouble | None:
    return breaker.down.trouble if breaker.down is not None else None


def test_refused_credentials_open_it_at_once() -> None:
    """One answer that refuses the account is enough."""
    breaker = opened()
    assert trouble_of(breaker) is Trouble.AUTH
    assert not breaker.is_closed
    assert breaker.unsaved


def test_several_calls_in_a_row_without_a_way_open_it() -> None:
    """One outage is nothing, several without an answer between are one that lasts."""
    few = [Verdict.UNSENT] * (UNSENT_IN_A_ROW - 1)
    breaker = noting(Breaker(), *few, Verdict.GOOD, *few)
    assert breaker.is_closed
    assert trouble_of(noting(breaker, Verdict.UNSENT)) is Trouble.OUTAGE


def test_a_high_share_of_errors_opens_it() -> None:
    """Half of the calls of late in errors is too much; a few among many are not."""
    calm = noting(Breaker(), *[Verdict.GOOD, Verdict.GOOD, Verdict.ERROR] * FEWEST_CALLS)
    assert calm.is_closed
    sick = noting(Breaker(), *[Verdict.GOOD, Verdict.ERROR] * (FEWEST_CALLS // 2))
    assert trouble_of(sick) is Trouble.ERRORS


def test_few_errors_and_old_ones_say_nothing() -> None:
    """A handful of calls is no share, and what is long past no longer counts."""
    breaker = noting(Breaker(), *[Verdict.ERROR] * (FEWEST_CALLS - 1))
    assert breaker.is_closed
    assert noting(breaker, Verdict.ERROR, now=WINDOW_SECONDS + 1).is_closed


def test_a_messages_own_trouble_says_nothing() -> None:
    """A sender the account may not use, or a recipient's limit, opens no breaker."""
    assert noting(Breaker(), *[Verdict.NOTHING] * 100).is_closed


def test_a_probe_needs_leave_and_time() -> None:
    """An open breaker lets one call through when it was granted and can end in time."""
    breaker = opened()
    assert not breaker.may_probe(10, timeout=10)
    breaker.grant_probe(30)
    assert breaker.may_probe(20, timeout=10)
    assert not breaker.may_probe(21, timeout=10)
    assert breaker.take_probe() == 30
    assert not breaker.may_probe(10, timeout=10)


def test_a_good_probe_closes_it() -> None:
    """The account is called as before, and an error that is older does not open it again."""
    breaker = opened()
    breaker.grant_probe(30)
    breaker.note_probe(Verdict.GOOD, "", 6)
    assert breaker.is_closed
    breaker.note(Verdict.AUTH, "old", began=5, now=7)
    assert breaker.is_closed


def test_each_failed_probe_doubles_the_pause() -> None:
    """From five seconds to a minute, and no longer."""
    breaker, pauses = opened(), []
    for _ in range(6):
        assert breaker.down is not None
        pauses.append(breaker.down.pause)
        breaker.note_probe(Verdict.AUTH, "401", 100)
        assert breaker.down.probe_at == 100 + breaker.down.pause
    assert pauses == [5, 10, 20, 40, 60, 60]
    assert (pauses[0], pauses[-1]) == (FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)


def test_calls_under_way_change_nothing_while_it_is_open() -> None:
    """Only the probe decides: others began when it was not known yet."""
    breaker = opened(now=1)
    down, changes = breaker.down, breaker.changes
    noting(breaker, Verdict.GOOD, Verdict.AUTH, now=2)
    assert (breaker.down, breaker.changes) == (down, changes)


def test_what_others_learned_counts_here() -> None:
    """Another worker's word opens, pauses and closes it, and is not written once more."""
    breaker = Breaker()
    breaker.learn(
        Down(trouble=Trouble.OUTAGE, code="dns", pause=5, probe_at=9), paused=False, now=1
    )
    assert trouble_of(breaker) is Trouble.OUTAGE
    breaker.learn(None, paused=True, now=2)
    assert (breaker.down, breaker.is_closed) == (None, False)
    breaker.learn(None, paused=False, now=3)
    assert breaker.is_closed
    assert not breaker.unsaved


def test_learning_the_same_again_keeps_a_granted_probe() -> None:
    """Reading the row each second does not take the leave away."""
    down = Down(trouble=Trouble.AUTH, code="", pause=5, probe_at=9)
    breaker = Breaker()
    breaker.learn(down, paused=False, now=0)
    breaker.grant_probe(100)
    breaker.learn(down, paused=False, now=1)
    assert breaker.may_probe(10, timeout=10)


@pytest.mark.parametrize(("probe_at", "wait"), [(3, 3), (0.2, 1), (40, 5)])
def test_the_wait_is_until_the_next_probe(probe_at: float, wait: float) -> None:
    """At least a second; and no longer than a pause, for another worker may be probing."""
    breaker = Breaker()
    down = Down(trouble=Trouble.OUTAGE, code="", pause=5, probe_at=probe_at)
    breaker.learn(down, paused=False, now=0)
    assert breaker.wait(0) == wait


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_trial_ends_with_its_call(verdict: Verdict) -> None:
    """However the call ended, the next may go."""
    breaker = Breaker()
    breaker.begin_trial(0.0)
    assert breaker.is_on_trial(0.5)
    assert not noting(breaker, verdict, now=0.5).is_on_trial(0.5)


def test_a_trial_ends_after_a_while() -> None:
    """A call that hangs does not hold the others."""
    breaker = Breaker()
    breaker.begin_trial(0.0)
    assert not breaker.is_on_trial(TRIAL_SECONDS)


def test_an_account_that_answered_of_late_needs_no_trial() -> None:
    """It is trusted for a minute after an answer that was not about itself."""
    breaker = noting(Breaker(), Verdict.GOOD)
    breaker.begin_trial(TRUSTED_SECONDS - 1)
    assert not breaker.is_on_trial(TRUSTED_SECONDS - 1)
    breaker.begin_trial(TRUSTED_SECONDS)
    assert breaker.is_on_trial(TRUSTED_SECONDS)
