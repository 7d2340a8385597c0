"""Vonage's SMS API in the sandbox, as Herald's own adapter uses it."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from behaviour.sandbox.round_trips import both_sides
from behaviour.sandbox.world import World
from herald.contracts.receipts import AttemptReceipt, InboundReceipt
from herald.contracts.work import WorkContent
from herald.providers.sending import Accepted, Refused
from unit.channel.making import ATTEMPT, work

SECRETS = {"api_secret": "api-secret", "signature_secrets": ["signature-secret"]}


def options(number: int = 0, **changes: Any) -> dict[str, Any]:
    return {"api_key": f"key{number}", **changes}


@pytest.mark.parametrize("number", [0, 1, 2])
async def test_a_long_text(world: World, number: int) -> None:
    """Each part has an id and receipts, signed in whichever way the webhooks come."""
    async with both_sides(world, "vonage_sms", options(number), SECRETS) as both:
        text = "x" * 200
        result = await both.sending.send(work(to="+15550009000", content=WorkContent(text=text)))
        assert isinstance(result, Accepted)
        assert len(result.references) == 2
        receipts = [it for it in await both.receipts() if isinstance(it, AttemptReceipt)]
    assert {receipt.attempt_id for receipt in receipts} == {ATTEMPT}
    reported = {(receipt.references[0], receipt.status) for receipt in receipts}
    assert reported == {(id_, word) for id_ in result.references for word in ("sent", "delivered")}


async def test_refusals(world: World) -> None:
    """A row that refuses does so in Vonage's words, to signed calls as well."""
    for to, failure_class, signs in (
        ("+15550000005", "unreachable", False),
        ("+15550000008", "rate_limited", True),
        ("+15550000009", "transient", True),
        ("+15550000023", "auth", False),
    ):
        async with both_sides(world, "vonage_sms", options(signs_calls=signs), SECRETS) as both:
            result = await both.sending.send(work(to=to))
        assert isinstance(result, Refused)
        assert result.failure.failure_class == failure_class


async def test_failures(world: World) -> None:
    """What the carrier refuses, a receipt reports."""
    async with both_sides(world, "vonage_sms", options(), SECRETS) as both:
        for to in ("+15550000006", "+15550000026"):
            assert isinstance(await both.sending.send(work(to=to)), Accepted)
        receipts = [it for it in await both.receipts() if isinstance(it, AttemptReceipt)]
    classes = {it.failure.failure_class for it in receipts if it.failure is not None}
    assert classes == {"unreachable", "opted_out"}


async def test_a_recipient_answers(world: World) -> None:
    """Somebody who writes STOP is heard, as is a piece of a long message."""
    async with both_sides(world, "vonage_sms", options(), SECRETS) as both:
        await both.sending.send(work(to="+15550000019"))
        said = [it for it in await both.receipts() if isinstance(it, InboundReceipt)]
        assert [(it.sender, it.text) for it in said] == [("+15550000019", "STOP")]
        fields = {"concat": "true", "concat-ref": "7", "concat-part": "1", "concat-total": "2"}
        message = {"channel": "sms", "provider": "vonage_sms", "account": "main-post"}
        sent = {**message, "sender": "+15550002222", "text": "one", "message": fields}
        assert (await world.control("inbound", sent))[0] == 200
        [piece] = [it for it in await both.receipts() if isinstance(it, InboundReceipt) and it.part]
    assert piece.part is not None
    assert (piece.part.reference, piece.part.number, piece.part.total) == ("7", 1, 2)


async def test_refuses_what_is_not_valid(world: World) -> None:
    """A request that Vonage would refuse gets HTTP 200, and its status inside."""
    for changes, status in (
        ({"to": ""}, "2"),
        ({"to": "+1555"}, "3"),
        ({"type": "flash"}, "3"),
        ({"client-ref": "x" * 101}, "3"),
        ({"ttl": "19999"}, "3"),
        ({"callback": "https://" + "x" * 100}, "23"),
        ({"sig": "0", "api_key": "key0"}, "14"),
    ):
        form = {"from": "15550001111", "to": "15550009000", "text": "Hi", **changes}
        headers = {"Authorization": aiohttp.encode_basic_auth("key0", "api-secret")}
        url = f"{world.url}/vonage_sms/sms/json"
        async with world.client.post(url, data=form, headers=headers) as response:
            document = await response.json()
            assert response.status == 200
        assert [message["status"] for message in document["messages"]] == [status]
    assert await world.requests() == []
