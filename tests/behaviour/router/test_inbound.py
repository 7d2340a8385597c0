"""What recipients send: told once to its tenant, and kept as the provider told it."""

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


def heard(world: World, told: InboundReceipt) -> list[Heard]:
    return [
        event for event in world.events if event.data.get("provider_message_id") == told.reference
    ]


async def tell(world: World, told: InboundReceipt, times: int = 1) -> Heard:
    """Tell a recipient's message and wait for its event."""
    for _ in range(times):
        await world.report(told)
    events: list[Heard] = await world.until(partial(heard, world, told))
    [event] = events
    return event


async def test_an_inbound_message_is_told_and_kept_once(world: World) -> None:
    """A recipient's message told three times makes one event and one row of the same id."""
    told = inbound()
    event = await tell(world, told, times=3)
    await tell(world, inbound())  # what comes behind it in the queue shows that all is handled
    assert heard(world, told) == [event]
    [row] = await world.database.fetch(KEPT, told.reference)
    assert (row["id"], row["tenant"], row["content"]) == (event.event["id"], "default", "text")
    assert row["sender_hash"] == address_hash(told.sender)
    assert json.loads(row["element"]) == told.element


async def test_one_batch_may_hold_repeats(world: World) -> None:
    """Repeats that wait in one batch are one message, and its neighbours are not lost."""
    told, other = inbound(), inbound()
    async with world.held("router.provider_refs"):
        await asyncio.gather(*(world.report(one) for one in (told, other, told)))
    for one in (told, other):
        await world.until(partial(heard, world, one))
        assert len(await world.database.fetch(KEPT, one.reference)) == 1
    assert len(heard(world, told)) == 1


async def test_a_reply_names_what_it_answers(world: World) -> None:
    """The event of a reply names the Herald message that the recipient quoted."""
    work = await world.work("whatsapp", await world.send())
    await world.report(receipt(work, Status.ACCEPTED))
    await world.row(
        "SELECT count(*) FROM router.provider_refs WHERE attempt_id = $1", work.attempt_id
    )
    event = await tell(world, inbound(in_reply_to=f"ref-{work.attempt_id}"))
    assert event.data["in_reply_to"] == work.message_id


async def test_the_providers_words_are_told_where_a_tenant_asks(world: World) -> None:
    """`raw` of the account's first tenant puts the element into the event; else it is absent."""
    asked = inbound(account="wa-raw")
    events: dict[str, dict[str, Any]] = {}
    for told in (inbound(), asked):
        event = await tell(world, told)
        events[event.data["tenant"]] = event.data
    assert events["default"]["raw"] is None
    assert events["other"]["raw"] == asked.element
