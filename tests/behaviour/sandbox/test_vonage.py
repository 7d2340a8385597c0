"""Vonage's Messages API in the sandbox, as Herald's own adapter uses it."""

from __future__ import annotations

import json
from typing import Any

import aiohttp

from behaviour.sandbox.round_trips import both_sides
from behaviour.sandbox.sms_accounts import SIGNATURE_SECRET
from behaviour.sandbox.world import World
from herald.contracts.receipts import AttemptReceipt, InboundReceipt
from herald.contracts.vocabulary import InboundKind
from herald.contracts.work import WorkContent
from herald.providers.sending import Accepted, Refused
from unit.channel.making import ATTEMPT, work
from unit.providers.vonage.making import APPLICATION, pem

SIGNED = {"signature_secrets": [SIGNATURE_SECRET]}
BY_APPLICATION: dict[str, Any] = {"application_id": APPLICATION}
BY_KEY: dict[str, Any] = {"api_key": "key9"}


async def test_an_sms(world: World) -> None:
    """An application's token opens the call, and its statuses are signed."""
    secrets = {**SIGNED, "private_key": pem()}
    async with both_sides(world, "vonage", BY_APPLICATION, secrets) as both:
        result = await both.sending.send(work(to="+15550009000"))
        assert isinstance(result, Accepted)
        receipts = [it for it in await both.receipts() if isinstance(it, AttemptReceipt)]
    assert {receipt.attempt_id for receipt in receipts} == {ATTEMPT}
    assert {receipt.references for receipt in receipts} == {result.references}
    assert [receipt.status for receipt in receipts] == ["sent", "delivered"]


async def test_whatsapp(world: World) -> None:
    """What can be tapped is shown; a recipient's answer comes back, a picture as well."""
    options = {**BY_KEY, "channel": "whatsapp"}
    content = WorkContent.model_validate(
        {"text": "Well?", "buttons": [{"id": "y", "title": "Yes"}, {"id": "n", "title": "No"}]}
    )
    order = work(channel="whatsapp", to="+15550000020", content=content)
    async with both_sides(world, "vonage", options, {**SIGNED, "api_secret": "api-secret"}) as both:
        assert isinstance(await both.sending.send(order), Accepted)
        said = [it for it in await both.receipts() if isinstance(it, InboundReceipt)]
        assert [(it.sender, it.text) for it in said] == [("+15550000020", "Thank you!")]
        picture = {"message_type": "image", "image": {"url": "https://api.nexmo.com/v3/media/1"}}
        message = {"channel": "whatsapp", "provider": "vonage", "sender": "+15550002222"}
        assert (await world.control("inbound", {**message, "message": picture}))[0] == 200
        kinds = {it.content for it in await both.receipts() if isinstance(it, InboundReceipt)}
    assert kinds == {InboundKind.TEXT, InboundKind.MEDIA}
    async with world.client.get(f"{world.url}/_sandbox/inbox") as response:
        assert "Yes" in json.dumps(await response.json())


async def test_refusals(world: World) -> None:
    """A row that refuses does so in Vonage's words; another secret is refused as such."""
    async with both_sides(world, "vonage", BY_KEY, {**SIGNED, "api_secret": "api-secret"}) as both:
        for to, failure_class in (
            ("+15550000005", "unreachable"),
            ("+15550000008", "rate_limited"),
            ("+15550000009", "transient"),
            ("+15550000023", "auth"),
        ):
            result = await both.sending.send(work(to=to))
            assert isinstance(result, Refused)
            assert result.failure.failure_class == failure_class
        assert isinstance(await both.sending.send(work(to="+15550000026")), Accepted)
        [receipt] = await both.receipts()
    assert isinstance(receipt, AttemptReceipt)
    assert receipt.failure is not None
    assert receipt.failure.failure_class == "opted_out"
    async with both_sides(world, "vonage", BY_KEY, {**SIGNED, "api_secret": "other"}) as both:
        result = await both.sending.send(work())
    assert isinstance(result, Refused)
    assert result.failure.code == "unauthorized"


async def test_refuses_what_is_not_valid(world: World) -> None:
    """A request that Vonage would refuse gets its error, by RFC 7807."""
    good = {"channel": "sms", "message_type": "text", "to": "15550009000", "from": "15550001111"}
    headers = {"Authorization": aiohttp.encode_basic_auth("key9", "api-secret")}
    url = f"{world.url}/vonage/v1/messages"
    for changes, code in (
        ({"channel": "fax"}, "1400"),
        ({"from": ""}, "1420"),
        ({"to": "+15550009000"}, "1430"),
        ({"client_ref": "x" * 101}, "1450"),
        ({"message_type": "image"}, "1440"),
        ({"text": "x" * 1001}, "1020"),
        ({"channel": "whatsapp", "message_type": "template", "template": {}}, "1022"),
        ({"channel": "whatsapp", "message_type": "custom", "custom": {"type": "x"}}, "1020"),
    ):
        document = {**good, "text": "Hi", **changes}
        async with world.client.post(url, json=document, headers=headers) as response:
            assert response.status == 422
            assert (await response.json())["type"].endswith(f"messages#{code}")
    assert await world.requests() == []
