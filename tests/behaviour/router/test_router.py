"""What the router does with receipts, poison, rivals and races, on real servers."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest_asyncio

from behaviour.router.stage import Stage, receipt, staged, webhook
from herald.failures import Failure
from herald.receipts import InboundReceipt
from herald.vocabulary import FailureClass, InboundKind, Status


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(amqp_url: str, management_url: str, postgres_dsn: str) -> AsyncIterator[Stage]:
    """Give two routers on one broker and database: nothing may depend on being one."""
    async with staged(amqp_url, management_url, postgres_dsn, routers=2) as running:
        yield running


async def test_receipt_before_the_acceptance_waits_for_it(stage: Stage) -> None:
    """A webhook that knows only the provider's id is parked, and taken up by the acceptance."""
    key = await stage.send()
    work = await stage.work("whatsapp")
    await stage.tell(webhook(work, Status.DELIVERED))
    await stage.row(
        "SELECT parked IS NOT NULL FROM router.provider_refs WHERE reference = $1",
        f"ref-{work.attempt_id}",
    )
    await stage.tell(receipt(work, Status.ACCEPTED))
    [told] = await stage.heard("delivered", key)
    assert told["outcome"] == "succeeded"


async def test_receipt_after_the_acceptance_finds_its_attempt(stage: Stage) -> None:
    """A webhook without our own name is matched by the provider's id."""
    key = await stage.send()
    work = await stage.work("whatsapp")
    await stage.tell(receipt(work, Status.ACCEPTED))
    await stage.row(
        "SELECT count(*) FROM router.provider_refs WHERE attempt_id = $1", work.attempt_id
    )
    await stage.tell(webhook(work, Status.DELIVERED))
    assert await stage.heard("delivered", key)


async def test_foreign_receipt_is_set_aside(stage: Stage) -> None:
    """An account that does not serve the attempt's channel can't speak of it."""
    key = await stage.send()
    work = await stage.work("whatsapp")
    forged = receipt(work, Status.DELIVERED, provider="smtp", account="smtp-main")
    await stage.tell(forged)
    await stage.row(
        "SELECT count(*) FROM router.dead_letters"
        " WHERE reason = 'foreign_receipt' AND body LIKE $1",
        f"%{work.attempt_id}%".encode(),
    )
    await stage.tell(receipt(work, Status.DELIVERED))
    [told] = await stage.heard("delivered", key)
    assert told["account"] == "wa-main"


async def test_unreadable_receipt_is_dead_lettered_alone(stage: Stage) -> None:
    """A receipt that is none ends in the table; its neighbours are applied."""
    key = await stage.send()
    work = await stage.work("whatsapp")
    marker = uuid.uuid4().hex.encode()
    await stage.tell(marker)
    await stage.tell(receipt(work, Status.DELIVERED))
    assert await stage.heard("delivered", key)
    await stage.row("SELECT count(*) FROM router.dead_letters WHERE body = $1", marker)


async def test_inbound_message_is_told_once(stage: Stage) -> None:
    """A recipient's message told three times makes one event, which names what it answers."""
    await stage.send()
    work = await stage.work("whatsapp")
    await stage.tell(receipt(work, Status.ACCEPTED))
    await stage.row(
        "SELECT count(*) FROM router.provider_refs WHERE attempt_id = $1", work.attempt_id
    )
    reply = InboundReceipt(
        channel="whatsapp",
        provider="whatsapp_cloud",
        account="wa-main",
        reference=f"wamid.{uuid.uuid4().hex}",
        sender="+15550002222",
        content=InboundKind.TEXT,
        text="Thanks",
        in_reply_to=f"ref-{work.attempt_id}",
        received_at=datetime.now(UTC),
    )
    for _ in range(3):
        await stage.tell(reply)

    def mine() -> list[dict[str, object]]:
        return [
            event["data"]
            for event in stage.events
            if event["data"].get("provider_message_id") == reply.reference
        ]

    await stage.until(lambda: bool(mine()))
    await asyncio.sleep(0.5)
    await stage.until(lambda: True)
    assert [told["in_reply_to"] for told in mine()] == [work.message_id]


async def test_cancel_loses_to_a_worker_that_was_first(stage: Stage) -> None:
    """The channel's row arbitrates: a claimed attempt can't be cancelled, its report decides."""
    key = await stage.send()
    work = await stage.work("whatsapp")
    await stage.database.execute(
        "INSERT INTO channel.sends (attempt_id, state, channel, provider, account, lease_until)"
        " VALUES ($1, 'started', 'whatsapp', 'whatsapp_cloud', 'wa-main', now())",
        work.attempt_id,
    )
    await stage.command({"idempotency_key": key}, "message.cancel")
    assert await stage.heard("too_late", key)
    await stage.tell(
        receipt(work, Status.FAILED, failure=Failure.of(FailureClass.UNREACHABLE, "131026"))
    )
    [told] = await stage.heard("cancelled", key)
    assert told["terminal"]


async def test_cancel_wins_and_the_worker_finds_the_row(stage: Stage) -> None:
    """A cancel in time leaves `withdrawn` in the row, so that no worker makes the call."""
    key = await stage.send()
    work = await stage.work("whatsapp")
    await stage.command({"idempotency_key": key}, "message.cancel")
    assert await stage.heard("cancelled", key)
    state = await stage.row(
        "SELECT state FROM channel.sends WHERE attempt_id = $1", work.attempt_id
    )
    assert state == "withdrawn"


async def test_many_messages_end_once_each(stage: Stage) -> None:
    """Two routers share 200 messages with repeated receipts: one outcome, one event each."""
    keys = [await stage.send(route="default") for _ in range(200)]
    works = [await stage.work("whatsapp") for _ in keys]
    for work in works:
        for told in (
            receipt(work, Status.ACCEPTED),
            webhook(work, Status.SENT),
            webhook(work, Status.DELIVERED),
            webhook(work, Status.DELIVERED),
        ):
            await stage.tell(told)
    for key in keys:
        [told_once] = await stage.heard("delivered", key)
        assert told_once["terminal"]
    ended = await stage.database.fetchval(
        "SELECT count(*) FROM router.messages WHERE outcome = 'succeeded'"
        " AND idempotency_key = ANY ($1)",
        keys,
    )
    assert ended == 200
    await stage.row("SELECT count(*) = 0 FROM router.outbox")
