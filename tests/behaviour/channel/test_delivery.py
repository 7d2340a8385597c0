"""Work on a real broker and database: one call, one row, one receipt, one acknowledgement."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from behaviour.bus.rabbit import until
from behaviour.channel.world import World, attempt_id
from herald.contracts import topology
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Lane
from herald.contracts.work import Work
from herald.providers.rendered import Rendered
from herald.providers.sending import Accepted, Refused, SendResult, Uncertain


async def test_every_attempt_is_made_recorded_reported_and_acked(world: World) -> None:
    """Work of every lane is called once, and its acceptance published once under its own id."""
    attempts = [attempt_id() for _ in range(150)]
    async with world.channel():
        for lane, part in zip(Lane, (attempts[:50], attempts[50:100], attempts[100:]), strict=True):
            await world.send(*part, lane=lane)
        receipts = await world.receipts(150)
    assert sorted(work.attempt_id for work in world.provider.calls) == sorted(attempts)
    assert sorted(receipt["attempt_id"] for receipt in receipts) == sorted(attempts)
    for receipt in receipts:
        assert receipt["status"] == "accepted"
        assert receipt["references"] == [f"SM-{receipt['attempt_id']}"]
        assert (receipt["provider"], receipt["account"]) == ("twilio", "main")
        assert (receipt["receipts"], receipt["event_key"]) == ("delivered", "dispatch:1")
    rows = await world.database.fetch("SELECT state::text, published FROM channel.sends")
    assert {(row["state"], row["published"]) for row in rows} == {("recorded", True)}
    assert await world.unsettled() == 0
    assert await world.receipts_so_far() == []


@pytest.mark.parametrize(
    ("result", "status", "state", "failure"),
    [
        (
            Refused(Failure.of(FailureClass.UNREACHABLE, 21211)),
            "failed",
            "recorded",
            ("unreachable", "21211"),
        ),
        (Uncertain("read_timeout"), "unknown", "unknown", ("ambiguous", "read_timeout")),
    ],
)
async def test_a_bad_end_is_reported_as_it_was(
    world: World, result: SendResult, status: str, state: str, failure: tuple[str, str]
) -> None:
    """A refusal is final; a lost response is unknown, at once and not when its lease ends."""
    world.provider.response = lambda _: result
    attempt = attempt_id()
    async with world.channel():
        await world.send(attempt)
        [receipt] = await world.receipts(1)
    assert receipt["status"] == status
    assert (receipt["failure"]["class"], receipt["failure"]["code"]) == failure
    row = await world.row(attempt)
    assert row is not None
    assert (row["state"], row["published"]) == (state, True)


async def test_an_adapters_bug_leaves_the_attempt_unknown(world: World) -> None:
    """Nobody knows how far a call got whose adapter raised; the others go on."""

    def answer(work: Work) -> SendResult:
        if work.to == "+15550009999":
            raise KeyError("bug")
        return Accepted(("SM1",))

    world.provider.response = answer
    bad, good = attempt_id(), attempt_id()
    async with world.channel():
        await world.send(bad, to="+15550009999")
        await world.send(good)
        receipts = {receipt["attempt_id"]: receipt for receipt in await world.receipts(2)}
    assert receipts[bad]["status"] == "unknown"
    assert receipts[bad]["failure"]["code"] == "adapter_error"
    assert receipts[good]["status"] == "accepted"


async def test_an_unwritable_result_neither_blocks_nor_loses_the_others(world: World) -> None:
    """A result that can't be written becomes unknown; the group around it is reported."""
    world.provider.response = lambda work: Accepted(
        ("SM1",), element=object() if work.to == "+15550009999" else {"nul": "\x00", "n": 1}
    )
    bad, good = attempt_id(), attempt_id()
    async with world.channel():
        await world.send(bad, to="+15550009999")
        await world.send(good)
        receipts = {receipt["attempt_id"]: receipt for receipt in await world.receipts(2)}
    assert (receipts[bad]["status"], receipts[good]["status"]) == ("unknown", "accepted")
    assert receipts[good]["element"] == {"nul": "\N{REPLACEMENT CHARACTER}", "n": 1}


