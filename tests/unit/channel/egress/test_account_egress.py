"""What an account learns of its members from how its calls end, and what it leaves to others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from herald.channel.breaker import Verdict
from herald.channel.calling import verdict_of
from herald.channel.egress.account_egress import SOON, AccountEgress, MemberWay
from herald.channel.egress.choosing import Chooser, Rotation
from herald.channel.egress.quarantine import BLOCKED, FAILURES_IN_A_ROW, MemberHealth
from herald.channel.planning import Later, Wish
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.http.client import HttpClient
from herald.providers.budgets import Scope, egress_key
from herald.providers.sending import Accepted, NotSent, Refused, Uncertain
from unit.channel.making import NOW, Desk, Silent, sending, work

NO_PROXY = NotSent("proxy_connect", no_connection=True)


class Way:
    """An account's egress with two members, and what it counted."""

    def __init__(self) -> None:
        self.health = {"a": MemberHealth(), "b": MemberHealth()}
        self.changes = 0
        self.egress = AccountEgress(
            account="main",
            provider="twilio",
            pool="pool",
            timeout=timedelta(seconds=1),
            ways={
                name: MemberWay(
                    name=name,
                    provider=Silent(),
                    http=cast("HttpClient", None),
                    health=health,
                )
                for name, health in self.health.items()
            },
            chooser=Chooser(("a", "b"), Rotation()),
            count=lambda _member, _result: None,
            changed=self._changed,
            time=lambda: NOW,
        )

    def _changed(self) -> None:
        self.changes += 1

    def note(self, member: str, *results: object) -> list[object]:
        return [self.egress.note(member, it, began=1, now=1) for it in results]  # type: ignore[arg-type]

    def home(self) -> str:
        member = self.egress.choose(work(), 1, NOW, None)
        assert member is not None
        return member


def test_a_dead_member_is_left_and_its_work_comes_back_soon() -> None:
    """Nothing was sent: another member may do it a moment later, and no account is blamed."""
    way = Way()
    home = way.home()
    results = way.note(home, *[NO_PROXY] * FAILURES_IN_A_ROW)
    assert [cast("NotSent", result).wait for result in results] == [SOON] * FAILURES_IN_A_ROW
    assert way.home() != home
    assert way.changes == 1
    assert verdict_of(NO_PROXY, by_egress=True) == (Verdict.NO_WAY, "proxy_connect")
    assert verdict_of(NO_PROXY)[0] is Verdict.UNSENT
    assert verdict_of(NotSent("http_503"), by_egress=True)[0] is Verdict.UNSENT


def test_what_did_not_leave_us_says_nothing_of_a_member() -> None:
    """A member is left after so many failures, though calls between them did not try it."""
    way = Way()
    home = way.home()
    for _ in range(FAILURES_IN_A_ROW):
        way.note(home, NotSent("busy", of_us=True), NO_PROXY)
    assert way.home() != home


def test_with_no_member_left_it_waits_for_a_check() -> None:
    way = Way()
    for member in way.health:
        results = way.note(member, *[NO_PROXY] * FAILURES_IN_A_ROW)
    assert cast("NotSent", results[-1]).wait == timedelta(seconds=1)
    desk = Desk(replace(sending("main"), egress=way.egress))
    desk.now = 1.0
    assert desk.plan(work()) == Later("no_egress", timedelta(seconds=1))


def test_another_account_with_a_way_takes_the_work() -> None:
    """An account without a healthy member keeps nobody from one that has a way out."""
    way = Way()
    for health in way.health.values():
        health.learn(None, draining=True, now=0)
    shut, other = replace(sending("main"), egress=way.egress), sending("other")
    chosen = Desk(shut, other).plan(work())
    assert isinstance(chosen, Wish)
    assert (chosen.account.name, chosen.egress) == ("other", None)


@pytest.mark.parametrize("scope", [Scope.ACCOUNT, Scope.SENDER, Scope.PAIR, None])
def test_what_is_not_about_the_address_moves_nobody(scope: Scope | None) -> None:
    """Another address would only evade a limit of the account's, the sender's or a recipient's."""
    way = Way()
    home = way.home()
    failure = Failure.of(FailureClass.RATE_LIMITED, 20429)
    way.note(home, *[Refused(failure, scope=scope)] * 10, *[Uncertain("read_timeout")] * 10)
    assert way.home() == home
    assert way.health[home].is_usable


def test_a_throttled_address_is_left_for_a_while() -> None:
    way = Way()
    home = way.home()
    way.note(home, Refused(Failure.of(FailureClass.RATE_LIMITED, 421), scope=Scope.EGRESS))
    assert way.home() != home
    assert way.health[home].is_usable


def test_a_blocked_address_is_in_quarantine() -> None:
    way = Way()
    home = way.home()
    way.note(home, Accepted(("x",)))
    way.note(home, Refused(Failure.of(FailureClass.PERMANENT, 554), scope=Scope.EGRESS))
    quarantine = way.health[home].quarantine
    assert quarantine is not None
    assert quarantine.code == BLOCKED


def test_a_place_in_a_members_queue_is_kept() -> None:
    """Work that waited for a member's budget goes by it, though another is its sender's."""
    way = Way()
    for member in ("a", "b"):
        queue = egress_key(member, "twilio")
        assert way.egress.choose(work(), 1, NOW, queue) == member
    way.health["a"].learn(None, draining=True, now=0)
    assert way.egress.choose(work(), 1, NOW, egress_key("a", "twilio")) == "b"
