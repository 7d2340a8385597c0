"""A worker's wall clock that is wrong, or is set, changes nothing."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from behaviour.channel.world import World, attempt_id, until
from herald.contracts.durations import parse_duration
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.providers.budgets import Scope
from herald.providers.sending import Refused

AHEAD = timedelta(seconds=600)


class WallClock:
    """Shows every module of Herald the time and this much more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, ahead: timedelta) -> None:
        self.ahead = ahead
        clock = self

        class Shown(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
                return datetime.now(tz) + clock.ahead

        for name, module in list(sys.modules.items()):
            if name.startswith("herald.") and getattr(module, "datetime", None) is datetime:
                monkeypatch.setattr(module, "datetime", Shown)


@pytest.mark.parametrize("ahead", [AHEAD, -AHEAD])
async def test_a_wrong_clock_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, ahead: timedelta
) -> None:
    """Work that has minutes left is called, under a lease by the database's clock."""
    WallClock(monkeypatch, ahead)
    attempts = [attempt_id() for _ in range(20)]
    async with world.channel():
        await world.send(*attempts, not_after=datetime.now(UTC) + timedelta(seconds=60))
        receipts = await world.receipts(20)
    assert {receipt["status"] for receipt in receipts} == {"accepted"}
    longest = await world.database.fetchval(
        "SELECT max(abs(extract(epoch FROM lease_until - clock_timestamp()))) FROM channel.sends"
    )
    assert longest < 30
    for receipt in receipts:
        lag = datetime.now(UTC) - datetime.fromisoformat(receipt["received_at"])
        assert abs(lag) < timedelta(seconds=30)


async def test_a_clock_set_back_stops_no_account(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens taken before a correction by ten minutes hold nobody after it."""
    clock = WallClock(monkeypatch, AHEAD)
    async with world.channel(rate="20/s"):
        await world.send(*(attempt_id() for _ in range(20)))
        await world.receipts(20)
        clock.ahead = timedelta(0)
        await world.send(*(attempt_id() for _ in range(20)))
        receipts = await world.receipts(20)
    assert {receipt["status"] for receipt in receipts} == {"accepted"}


async def test_a_hold_lasts_as_long_as_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second's pause is a second's, though the clock was set back in between."""
    clock = WallClock(monkeypatch, AHEAD)
    failure = Failure.of(FailureClass.RATE_LIMITED, 20429, retry_after=timedelta(seconds=4))
    limit = Refused(failure, scope=Scope.ACCOUNT)
    world.provider.response = lambda _: limit
    async with world.channel():
        await world.send(attempt_id())
        await world.receipts(1)
        clock.ahead = timedelta(0)
        await world.send(attempt_id())
        [receipt] = await world.receipts(1)
        assert timedelta(seconds=2) < parse_duration(receipt["returned"]["wait"])
        assert parse_duration(receipt["returned"]["wait"]) <= timedelta(seconds=4)

        async def is_called_again() -> bool:
            await world.send(attempt_id())
            await world.receipts(1)
            return len(world.provider.calls) >= 2

        await until(is_called_again)
