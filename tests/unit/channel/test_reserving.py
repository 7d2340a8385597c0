"""What a batch takes from the limits of its accounts, and gives back."""

from __future__ import annotations

from herald.channel.accounts import SendingAccount
from herald.channel.attempts import Reserved
from herald.channel.breaker import Down, Trouble
from herald.channel.limits.token_bucket import PROBE_SECONDS
from herald.channel.planning import Later
from unit.channel.making import decided, seconds, sending, work


async def reserved(account: SendingAccount, now: float = 0.0) -> Reserved:
    [attempt] = await decided([account], work(), now=now)
    assert isinstance(attempt.plan, Reserved)
    return attempt.plan


def due_for_a_probe() -> SendingAccount:
    account = sending("down")
    account.breaker.learn(
        Down(trouble=Trouble.AUTH, code="x", pause=5, probe_at=5), paused=False, now=0
    )
    account.breaker.grant_probe(30)
    return account


async def test_each_of_a_batch_is_answered_now_soon_or_later() -> None:
    """At one a second: one call now, two that wait, and the rest learn when there is a token."""
    attempts = await decided([sending("one", rate=1)], *[work() for _ in range(5)])
    answers = [
        item.plan.token.at if isinstance(item.plan, Reserved) else item.plan for item in attempts
    ]
    assert answers == [0.0, 1.0, 2.0, *[Later("rate_limit", seconds(3))] * 2]


async def test_held_work_is_returned_with_the_whole_wait() -> None:
    """The router learns how long the provider asked to wait, so that it can take another step."""
    held = sending("held")
    held.bucket.hold(1800, 0)
    [attempt] = await decided([held], work())
    assert attempt.plan == Later("rate_limit", seconds(1800))


async def test_a_hold_is_probed() -> None:
    """After a minute one call goes to an account that an answer holds."""
    held = sending("held")
    held.bucket.hold(600, 0)
    assert (await reserved(held, PROBE_SECONDS)).token.probe


async def test_a_call_that_was_not_made_gives_all_back() -> None:
    """A cancelled call leaves its token and the account's probe to the next."""
    account = due_for_a_probe()
    first = await reserved(account, 6)
    assert first.probe == 30
    first.cancel(6)
    again = await reserved(account, 6)
    assert (again.probe, again.token) == (30, first.token)


async def test_a_refused_wish_leaves_the_probe() -> None:
    """Without a token the account is not tried, and its probe is there for the next."""
    account = due_for_a_probe()
    account.bucket.hold(30, 0)
    [attempt] = await decided([account], work(), now=6)
    assert isinstance(attempt.plan, Later)
    assert account.breaker.may_probe(6, 10)


async def test_a_wait_is_over_when_its_account_closes() -> None:
    """What waited for its token is not sent to an account that went down or was paused."""
    account = sending("one")
    waiting = await reserved(account)
    assert waiting.still_stands(1)
    account.breaker.paused = True
    assert not waiting.still_stands(1)
