"""What to do with work: accounts that are down, paused, held or busy, and work that is late."""

from __future__ import annotations

import pytest

from herald.channel.accounts import SendingAccount
from herald.channel.attempts import Reserved
from herald.channel.breaker import Down, Trouble, Verdict
from herald.channel.limits.places import PATIENCE_SECONDS
from herald.channel.planning import PAUSED_WAIT, Impossible, Later, OnTrial, Plan, Wish
from herald.channel.reports import NO_ACCOUNT_IN_ORDER
from herald.contracts.work import Work
from unit.channel.making import NOW, Desk, moment, seconds, sending, twilio, work


def down(name: str, trouble: Trouble = Trouble.AUTH) -> SendingAccount:
    """Make an account that is down and whose next probe is due in 5 s."""
    made = sending(name)
    state = Down(trouble=trouble, code="x", pause=5, probe_at=5)
    made.breaker.learn(state, paused=False, now=0)
    return made


def paused(name: str) -> SendingAccount:
    made = sending(name)
    made.breaker.learn(None, paused=True, now=0)
    return made


def plan(wanted: Work, accounts: list[SendingAccount], now: float = 0.0) -> Plan:
    return desk(accounts, now).plan(wanted)


def desk(accounts: list[SendingAccount], now: float) -> Desk:
    made = Desk(*accounts)
    made.now = now
    return made


@pytest.mark.parametrize("bad", [down("bad"), paused("bad")])
def test_another_account_does_the_work(bad: SendingAccount) -> None:
    """An account that is down or paused is passed over where another fits."""
    good = sending("good")
    assert plan(work(), [bad, good]) == Wish(good, PATIENCE_SECONDS, probe=False)


@pytest.mark.parametrize(
    ("accounts", "expected"),
    [
        ([down("a"), down("b")], Impossible(NO_ACCOUNT_IN_ORDER)),
        ([down("a", Trouble.OUTAGE)], Later("account_down", seconds(5))),
        ([down("a"), down("b", Trouble.ERRORS)], Later("account_down", seconds(5))),
        ([paused("a")], Later("account_paused", PAUSED_WAIT)),
        ([paused("a"), down("b")], Later("account_paused", PAUSED_WAIT)),
    ],
)
def test_where_none_other_fits(
    accounts: list[SendingAccount], expected: Impossible | Later
) -> None:
    """Refused accounts fail the attempt; an outage or a pause has an end, so the work waits."""
    assert plan(work(), accounts) == expected


def test_a_due_probe_takes_one_call() -> None:
    """One call goes to the account that is down, though another is free; the next does not."""
    bad, good = down("bad"), sending("good")
    bad.breaker.grant_probe(30)
    planner = desk([good, bad], 6).planner(moment(6))
    first, second = (planner.plan(work()) for _ in range(2))
    assert first == Wish(bad, PATIENCE_SECONDS, probe=True)
    assert second == Wish(good, PATIENCE_SECONDS, probe=False)


def test_a_paused_account_is_not_probed() -> None:
    """What an operator paused gets no call at all."""
    bad = down("bad")
    bad.breaker.grant_probe(30)
    bad.breaker.paused = True
    assert plan(work(), [bad], 6) == Later("account_paused", PAUSED_WAIT)


def test_late_work_is_judged_by_the_databases_time() -> None:
    """`not_after` is compared with the time that all processes share."""
    assert plan(work(not_after=NOW), [sending("a")]) == Later("too_late", None)


async def test_a_turn_past_the_end_is_too_late() -> None:
    """Work whose turn comes after its time is not kept waiting for it."""
    one = desk([sending("held")], 0)
    one.hold("held", 50)
    [attempt] = await one.decide(work(not_after=NOW + seconds(30)))
    assert attempt.plan == Later("too_late", None)


def test_no_wait_is_longer_than_the_work_has() -> None:
    """What is to be sent within a second does not wait two for its token."""
    one = sending("one")
    assert plan(work(not_after=NOW + seconds(1)), [one]) == Wish(one, 1.0, probe=False)


def test_planning_takes_nothing() -> None:
    """Only reserving changes an account: a plan may be thrown away."""
    bad, good = down("bad"), sending("good", rate=1)
    bad.breaker.grant_probe(30)
    first, second = ([plan(work(), [bad, good], 6) for _ in range(5)] for _ in range(2))
    assert first == second


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_batch_spreads_over_accounts_by_their_rates(trusted: bool) -> None:
    """What is planned for the batch counts as if it were taken already."""
    slow, fast = sending("slow", rate=2), sending("fast", rate=6)
    for account in (slow, fast) if trusted else ():
        account.breaker.note(Verdict.GOOD, "", began=0.0, now=0.0)
    one = desk([slow, fast], 0)
    made = await one.decide(*[work() for _ in range(24)])
    if not trusted:
        assert [isinstance(it.plan, OnTrial) for it in made].count(True) > 0
        return
    now = [it.plan.account.name for it in made if isinstance(it.plan, Reserved)]
    assert (now.count("slow"), now.count("fast")) == (1, 5)  # a second's worth, less 5 %
    places = [it.place.key for it in made if it.place is not None]
    assert abs(places.count("account:fast") - 3 * places.count("account:slow")) <= 4


def test_each_tenant_of_a_batch_has_its_own_accounts() -> None:
    """Works of several tenants are planned in turn, each by an account that serves its tenant."""
    one, two = (sending(name, twilio(rate=10.0, tenants=(name,))) for name in ("one", "two"))
    planner = desk([one, two], 0).planner(moment(0))
    for tenant, account in (("one", one), ("two", two), ("one", one)):
        planned = planner.plan(work(tenant=tenant))
        assert isinstance(planned, Wish)
        assert planned.account is account
    assert isinstance(planner.plan(work(tenant="three")), Impossible | Later)
