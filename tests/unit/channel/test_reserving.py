"""What a batch takes from the limits of its accounts, and gives back."""

from __future__ import annotations

from datetime import timedelta

from herald.channel.accounts import SendingAccount
from herald.channel.attempts import Attempt, Reserved
from herald.channel.breaker import Down, Trouble
from herald.channel.planning import Later, Queued
from herald.contracts.grants import Grant
from herald.contracts.vocabulary import Lane
from unit.channel.making import NOW, Desk, seconds, sending, twilio, work

KEY = "account:one"


async def reserved(desk: Desk) -> Reserved:
    [attempt] = await desk.decide(work())
    assert isinstance(attempt.plan, Reserved)
    return attempt.plan


def due_for_a_probe() -> SendingAccount:
    account = sending("down")
    account.breaker.learn(
        Down(trouble=Trouble.AUTH, code="x", pause=5, probe_at=5), paused=False, now=0
    )
    account.breaker.grant_probe(30)
    return account


def turns(attempts: list[Attempt]) -> list[float]:
    return [attempt.plan.at for attempt in attempts if isinstance(attempt.plan, Queued)]


async def test_each_of_a_batch_is_answered_now_soon_or_later() -> None:
    """At one a second: one call now, two that wait, and the rest later, in order."""
    first, *others = await Desk(sending("one", rate=1)).decide(*[work() for _ in range(5)])
    assert isinstance(first.plan, Reserved)
    assert turns(others) == [1.0, 2.0]
    fourth, fifth = (attempt.plan for attempt in others[2:])
    assert fourth == Later("rate_limit", seconds(2.75), grant=Grant(key=KEY, at=NOW + seconds(3)))
    assert fifth == Later("rate_limit", seconds(3.75), grant=Grant(key=KEY, at=NOW + seconds(4)))


async def test_who_was_given_a_turn_takes_no_second_one() -> None:
    """Work that comes back at its turn is called, before those that came meanwhile."""
    desk = Desk(sending("one", rate=1))
    made = await desk.decide(*[work() for _ in range(5)])
    for attempt in made[1:3]:
        desk.now = attempt.plan.at if isinstance(attempt.plan, Queued) else desk.now
        await desk.again(attempt)
        assert isinstance(attempt.plan, Reserved)
    desk.now = 3.0
    assert isinstance(made[3].plan, Later)
    back, new = await desk.decide(work(grant=made[3].plan.grant), work())
    assert isinstance(back.plan, Reserved)
    assert new.plan == Queued(5.0)


async def test_work_that_comes_before_its_turn_waits_for_it() -> None:
    """A turn a moment away is waited for here; one further away with the router."""
    desk = Desk(sending("one", rate=1))
    await desk.decide(*[work() for _ in range(9)])
    soon, late = await desk.decide(
        *[work(grant=Grant(key=KEY, at=NOW + seconds(wait))) for wait in (1.5, 7)]
    )
    assert soon.plan == Queued(1.5)
    assert late.plan == Later(
        "rate_limit", seconds(6.75), grant=Grant(key=KEY, at=NOW + seconds(7))
    )


async def test_a_turn_that_went_by_is_queued_anew() -> None:
    """Where the limit became slower than promised, work waits its patience, and then again."""
    desk = Desk(sending("one", rate=1))
    await desk.decide(work())
    desk.now, row = 10.0, desk.rows.row(KEY)
    row.factor, row.next_at = 0.1, 20.0
    [attempt] = await desk.decide(work(grant=Grant(key=KEY, at=NOW + seconds(10))))
    assert isinstance(attempt.plan, Later)
    assert attempt.plan.grant is not None
    assert attempt.plan.grant.at == NOW + seconds(20)


async def test_a_limit_that_became_slow_keeps_few_slots() -> None:
    """Of many whose turn it is only those wait here that will have a slot soon."""
    desk = Desk(sending("one", rate=100.0))
    desk.now, row = 10.0, desk.rows.row(KEY)
    row.factor, row.next_at = 0.01, 12.0
    made = await desk.decide(*[work(grant=Grant(key=KEY, at=NOW + seconds(10)))] * 50)
    assert 1 <= len(turns(made)) <= 4
    later = [it.plan for it in made if isinstance(it.plan, Later)]
    assert len(later) + len(turns(made)) == 50
    assert all(plan.grant is not None for plan in later)


