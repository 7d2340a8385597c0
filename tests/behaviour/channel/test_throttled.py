"""Who is throttled waits alone: neither other senders nor other recipients are held up."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from behaviour.channel.world import World, attempt_id, until, work
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work
from herald.providers.budgets import Scope
from herald.providers.sending import Accepted, Refused, SendResult

LIMITS = 'sender_rate = "50/s"\npair_rate = "600/m"\npair_burst = 50\n'  # of its one account
THROTTLED_SENDER, THROTTLED_TO = "+15550001112", "+15550003333"
OTHERS = 40
LATEST_SECONDS = 2.0  # a throttled one is tried again after one, two, four


def throttles(scope: Scope, is_meant: Callable[[Work], bool]) -> Callable[[Work], SendResult]:
    limit = Failure.of(FailureClass.RATE_LIMITED, 7)

    def response(work: Work) -> SendResult:
        if is_meant(work):
            return Refused(limit, of_message=scope is Scope.PAIR, scope=scope)
        return Accepted((work.attempt_id,))

    return response


@pytest.mark.parametrize("scope", [Scope.PAIR, Scope.SENDER])
async def test_nobody_else_waits(world: World, scope: Scope) -> None:
    """Twenty works that are throttled each time hold up none of forty others."""
    is_pair = scope is Scope.PAIR
    throttled = {"to": THROTTLED_TO} if is_pair else {"sender": THROTTLED_SENDER}
    world.provider.response = throttles(
        scope, lambda it: it.to == THROTTLED_TO if is_pair else it.sender == THROTTLED_SENDER
    )
    held_up = [work(attempt_id(), **throttled) for _ in range(20)]
    others = {attempt_id(): f"+1555000{4000 + number}" for number in range(OTHERS)}
    async with world.channel(rate="1000/s", more=LIMITS):
        began = time.monotonic()
        await world.send(bodies=[*held_up, *(work(name, to=to) for name, to in others.items())])

        async def are_called() -> bool:
            return {call.attempt_id for call in world.provider.calls} >= others.keys()

        await until(are_called)
        took = time.monotonic() - began
        await world.receipts(len(held_up) + len(others))
    assert took < LATEST_SECONDS
    factors = {
        row["key"]: row["factor"]
        for row in await world.database.fetch("SELECT key, factor FROM channel.buckets")
    }
    assert factors.get("account:main", 1.0) == 1.0
    if not is_pair:
        assert factors[f"sender:main:{THROTTLED_SENDER}"] < 1.0
        assert factors.get("sender:main:+15550001111", 1.0) == 1.0
