"""Work whose call provably sent nothing: no row, no failure, no try; it is given back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import cast
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from behaviour.channel.bench import Bench, Broker, batch
from behaviour.channel.world import World, attempt_id, until
from herald.bus.deliveries import Delivery
from herald.bus.publishing import Publisher
from herald.channel import sends
from herald.channel.finished import Finished
from herald.channel.recorder import Recorder
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.database.pool import Connection
from herald.providers.budgets import Scope
from herald.providers.sending import Accepted, NotSent, Refused


@pytest.mark.parametrize(("wait", "said"), [(None, None), (timedelta(seconds=30), "30s")])
async def test_it_is_given_back_without_a_trace(
    world: World, wait: timedelta | None, said: str | None
) -> None:
    """The router learns why and how long to wait, the row is gone, the next dispatch is called."""
    attempt = attempt_id()
    world.provider.response = lambda _: NotSent("connect", wait)
    async with world.channel():
        await world.send(attempt)
        [receipt] = await world.receipts(1)
        assert receipt["status"] == "returned"
        assert receipt["returned"].get("wait") == said
        assert receipt["returned"]["reason"] == "connect"
        assert "failure" not in receipt
        assert await world.row(attempt) is None
        world.provider.response = lambda _: Accepted(("SM1",))
        await world.send(attempt, dispatch=2)
        [receipt] = await world.receipts(1)
    assert receipt["status"] == "accepted"
    assert await world.unsettled() == 0


async def test_a_throttled_call_is_given_back(world: World) -> None:
    """The platform took nothing: the router learns its code, and the next dispatch is called."""
    attempt = attempt_id()
    limit = Failure.of(FailureClass.RATE_LIMITED, 14107)
    world.provider.response = lambda _: Refused(limit, of_message=True, scope=Scope.PAIR)
    async with world.channel():
        await world.send(attempt)
        [receipt] = await world.receipts(1)
        assert receipt["status"] == "returned"
        assert receipt["returned"] == {"reason": "throttled", "wait": "1s"}
        assert (receipt["failure"]["class"], receipt["failure"]["code"]) == (
            "rate_limited",
            "14107",
        )
        assert await world.row(attempt) is None
        world.provider.response = lambda _: Accepted(("SM1",))
        await world.send(attempt, dispatch=2)
        [receipt] = await world.receipts(1)
    assert receipt["status"] == "accepted"


@pytest_asyncio.fixture
async def recorder(bench: Bench) -> AsyncIterator[tuple[Recorder, Broker]]:
    """Give a recorder that runs, and its broker."""
    broker = Broker()
    made = Recorder("sms", bench.database, cast("Publisher", broker))
    running = asyncio.create_task(made.run())
    yield made, broker
    running.cancel()
    await asyncio.wait([running])


async def unsent(bench: Bench, attempt: str) -> tuple[Delivery, Finished]:
    """Have the worker make a call that sends nothing; return what it hands to the recorder."""
    bench.provider.response = lambda _: NotSent("connect")
    [delivery] = batch(attempt)
    await bench.worker([delivery])
    await bench.worker.drain()
    return delivery, bench.tray.finished.pop()


async def test_a_crash_before_the_return_brings_the_work_again(
    bench: Bench, world: World, recorder: tuple[Recorder, Broker]
) -> None:
    """Its claim removed and its worker gone, the redelivery is called."""
    attempt, (recording, broker) = attempt_id(), recorder
    broker.away = True
    delivery, finished = await unsent(bench, attempt)
    recording.add(finished)

    async def is_free() -> bool:
        return await world.row(attempt) is None

    await until(is_free)
    assert not delivery.settled  # the broker delivers it again
    bench.provider.response = lambda _: Accepted(("SM1",))
    await bench.worker(batch(attempt))
    await bench.worker.drain()
    assert bench.provider.calls_of(attempt) == 2
    [again] = bench.tray.finished
    assert again.receipt.status == "accepted"


async def test_a_return_whose_claim_is_anothers_by_now_is_not_published(
    bench: Bench, world: World, recorder: tuple[Recorder, Broker]
) -> None:
    """The router took the attempt back before the return went out: there is nothing to return."""
    attempt, (recording, broker) = attempt_id(), recorder
    broker.away = True
    delivery, finished = await unsent(bench, attempt)
    recording.add(finished)

    async def is_taken() -> bool:
        return await world.withdraw(attempt) == "withdrawn"

    await until(is_taken)

    async def is_settled() -> bool:
        return delivery.settled

    await until(is_settled)  # though the broker is away: what is to be published waits for it
    assert recording.held == set()


async def test_a_removal_whose_response_was_lost_is_known_again(
    bench: Bench, recorder: tuple[Recorder, Broker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claim is gone already when it is removed once more; the return is published once."""
    attempt, (recording, broker) = attempt_id(), recorder
    real, tries = sends.release, []

    async def lose(connection: Connection, claimants: Mapping[str, UUID]) -> set[str]:
        freed = await real(connection, claimants)
        tries.append(freed)
        if len(tries) == 1:
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle")
        return freed

    monkeypatch.setattr(sends, "release", lose)
    _, finished = await unsent(bench, attempt)
    recording.add(finished)

    async def is_published() -> bool:
        return bool(broker.published)

    await until(is_published)
    assert tries == [{attempt}, {attempt}]
    assert len(broker.published) == 1
