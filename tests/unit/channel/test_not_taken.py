"""Calls after which the provider has nothing, and when they are made again."""

from __future__ import annotations

import pytest

from herald.channel.not_taken import LONGEST_WAIT, not_taken
from herald.channel.planning import Later
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.providers.budgets import Scope
from herald.providers.sending import Accepted, NotSent, Refused, SendResult, Uncertain
from unit.channel.making import seconds, work


def limited(asked: float | None = None, scope: Scope | None = Scope.ACCOUNT) -> Refused:
    wait = None if asked is None else seconds(asked)
    failure = Failure.of(FailureClass.RATE_LIMITED, 20429, "words", retry_after=wait)
    return Refused(failure, scope=scope)


@pytest.mark.parametrize(
    "result",
    [Accepted(("1",)), Uncertain("read_timeout"), limited(scope=None)],
)
def test_what_a_provider_has_or_refuses_is_reported(result: SendResult) -> None:
    """A quota that fewer calls don't help is a failure: the next step may do better."""
    assert not_taken(result, work()) is None


def test_no_way_there() -> None:
    """Work that found no way is given back for as long as was asked, if anything was."""
    assert not_taken(NotSent("dns"), work()) == Later("dns", None)


@pytest.mark.parametrize(
    ("asked", "dispatch", "wait"),
    [(None, 1, 1), (None, 2, 2), (None, 5, 16), (30, 1, 30), (1, 4, 8), (600, 1, 600)],
)
def test_a_throttled_call_waits_longer_each_time(
    asked: float | None, dispatch: int, wait: float
) -> None:
    """At least as long as was asked, and at least twice as long as the time before."""
    later = not_taken(limited(asked), work(dispatch=dispatch))
    assert later is not None
    assert (later.reason, later.wait) == ("throttled", seconds(wait))
    assert later.failure == Failure.of(FailureClass.RATE_LIMITED, 20429)


def test_nobody_waits_for_long_without_being_asked() -> None:
    """Work that was handed out a thousand times is tried every two minutes."""
    later = not_taken(limited(), work(dispatch=1000))
    assert later is not None
    assert later.wait == LONGEST_WAIT
