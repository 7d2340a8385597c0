"""Receipts that can't be applied: each is set aside under its reason, and none is lost."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import UTC, datetime, timedelta

from behaviour.router.receipts import inbound, receipt, webhook
from behaviour.router.units import units_of_work
from behaviour.router.world import CONFIGURATION, World
from herald.config.loading import load_configuration
from herald.contracts.receipts import AttemptReceipt
from herald.contracts.vocabulary import Status
from herald.contracts.work import Work
from router.jobs.orphaned_receipts import PATIENCE, OrphanedReceipts
from router.metrics import FOREIGN_IGNORED

DEAD = "SELECT count(*) FROM router.dead_letters WHERE reason = $1 AND position($2 IN body) > 0"
PARKED = "SELECT parked FROM router.provider_refs WHERE reference = $1"


async def new_work(world: World) -> Work:
    return await world.work("whatsapp", await world.send())


async def test_a_repeat_takes_no_room_among_the_parked(world: World) -> None:
    """The same early receipt is kept once; what comes after it still has a place."""
    work = await new_work(world)
    for _ in range(20):
        await world.report(webhook(work, Status.SENT))
    await world.report(webhook(work, Status.DELIVERED))
    parked = await world.row(
        f"{PARKED} AND parked::text LIKE '%delivered%'", f"ref-{work.attempt_id}"
    )
    assert [item["status"] for item in json.loads(parked)] == ["sent", "delivered"]


async def test_what_finds_no_room_is_kept_apart(world: World) -> None:
    """Beyond sixteen early receipts of one reference the rest are dead query, not gone."""
    work = await new_work(world)
    for number in range(20):
        await world.report(webhook(work, Status.OTHER, event_key=f"event-{number}"))
    assert await world.row(f"SELECT ({DEAD}) = 4", "too_many_parked", work.attempt_id.encode())
    assert len(json.loads(await world.row(PARKED, f"ref-{work.attempt_id}"))) == 16


async def test_nameless_receipts_are_kept_each(world: World) -> None:
    """Receipts that name neither attempt nor reference are dead query of their own."""
    work = await new_work(world)
    for marker in ("first", "second"):
        nameless = webhook(work, Status.SENT, references=(), element={"marker": marker})
        await world.report(nameless)
        assert await world.row(DEAD, "foreign_receipt", f'"{marker}"'.encode())


async def test_an_empty_reference_is_no_name(world: World) -> None:
    """A receipt whose only reference is empty names nothing."""
    work = await new_work(world)
    await world.report(webhook(work, Status.SENT, references=("",), element={"marker": "empty"}))
    assert await world.row(DEAD, "foreign_receipt", b'"empty"')


async def test_an_account_is_known_within_a_batch(world: World) -> None:
    """Once an attempt is one account's, no other may speak of it, be it in the same batch."""
    key = await world.send(route={"steps": [{"channel": "email"}]})
    work = await world.work("email", key)
    other = receipt(work, Status.DELIVERED, provider="smtp", account="smtp-main")
    await asyncio.gather(world.report(receipt(work, Status.ACCEPTED)), world.report(other))
    assert await world.row(DEAD, "foreign_receipt", work.attempt_id.encode())


async def test_an_inbound_message_without_an_account_is_kept(world: World) -> None:
    """A recipient's message to an account that is configured no more is a dead letter."""
    marker = uuid.uuid4().hex
    await world.report(inbound(account="removed", reference=marker))
    assert await world.row(DEAD, "unknown_account", marker.encode())
    kept = "SELECT count(*) FROM router.inbound WHERE reference = $1"
    assert await world.database.fetchval(kept, marker) == 0


async def test_what_nobody_claims_becomes_a_dead_letter(world: World) -> None:
    """A receipt whose acceptance never comes is given up after a day, once."""
    work = await new_work(world)
    await world.report(webhook(work, Status.DELIVERED))
    reference = f"ref-{work.attempt_id}"
    await world.row(PARKED, reference)
    now = datetime.now(UTC)
    async with units_of_work(world.dsn) as units:
        orphaned = OrphanedReceipts(units, load_configuration(CONFIGURATION).file)
        await orphaned.sweep(now)
        assert await world.database.fetchval(PARKED, reference) is not None
        await orphaned.sweep(now + PATIENCE + timedelta(minutes=1))
    dead_letter = await world.database.fetchrow(
        "SELECT reason, body FROM router.dead_letters WHERE position($1 IN body) > 0",
        reference.encode(),
    )
    assert dead_letter is not None
    assert dead_letter["reason"] == "orphaned"
    assert AttemptReceipt.model_validate_json(dead_letter["body"]).status is Status.DELIVERED
    assert await world.database.fetchval(PARKED, reference) is None


async def test_what_is_others_is_dropped_where_an_account_asks(world: World) -> None:
    """After its day a status of a message that Herald never sent is counted, and nothing else."""
    work = await new_work(world)
    reference = f"foreign-{work.attempt_id}"
    for number in range(2):
        await world.report(
            webhook(
                work,
                Status.DELIVERED,
                account="wa-raw",
                references=(reference,),
                event_key=str(number),
            )
        )
    await world.row(f"{PARKED} AND json_array_length(parked) = 2", reference)
    counted = FOREIGN_IGNORED.labels("wa-raw")._value
    before = counted.get()
    async with units_of_work(world.dsn) as units:
        orphaned = OrphanedReceipts(units, load_configuration(CONFIGURATION).file)
        await orphaned.sweep(datetime.now(UTC) + PATIENCE + timedelta(minutes=1))
    query = "SELECT count(*) FROM router.dead_letters WHERE position($1 IN body) > 0"
    assert await world.database.fetchval(query, reference.encode()) == 0
    assert await world.database.fetchval(PARKED, reference) is None
    assert counted.get() == before + 2
