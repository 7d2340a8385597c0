"""What to do with work: accounts that are down, paused, held or busy, and work that is late."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from herald.channel.accounts import SendingAccount
from herald.channel.attempts import Reserved
from herald.channel.breaker import Down, Trouble, Verdict
from herald.channel.limits.token_bucket import PATIENCE_SECONDS, PROBE_SECONDS
from herald.channel.planning import PAUSED_WAIT, Impossible, Later, Plan, Planner, Wish
from herald.channel.reports import NO_ACCOUNT_IN_ORDER
from herald.contracts.work import Work
from unit.channel.making import NOW, decided, moment, seconds, sending, work


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
    return Planner(accounts, moment(now)).plan(wanted)


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
    planner = Planner([good, bad], moment(6))
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


def test_a_token_past_the_end_is_too_late() -> None:
    """Work whose token comes after its time is not kept waiting for it."""
    held = sending("held")
    held.bucket.hold(50, 0)
    late = work(not_after=NOW + seconds(30))
    assert plan(late, [held]) == Later("too_late", None)


def test_no_wait_is_longer_than_the_work_has() -> None:
    """What is to be sent within a second does not wait two for its token."""
    one = sending("one")
    assert plan(work(not_after=NOW + seconds(1)), [one]) == Wish(one, 1.0, probe=False)


def test_planning_takes_nothing() -> None:
    """Only reserving changes an account: a plan may be thrown away."""
    bad, good = down("bad"), sending("good", rate=1)
    bad.breaker.grant_probe(30)
    first, second = ([p.plan(work()) for _ in range(5)] for p in planners([bad, good]))
    assert first == second


def planners(accounts: list[SendingAccount]) -> list[Planner]:
    return [Planner(accounts, moment(6)) for _ in range(2)]


def accounts_like(
    rates: list[float], holds: list[float | None], *, trusted: bool
) -> list[SendingAccount]:
    """Make accounts of these rates; some are held, and trusted ones answered a moment ago."""
    made = []
    for number, (rate, hold) in enumerate(zip(rates, holds, strict=True)):
        account = sending(f"a{number}", rate=rate)
        if trusted:
            account.breaker.note(Verdict.GOOD, "", began=0.0, now=0.0)
        if hold is not None:
            account.bucket.hold(hold, 0.0)
        made.append(account)
    return made


@given(
    st.lists(
        st.tuples(st.sampled_from([0.4, 1.0, 3.0, 20.0]), st.sampled_from([None, 0.5, 1.5, 600.0])),
        min_size=1,
        max_size=3,
    ),
    st.booleans(),
    st.lists(st.sampled_from([0.7, 1.2, 60.0]), min_size=1, max_size=60),
    st.sampled_from([0.1, 1.0, PROBE_SECONDS]),
)
@example([(3.0, None), (1.0, None)], True, [0.7] * 6 + [1.2] * 2 + [60.0] * 3, 1.0)
async def test_a_batch_is_planned_as_its_works_would_be_one_by_one(
    limits: list[tuple[float, float | None]], trusted: bool, left: list[float], now: float
) -> None:
    """What a plan promises to the batch counts as if it were taken already."""
    rates, holds = [rate for rate, _ in limits], [hold for _, hold in limits]
    works = [work(not_after=moment(now).time + seconds(one)) for one in left]
    alone, together = (accounts_like(rates, holds, trusted=trusted) for _ in range(2))
    in_turn = [(await decided(alone, one, now=now))[0] for one in works]
    at_once = await decided(together, *works, now=now)
    for one, other in zip(in_turn, at_once, strict=True):
        assert outline(one.plan) == outline(other.plan)


def outline(made: Plan | Reserved) -> object:
    return (made.account.name, round(made.token.at, 6)) if isinstance(made, Reserved) else made
