"""What to do with work: accounts that are down, paused, held or busy, and work that is late."""

from __future__ import annotations

import pytest

from herald.channel.accounts import PAUSED_SECONDS, Later, SendingAccount
from herald.channel.breaker import Down, Trouble
from herald.channel.limits import PROBE_SECONDS
from herald.channel.planning import Hopeless, Reserved, plan
from herald.channel.reports import NO_ACCOUNT_IN_ORDER
from unit.channel.making import NOW, account, moment, seconds, work


def down(name: str, trouble: Trouble = Trouble.AUTH) -> SendingAccount:
    """Make an account that is down and whose next probe is due in 5 s."""
    made = account(name)
    state = Down(trouble=trouble, code="x", pause=5, probe_at=5)
    made.breaker.learn(state, paused=False, now=0)
    return made


def paused(name: str) -> SendingAccount:
    made = account(name)
    made.breaker.learn(None, paused=True, now=0)
    return made


@pytest.mark.parametrize("bad", [down("bad"), paused("bad")])
def test_another_account_does_the_work(bad: SendingAccount) -> None:
    """An account that is down or paused is passed over where another fits."""
    good = account("good")
    planned = plan(work(), [bad, good], moment())
    assert isinstance(planned, Reserved)
    assert planned.account is good


@pytest.mark.parametrize(
    ("accounts", "expected"),
    [
        ([down("a"), down("b")], Hopeless(NO_ACCOUNT_IN_ORDER)),
        ([down("a", Trouble.OUTAGE)], Later("account_down", 5)),
        ([down("a"), down("b", Trouble.ERRORS)], Later("account_down", 5)),
        ([paused("a")], Later("account_paused", PAUSED_SECONDS)),
        ([paused("a"), down("b")], Later("account_paused", PAUSED_SECONDS)),
    ],
)
def test_where_none_other_fits(accounts: list[SendingAccount], expected: Hopeless | Later) -> None:
    """Refused accounts fail the attempt; an outage or a pause has an end, so the work waits."""
    assert plan(work(), accounts, moment()) == expected


def test_a_due_probe_takes_one_call() -> None:
    """One call goes to the account that is down, though another is free; the next does not."""
    bad, good = down("bad"), account("good")
    bad.breaker.grant_probe(30)
    first, second = (plan(work(), [good, bad], moment(6)) for _ in range(2))
    assert isinstance(first, Reserved)
    assert isinstance(second, Reserved)
    assert (first.account, first.probe) == (bad, 30)
    assert (second.account, second.probe) == (good, None)


def test_a_probe_that_was_not_made_is_given_back() -> None:
    """A call that was cancelled leaves the account's probe to the next."""
    bad = down("bad")
    bad.breaker.grant_probe(30)
    first = plan(work(), [bad], moment(6))
    assert isinstance(first, Reserved)
    first.cancel(6)
    again = plan(work(), [bad], moment(6))
    assert isinstance(again, Reserved)
    assert again.probe == 30


def test_a_paused_account_is_not_probed() -> None:
    """What an operator paused gets no call at all."""
    bad = down("bad")
    bad.breaker.grant_probe(30)
    bad.breaker.paused = True
    assert plan(work(), [bad], moment(6)) == Later("account_paused", PAUSED_SECONDS)


def test_held_work_is_returned_with_the_whole_wait() -> None:
    """The router learns how long the provider asked to wait, so that it can take another step."""
    held = account("held")
    held.bucket.hold(1800, 0)
    assert plan(work(), [held], moment()) == Later("rate_limit", 1800)


def test_a_hold_is_probed() -> None:
    """After a minute one call goes to an account that an answer holds."""
    held = account("held")
    held.bucket.hold(600, 0)
    planned = plan(work(), [held], moment(PROBE_SECONDS))
    assert isinstance(planned, Reserved)
    assert planned.token.probe


def test_late_work_is_judged_by_the_databases_time() -> None:
    """`not_after` is compared with the time that all processes share."""
    assert plan(work(not_after=NOW), [account("a")], moment()) == Later("too_late", None)


def test_a_token_past_the_end_is_too_late() -> None:
    """Work whose token comes after its time is not kept waiting for it."""
    held = account("held")
    held.bucket.hold(50, 0)
    late = work(not_after=NOW + seconds(30))
    assert plan(late, [held], moment()) == Later("too_late", None)


def test_a_wait_is_over_when_its_account_closes() -> None:
    """What waited for its token is not sent to an account that went down or was paused."""
    one = account("one")
    planned = plan(work(), [one], moment())
    assert isinstance(planned, Reserved)
    assert planned.still_stands(1)
    one.breaker.paused = True
    assert not planned.still_stands(1)