async def test_held_work_is_returned_with_the_whole_wait() -> None:
    """The router learns how long the provider asked to wait, so that it can take another step."""
    desk = Desk(sending("held"))
    desk.hold("held", 3 * 3600)
    [attempt] = await desk.decide(work())
    assert attempt.plan == Later("rate_limit", timedelta(hours=3))


async def test_after_a_short_hold_works_come_one_after_another() -> None:
    """Each has its turn after the hold: nothing comes all at once."""
    desk = Desk(sending("held", rate=1))
    desk.hold("held", 10)
    made = await desk.decide(work(), work())
    waits = [it.plan.wait for it in made if isinstance(it.plan, Later)]
    assert waits == [seconds(9.75), seconds(10.75)]


async def test_no_response_holds_for_longer_than_its_probes() -> None:
    """While a response holds an account, one call a minute is let through and no second one."""
    desk = Desk(sending("held"))
    desk.hold("held", 600)
    await desk.decide(work())
    desk.now = 60.0
    first, second = await desk.decide(work(), work())
    assert isinstance(first.plan, Reserved)
    assert first.plan.token.probe
    assert isinstance(second.plan, Later)


async def test_a_call_that_was_not_made_gives_all_back() -> None:
    """A cancelled call leaves its token and the account's probe to the next."""
    desk = Desk(due_for_a_probe())
    desk.now = 6.0
    first = await reserved(desk)
    assert first.probe == 30
    first.cancel()
    again = await reserved(desk)
    assert again.probe == 30
    assert desk.rows.statements == 1


async def test_a_refused_wish_leaves_the_probe() -> None:
    """Without a token the account is not tried, and its probe is there for the next."""
    account = due_for_a_probe()
    desk = Desk(account)
    desk.hold("down", 30)
    desk.now = 6.0
    [attempt] = await desk.decide(work())
    assert isinstance(attempt.plan, Later)
    assert account.breaker.may_probe(6, 10)


async def test_a_wait_is_over_when_its_account_closes() -> None:
    """What waited for its token is not sent to an account that went down or was paused."""
    account = sending("one")
    waiting = await reserved(Desk(account))
    assert waiting.still_stands()
    account.breaker.paused = True
    assert not waiting.still_stands()


async def test_a_throttled_sender_keeps_nobody_else() -> None:
    """Calls of another sender draw as if nothing was, and its own take nothing of the account."""
    account = sending("one", twilio(rate=100.0, sender_rate=1.0, burst=100.0))
    desk = Desk(account)
    slow, fast = "+15550000001", "+15550000002"
    for _ in range(5):
        await desk.decide(*[work(sender=slow) for _ in range(10)])
    drawn = desk.rows.row("account:one").next_at - desk.now
    [other] = await desk.decide(work(sender=fast))
    assert isinstance(other.plan, Reserved)
    assert drawn <= 0.11  # the first look did not know


async def test_a_full_recipient_takes_nothing_from_the_others() -> None:
    """Of a pair that has no slot nothing is kept: neither of its sender, nor of its account."""
    desk = Desk(sending("one", twilio(rate=2.0, burst=4.0, pair_rate=0.5)))
    same = [work(lane=Lane.URGENT) for _ in range(3)]
    other = work(lane=Lane.URGENT, to="+15550009999")
    made = await desk.decide(*same, other)
    called = [isinstance(it.plan, Reserved) for it in made]
    assert called == [True, False, False, True]
    assert turns(made) == [2.0]
    assert isinstance((await desk.decide(other))[0].plan, Queued)


async def test_nothing_is_asked_while_a_lease_covers_the_batch() -> None:
    """Under steady work most batches cost no statement."""
    desk = Desk(sending("one", rate=1000))
    for _ in range(100):
        made = await desk.decide(*[work(), work()])
        assert all(isinstance(it.plan, Reserved) for it in made)
        desk.now += 0.01
    assert desk.rows.statements <= 12
