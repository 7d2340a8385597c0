"""Several receipts in one message: each is handled as if it had come alone."""

from __future__ import annotations

import json
import secrets
from typing import Any

import aio_pika
import pytest
from prometheus_client import REGISTRY

from behaviour.router.receipts import receipt
from behaviour.router.world import World
from herald.bus.receipt_messages import receipt_body
from herald.contracts.topology import RECEIPTS
from herald.contracts.vocabulary import Status
from herald.contracts.work import Work

DEAD = """
    SELECT reason || ' ' || queue || ' ' || routing_key FROM router.dead_letters
    WHERE position($1 IN body) > 0
"""
GIVEN_UP = "herald.dead"
DEAD_LETTERS = "SELECT count(*) FROM router.dead_letters"
READ_BATCHES = "SELECT bool_and(reads_batches) FROM router.listeners HAVING count(*) > 0"


def batch(*parts: bytes) -> bytes:
    return b"[" + b",".join(parts) + b"]"


async def accepted(world: World, number: int) -> tuple[list[str], list[Work]]:
    """Have messages whose work went out; return their keys, and the work."""
    keys = [await world.send() for _ in range(number)]
    return keys, [await world.work("whatsapp", key) for key in keys]


def batches(up_to: str, queue: str = "router.receipts.normal") -> float:
    """Return how many of a queue's batches were of so many deliveries at most."""
    labels = {"queue": queue, "le": up_to}
    return REGISTRY.get_sample_value("herald_batch_size_bucket", labels) or 0.0


def sent(work: Work) -> bytes:
    return receipt_body(receipt(work, Status.SENT))


async def test_each_of_a_message_counts(world: World) -> None:
    """Each message is sent, once, also when the same comes again."""
    keys, works = await accepted(world, 3)
    body = batch(*map(sent, works))
    await world.report(body)
    await world.report(body)
    for key in keys:
        await world.heard("sent", key)
    assert await world.row(READ_BATCHES)
    await world.report(receipt(works[-1], Status.DELIVERED, event_key="1"))
    await world.heard("delivered", keys[-1])  # behind both
    assert [len(world.events_of("sent", key)) for key in keys] == [1, 1, 1]


@pytest.mark.parametrize(
    "spoiled",
    [
        {"received_at": "yesterday"},  # can't be read
        {"event_key": "a\x00b"},  # PostgreSQL has no U+0000
        {"references": [secrets.token_hex(8000)]},  # nor room in an index for so long a name
    ],
)
async def test_one_that_can_not_be_applied_is_set_aside_alone(
    world: World, spoiled: dict[str, Any]
) -> None:
    """It is a dead letter by itself, which can be replayed; those around it are applied."""
    keys, works = await accepted(world, 3)
    first, second, third = map(sent, works)
    bad = json.dumps(json.loads(second) | spoiled).encode()
    before = await world.database.fetchval(DEAD_LETTERS)
    await world.report(batch(first, bad, third))
    await world.heard("sent", keys[0])
    await world.heard("sent", keys[2])
    kept = await world.row(DEAD, works[1].attempt_id.encode())
    assert kept == "rejected router.receipts.normal " + (
        "attempt.whatsapp.normal" if "references" in spoiled else "attempt.sms.normal"
    )
    assert await world.database.fetchval(DEAD_LETTERS) == before + 1
    assert world.events_of("sent", keys[1]) == []


async def test_a_message_that_is_nothing_is_given_up_whole(world: World) -> None:
    """The broker has it back as a dead letter, and the queue goes on."""
    marker = secrets.token_hex(8)
    await world.report(f'[{{"marker": "{marker}"'.encode())
    assert (await world.row(DEAD, marker.encode())).startswith("rejected router.receipts.normal")


async def test_what_waits_does_not_become_one_transaction(world: World) -> None:
    """Of a hundred messages of twenty receipts each, about ten are handled at a time."""
    keys, works = await accepted(world, 20)
    body, larger = batch(*map(sent, works)), batches("+Inf") - batches("20.0")
    async with world.held():
        for _ in range(100):
            await world.report(body, headers={"receipts": 20})
    await world.report(receipt(works[0], Status.DELIVERED, event_key="1"))
    await world.heard("delivered", keys[0])  # behind all others
    assert batches("+Inf") - batches("20.0") == larger


async def test_what_the_broker_gave_up_does_not_become_one_transaction(world: World) -> None:
    """A hundred messages of twenty receipts, all delivered too often, come ten at a time."""
    keys, works = await accepted(world, 20)
    body, larger = batch(*map(sent, works)), batches("+Inf", GIVEN_UP) - batches("20.0", GIVEN_UP)
    death: dict[str, Any] = {
        "queue": "router.receipts.normal",
        "reason": "delivery_limit",
        "exchange": RECEIPTS,
        "routing-keys": ["attempt.whatsapp.normal"],
    }
    headers: dict[str, Any] = {"x-death": [death], "receipts": 20}
    dead = await world.channel.get_exchange(GIVEN_UP, ensure=False)
    before = handled_after_limit()
    async with world.held():
        for _ in range(100):
            await dead.publish(aio_pika.Message(body, headers=headers), "router.receipts.normal")
    for key in keys:
        await world.heard("sent", key)
    await world.until(lambda: handled_after_limit() == before + 100)
    assert batches("+Inf", GIVEN_UP) - batches("20.0", GIVEN_UP) == larger


def handled_after_limit() -> float:
    """Return how many messages of receipts were handled although the broker gave them up."""
    labels = {"queue": "router.receipts.normal"}
    return REGISTRY.get_sample_value("herald_handled_after_limit_total", labels) or 0.0