async def test_no_account_is_a_failure_that_is_recorded(world: World) -> None:
    """Work that no account may make fails without a call, and a redelivery says so again."""
    attempt = attempt_id()
    async with world.channel():
        await world.send(attempt, avoid=("main",))
        [receipt] = await world.receipts(1)
        await world.send(attempt, avoid=("main",))
        [again] = await world.receipts(1)
    assert receipt == again
    assert (receipt["failure"]["class"], receipt["failure"]["code"]) == ("auth", "no_account")
    assert world.provider.calls == []


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"{}",
        b'{"attempt_id": 5}',
        b"\xff",
    ],
)
async def test_undecodable_work_is_dead_lettered_alone(world: World, body: bytes) -> None:
    """Work nobody can read goes to the dead letters; what came with it is made."""
    attempt = attempt_id()
    async with world.channel():
        await world.send(attempt, bodies=[body])
        [receipt] = await world.receipts(1)
        [dead] = await world.rabbit.drain(topology.DEAD_QUEUE, expect=1, quiet_seconds=10)
    assert receipt["attempt_id"] == attempt
    assert dead.body == body
    assert dead.routing_key == "outbound.sms.normal"


async def test_an_attempt_id_that_is_not_ours_is_dead_lettered(world: World) -> None:
    """A name the database could choke on never reaches it: its batch is made."""
    attempt = attempt_id()
    async with world.channel():
        await world.send(attempt, "not\x00ours")
        [receipt] = await world.receipts(1)
        dead = await world.rabbit.drain(topology.DEAD_QUEUE, expect=1, quiet_seconds=10)
    assert receipt["attempt_id"] == attempt
    assert len(dead) == 1


async def test_work_that_breaks_its_worker_is_dead_lettered_alone(world: World) -> None:
    """Work that is well formed and can't be handled, here for its time without an offset."""
    bad, good = attempt_id(), attempt_id()
    async with world.channel():
        await world.send(bad, not_after=datetime(2030, 1, 1))  # noqa: DTZ001  on purpose
        await world.send(good)
        [receipt] = await world.receipts(1)
        dead = await world.rabbit.drain(topology.DEAD_QUEUE, expect=1, quiet_seconds=10)
    assert receipt["attempt_id"] == good
    assert len(dead) == 1


async def test_the_same_attempt_twice_in_a_batch_is_made_once(world: World) -> None:
    """Two deliveries of one attempt that come together are one call and both acknowledged."""
    attempt = attempt_id()
    async with world.channel():
        await world.send(attempt, attempt, attempt)
        await world.receipts(1)
    assert world.provider.calls_of(attempt) == 1
    assert await world.unsettled() == 0


async def test_each_delivery_is_acked_on_its_own(world: World) -> None:
    """A call that takes long holds back its own acknowledgement and nobody else's."""
    slow, quick = attempt_id(), [attempt_id() for _ in range(20)]
    may_end = asyncio.Event()
    send = world.provider.send

    async def wait_for_slow(work: Work, content: Rendered) -> SendResult:
        if work.attempt_id == slow:
            await may_end.wait()
        return await send(work, content)

    world.provider.send = wait_for_slow  # type: ignore[method-assign]
    async with world.channel() as channel:
        await world.send(slow, *quick)
        receipts = await world.receipts(20)
        assert slow not in {receipt["attempt_id"] for receipt in receipts}
        subscriber = channel._subscribers[list(Lane).index(Lane.NORMAL)]
        source = subscriber._receiving
        assert source is not None
        await until(lambda: source.unsettled == 1)
        may_end.set()
        [last] = await world.receipts(1)
        await until(lambda: source.unsettled == 0)
    assert last["attempt_id"] == slow


async def test_too_late_is_returned_without_a_call_or_a_row(world: World) -> None:
    """Past its time the work goes back, for the router to decide."""
    attempt = attempt_id()
    async with world.channel():
        await world.send(attempt, not_after=datetime.now(UTC) - timedelta(seconds=1))
        [receipt] = await world.receipts(1)
    assert (receipt["status"], receipt["returned"]["reason"]) == ("returned", "too_late")
    assert "wait" not in receipt["returned"]
    assert world.provider.calls == []
    assert await world.row(attempt) is None
    assert await world.unsettled() == 0
