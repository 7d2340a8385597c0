"""What recipients send: published once for its tenant, and kept as the provider sent it."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any

from behaviour.router.receipts import inbound, receipt
from behaviour.router.world import Heard, World
from herald.contracts.masking import address_hash
from herald.contracts.receipts import InboundReceipt
from herald.contracts.vocabulary import Status

KEPT = """
SELECT id::text, tenant, content, sender_hash, element FROM router.inbound WHERE reference = $1
"""


def heard(world: World, received: InboundReceipt) -> list[Heard]:
    return [
        event
        for event in world.events
        if event.data.get("provider_message_id") == received.reference
    ]


async def report(world: World, received: InboundReceipt, times: int = 1) -> Heard:
    """Report a recipient's message and wait for its event."""
    for _ in range(times):
        await world.report(received)
    events: list[Heard] = await world.until(partial(heard, world, received))
    [event] = events
    return event


async def test_an_inbound_message_is_published_and_kept_once(world: World) -> None:
    """A recipient's message reported three times makes one event and one row of the same id."""
    received = inbound()
    event = await report(world, received, times=3)
    await report(world, inbound())  # what comes behind it in the queue shows that all is handled
    assert heard(world, received) == [event]
    [row] = await world.database.fetch(KEPT, received.reference)
    assert (row["id"], row["tenant"], row["content"]) == (event.event["id"], "default", "text")
    assert row["sender_hash"] == address_hash(received.sender)
    assert json.loads(row["element"]) == received.element


async def test_one_batch_may_hold_repeats(world: World) -> None:
    """Repeats that wait in one batch are one message, and its neighbours are not lost."""
    received, other = inbound(), inbound()
    async with world.held("router.provider_refs"):
        await asyncio.gather(*(world.report(one) for one in (received, other, received)))
    for one in (received, other):
        await world.until(partial(heard, world, one))
        assert len(await world.database.fetch(KEPT, one.reference)) == 1
    assert len(heard(world, received)) == 1


async def test_a_reply_names_what_it_answers(world: World) -> None:
    """The event of a reply names the Herald message that the recipient quoted."""
    work = await world.work("whatsapp", await world.send())
    await world.report(receipt(work, Status.ACCEPTED))
    await world.row(
        "SELECT count(*) FROM router.provider_refs WHERE attempt_id = $1", work.attempt_id
    )
    event = await report(world, inbound(in_reply_to=f"ref-{work.attempt_id}"))
    assert event.data["in_reply_to"] == work.message_id


async def test_an_answer_that_carries_our_id(world: World) -> None:
    """Our id in what a mail quotes names the message, unless it is another tenant's."""
    work = await world.work("whatsapp", await world.send())
    event = await report(world, inbound(answered_attempt=work.attempt_id))
    assert (event.data["in_reply_to"], event.data["attempt_id"]) == (
        work.message_id,
        work.attempt_id,
    )
    theirs = await report(world, inbound(account="wa-raw", answered_attempt=work.attempt_id))
    assert (theirs.data["in_reply_to"], theirs.data["attempt_id"]) == (None, None)


async def test_another_id_of_what_is_answered(world: World) -> None:
    """Where a provider names a message in several ways, any of them finds it."""
    work = await world.work("whatsapp", await world.send())
    await world.report(receipt(work, Status.ACCEPTED))
    await world.row(
        "SELECT count(*) FROM router.provider_refs WHERE attempt_id = $1", work.attempt_id
    )
    quoting = inbound(in_reply_to="<x@y>", quoted=("x", f"ref-{work.attempt_id}"))
    event = await report(world, quoting)
    assert (event.data["in_reply_to"], event.data["answers"]) == (work.message_id, "<x@y>")


async def test_the_providers_words_are_published_where_a_tenant_asks(world: World) -> None:
    """`raw` of the account's first tenant puts the element into the event; else it is absent."""
    asked = inbound(account="wa-raw")
    events: dict[str, dict[str, Any]] = {}
    for received in (inbound(), asked):
        event = await report(world, received)
        events[event.data["tenant"]] = event.data
    assert events["default"]["raw"] is None
    assert events["other"]["raw"] == asked.element
