"""Claims whose response was lost: the same process knows its own again, and nobody else's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import asyncpg
import pytest

from behaviour.bus.rabbit import until
from behaviour.channel.bench import RATE, Bench, batch
from behaviour.channel.world import World, attempt_id, claim
from herald.bus.channels import WiredChannel
from herald.bus.deliveries import ReceivingChannel
from herald.channel import sends
from herald.channel.sends import StoredReport
from herald.database.pool import OUTAGES, Connection
from herald.providers.sending import Accepted


def lose_responses(
    monkeypatch: pytest.MonkeyPatch, statement: str, bench: Bench, *, turn: int = 1
) -> list[int]:
    """Let a statement's commit stand and lose its response with the connection; count its calls."""
    real: Any = getattr(sends, statement)
    seen: list[int] = []

    async def cut(connection: Connection, *arguments: Any) -> set[str]:
        response: set[str] = await real(connection, *arguments)
        seen.append(len(response))
        if len(seen) != turn:
            return response
        await bench.gate.shut()
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle")

    monkeypatch.setattr(sends, statement, cut)
    return seen


async def test_a_batch_whose_claims_response_was_lost_is_called_once(
    bench: Bench, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Handled again, the batch finds its own claims and makes each call once; none is unknown."""
    seen = lose_responses(monkeypatch, "claim", bench)
    attempts = [attempt_id() for _ in range(5)]
    deliveries = batch(*attempts)
    with pytest.raises(OUTAGES):
        await bench.worker(deliveries)
    assert seen == [5]
    assert bench.provider.calls == []
    await bench.gate.open()
    await bench.worker(deliveries)
    await bench.worker.drain()
    assert sorted(work.attempt_id for work in bench.provider.calls) == sorted(attempts)
    assert {item.receipt.status.value for item in bench.tray.finished} == {"accepted"}
    assert [await state(world, attempt) for attempt in attempts] == ["started"] * 5


async def state(world: World, attempt: str) -> str | None:
    row = await world.row(attempt)
    return row["state"] if row is not None else None


async def test_a_response_lost_twice_is_still_known(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the second try's response is lost, the third makes the call, once."""
    lose_responses(monkeypatch, "claim", bench)
    seen = lose_responses(monkeypatch, "claim_again", bench)
    deliveries = batch(attempt_id())
    for _ in range(2):
        with pytest.raises(OUTAGES):
            await bench.worker(deliveries)
        await bench.gate.open()
    assert seen == [1]
    await bench.worker(deliveries)
    await bench.worker.drain()
    assert len(bench.provider.calls) == 1


async def test_a_claim_that_may_stand_is_removed_before_its_work_is_returned(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work that waited for its token goes back when the claim fails, and its claim goes first."""
    lose_responses(monkeypatch, "claim", bench, turn=2)
    await bench.worker(batch(*(attempt_id() for _ in range(RATE + 1))))
    await bench.worker.drain()
    [last] = [item for item in bench.tray.finished if item.receipt.returned]
    assert last.receipt.returned is not None
    assert last.receipt.returned.reason == "claim_failed"
    assert last.release is not None
    assert not last.recorded
    assert len(bench.provider.calls) == RATE


async def test_a_claim_whose_delivery_went_elsewhere_is_given_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Response and delivery are both lost: another worker would leave our claim alone for ever."""
    lose_responses(monkeypatch, "claim", bench)
    receiving = ReceivingChannel(cast("WiredChannel", None))
    receiving.given_back = True
    [delivery] = batch(attempt_id())
    with pytest.raises(OUTAGES):
        await bench.worker([delivery])
    await bench.worker.return_abandoned()
    assert bench.tray.finished == []  # it is handled again
    delivery.received_on = receiving
    await bench.worker.return_abandoned()
    await bench.worker.return_abandoned()
    [item] = bench.tray.finished
    assert item.receipt.returned is not None
    assert item.receipt.returned.reason == "claim_failed"
    assert item.release is not None
    assert not item.recorded


async def test_a_claim_that_may_stand_is_removed_though_its_work_is_returned_for_another_reason(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its account is paused when the batch is handled again: the next dispatch must be callable."""
    lose_responses(monkeypatch, "claim", bench)
    deliveries = batch(attempt_id())
    with pytest.raises(OUTAGES):
        await bench.worker(deliveries)
    await bench.gate.open()
    bench.account.breaker.paused = True
    await bench.worker(deliveries)
    [item] = bench.tray.finished
    assert item.receipt.returned is not None
    assert item.receipt.returned.reason == "account_paused"
    assert item.release is not None
    assert not item.recorded


async def test_a_claim_that_was_never_asked_for_is_not_given_back(bench: Bench) -> None:
    """Without a database nothing was claimed: whoever has the delivery now makes the call."""
    await bench.gate.shut()
    [delivery] = batch(attempt_id())
    with pytest.raises(OUTAGES):
        await bench.worker([delivery])
    delivery.received_on = ReceivingChannel(cast("WiredChannel", None))
    delivery.received_on.given_back = True
    await bench.worker.return_abandoned()
    assert bench.tray.finished == []


async def test_anothers_claim_is_never_taken_up(
    bench: Bench, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our try failed and another worker claimed meanwhile: the row is theirs, there is no call."""
    attempt = attempt_id()
    real = sends.claim

    async def fail(*_: Any) -> set[str]:
        raise asyncpg.ConnectionDoesNotExistError("before it arrived")

    monkeypatch.setattr(sends, "claim", fail)
    deliveries = batch(attempt)
    with pytest.raises(OUTAGES):
        await bench.worker(deliveries)
    monkeypatch.setattr(sends, "claim", real)
    await real(world.database, "sms", [claim(attempt, timedelta(hours=1))])
    await bench.worker(deliveries)
    await bench.worker.drain()
    assert bench.provider.calls == []
    assert all(delivery.settled for delivery in deliveries)


async def test_what_another_process_claimed_without_a_token_is_left_alone(
    bench: Bench, world: World
) -> None:
    """A worker of an older version gives no token and its own lease; its claim stands."""
    attempt = attempt_id()
    await world.database.execute(
        "INSERT INTO channel.sends (attempt_id, state, channel, provider, account, lease_until)"
        " VALUES ($1, 'started', 'sms', 'twilio', 'main', $2)",
        attempt,
        datetime.now(UTC) + timedelta(minutes=1),
    )
    await bench.worker(batch(attempt))
    await bench.worker.drain()
    assert bench.provider.calls == []


async def test_a_claim_that_was_recorded_meanwhile_is_not_called(
    bench: Bench, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found again too late, after the sweeper judged it: there is no call."""
    lose_responses(monkeypatch, "claim", bench)
    attempt = attempt_id()
    deliveries = batch(attempt)
    with pytest.raises(OUTAGES):
        await bench.worker(deliveries)
    await world.database.execute(
        "UPDATE channel.sends SET state = 'unknown', report = '{}' WHERE attempt_id = $1", attempt
    )
    await bench.gate.open()
    await bench.worker(deliveries)
    await bench.worker.drain()
    assert bench.provider.calls == []


async def test_the_lease_is_the_databases(bench: Bench, world: World) -> None:
    """A lease begins when the database takes the claim, whatever the worker's clock says."""
    attempt = attempt_id()
    bench.provider.response = lambda _: Accepted(("SM1",))
    await bench.worker(batch(attempt))
    await bench.worker.drain()
    left = await world.database.fetchval(
        "SELECT lease_until - created_at FROM channel.sends WHERE attempt_id = $1", attempt
    )
    assert timedelta(seconds=29) < left < timedelta(seconds=31)


async def test_work_is_taken_up_again_where_anothers_claim_goes(
    bench: Bench, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker's claim stood when ours was tried, and is given up before its row is read."""
    attempt = attempt_id()
    other = claim(attempt, timedelta(hours=1))
    await sends.claim(world.database, "sms", [other])
    real: Any = sends.look_up

    async def give_up_first(connection: Connection, attempts: Any) -> Any:
        await sends.release(world.database, {attempt: other.claimant})
        return await real(connection, attempts)

    monkeypatch.setattr(sends, "look_up", give_up_first)
    await bench.worker(batch(attempt))
    await until(lambda: bench.tray.finished)
    assert bench.provider.calls_of(attempt) == 1


async def test_a_report_that_nobody_can_read_holds_no_work_up(bench: Bench, world: World) -> None:
    """As another version may have recorded it: its work is acknowledged, and the rest is called."""
    unreadable, other = attempt_id(), attempt_id()
    await sends.claim(world.database, "sms", [claim(unreadable, timedelta(hours=1))])
    report = StoredReport(attempt_id=unreadable, state="recorded", report="{}", published=True)
    assert await sends.record(world.database, [report])
    [again, _] = deliveries = batch(unreadable, other)
    await bench.worker(deliveries)
    await until(lambda: bench.tray.finished)
    assert again.settled
    assert (bench.provider.calls_of(unreadable), bench.provider.calls_of(other)) == (0, 1)
