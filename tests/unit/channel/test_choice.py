"""Which of several accounts calls: by number, by weight, by how it fared of late."""

from __future__ import annotations

from collections import Counter

import pytest

from herald.channel.accounts import SendingAccount
from herald.channel.breaker import FEWEST_CALLS, Verdict
from herald.channel.choice import by_weight, effective_weights, nearest
from herald.channel.planning import Impossible, Wish
from herald.channel.reports import NO_ACCOUNT
from unit.channel.making import Desk, sending, twilio, work

RECIPIENTS = [f"+1555{number:07}" for number in range(4000)]


def weighted(name: str, weight: int | None) -> SendingAccount:
    return sending(name, twilio(weight=weight))


def routed(name: str, *prefixes: str, countries: tuple[str, ...] = ()) -> SendingAccount:
    return sending(name, twilio(prefixes=prefixes, countries=countries))


def share_of(name: str, accounts: list[SendingAccount], now: float = 0.0) -> float:
    """Return the share of recipients who get an account first."""
    firsts = Counter(by_weight(accounts, to, now)[0].name for to in RECIPIENTS)
    return firsts[name] / len(RECIPIENTS)


def fail(account: SendingAccount, bad: int, good: int) -> None:
    """Let calls end, the good ones first: most of the first few would open the breaker."""
    for verdict in [Verdict.GOOD] * good + [Verdict.ERROR] * bad:
        account.breaker.note(verdict, "http_500", began=0, now=0)


def test_weights_share_the_recipients() -> None:
    """Of accounts with weights 3 and 1 the first takes three of four recipients."""
    assert share_of("a", [weighted("a", 3), weighted("b", 1)]) == pytest.approx(0.75, abs=0.03)


def test_a_recipient_keeps_their_account() -> None:
    """Another account moves only recipients to itself, none between the others."""
    two = [weighted("a", 1), weighted("b", 1)]
    three = [*two, weighted("c", 1)]
    for to in RECIPIENTS[:500]:
        before, after = by_weight(two, to, 0)[0].name, by_weight(three, to, 0)[0].name
        assert after in {before, "c"}


def test_the_planner_goes_by_weight() -> None:
    """Each recipient's own account is wished for while its limits are not reached."""
    accounts = [weighted("a", 1), weighted("b", 1)]
    desk = Desk(*accounts)
    for to in RECIPIENTS[:20]:
        plan = desk.plan(work(to=to))
        assert isinstance(plan, Wish)
        assert plan.account is by_weight(accounts, to, 0)[0]


def test_an_account_without_weight_waits_until_the_others_can_t() -> None:
    """It gets nothing while one with a weight is usable, and all once none is."""
    share, reserve = weighted("share", 1), weighted("reserve", None)
    plan = Desk(reserve, share).plan(work())
    assert isinstance(plan, Wish)
    assert plan.account is share
    share.breaker.learn(None, paused=True, now=0)
    plan = Desk(reserve, share).plan(work())
    assert isinstance(plan, Wish)
    assert plan.account is reserve


def test_errors_take_weight() -> None:
    """An account with three bad calls of ten loses recipients to its equal, and keeps some."""
    bad, good = weighted("bad", 1), weighted("good", 1)
    fail(bad, bad=9, good=21)
    assert 0.2 < share_of("bad", [bad, good]) < 0.4


def test_few_calls_say_nothing() -> None:
    """Errors among fewer calls than count leave the weights as they are."""
    bad = weighted("bad", 1)
    fail(bad, bad=2, good=FEWEST_CALLS - 3)
    assert share_of("bad", [bad, weighted("good", 1)]) == pytest.approx(0.5, abs=0.03)


def test_nothing_moves_when_all_are_bad() -> None:
    """Where most of the weight would go, the trouble is not one account's."""
    assert effective_weights([3, 1], [0.4, 0.4]) == [3, 1]
    assert effective_weights([1, 1], [0.4, 0.0]) == [pytest.approx(0.2), 1]


def test_an_account_keeps_a_tenth() -> None:
    """Else nothing would show that it is well again."""
    assert effective_weights([1, 9], [0.5, 0.0]) == [pytest.approx(0.1), 9]


def test_the_longest_prefix_wins() -> None:
    """A number goes to the account with the longest prefix of it, whatever the order."""
    accounts = [routed("any"), routed("germany", "+49"), routed("mobile", "+491", "+43")]
    assert [it.name for it in nearest(accounts, work(to="+4915112345678"))] == ["mobile"]
    assert [it.name for it in nearest(accounts, work(to="+493012345678"))] == ["germany"]


def test_the_next_nearest_stands_in() -> None:
    """While the nearest account is paused, the one for all numbers takes its calls."""
    near, everywhere = routed("near", "+49"), routed("all")
    near.breaker.learn(None, paused=True, now=0)
    plan = Desk(near, everywhere).plan(work(to="+493012345678"))
    assert isinstance(plan, Wish)
    assert plan.account is everywhere


def test_no_account_for_a_number() -> None:
    """A number that no account takes fails; it is not sent by the wrong one."""
    assert Desk(routed("germany", "+49")).plan(work(to="+15550002222")) == Impossible(NO_ACCOUNT)


def test_accounts_that_were_tried_come_last() -> None:
    """A retry goes by an account that has not failed the step; by any if all have."""
    accounts = [sending("a"), sending("b")]
    assert [it.name for it in nearest(accounts, work(tried=("a",)))] == ["b"]
    assert [it.name for it in nearest(accounts, work(tried=("a", "b")))] == ["a", "b"]
