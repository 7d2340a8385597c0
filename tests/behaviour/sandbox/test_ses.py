"""The sandbox's SES and SNS, as our own adapter calls them and our own endpoint hears them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from behaviour.providers.api_server import http_client
from behaviour.sandbox.mail_accounts import SES_KEYS, SES_REGION, SES_TOPIC
from behaviour.sandbox.world import Received, World
from channel_email.content import render
from herald.conformance.trial import receipts_of
from herald.contracts.receipts import Receipt
from herald.providers.sending import Accepted, Refused, SendResult
from herald.providers.ses.account import SesAccount, SesSecrets
from herald.providers.ses.send import make_provider
from herald.providers.ses.webhooks import SesEndpoint, make_endpoint
from herald.providers.webhook_requests import WebhookRequest
from unit.channel_email.making import ATTEMPT, work
from unit.providers.golden import request
from unit.providers.sending import context_of


def account(world: World, **options: Any) -> SesAccount:
    return SesAccount(
        provider="ses",
        region=options.pop("region", SES_REGION),
        base_url=f"{world.url}/ses",
        sns_url=f"{world.url}/ses",
        topics=(SES_TOPIC,),
        **options,
    )


async def send(world: World, to: str, options: SesAccount, **secrets: str) -> SendResult:
    """Send a mail by the adapter."""
    order = work(to=to)
    async with http_client() as http:
        keys = SesSecrets.model_validate({**SES_KEYS, **secrets})
        provider = make_provider(context_of(options, keys, http))
        return await provider.send(order, render(order, holds_template=False))


def asked(webhook: Received) -> WebhookRequest:
    headers = {name.encode(): value.encode() for name, value in webhook.headers.items()}
    return replace(request(webhook.body), headers=headers)


async def heard(world: World, endpoint: SesEndpoint) -> list[Receipt]:
    """Verify and read every webhook that came, with the certificate that the sandbox serves."""
    found: list[Receipt] = []
    for webhook in await world.webhooks():
        assert await endpoint.verify(asked(webhook))
        found += receipts_of(endpoint.normalise(asked(webhook)))
    return found


def endpoint(options: SesAccount) -> SesEndpoint:
    return make_endpoint("ses", {"ses": options}, {})


@pytest.mark.parametrize(
    ("to", "statuses"),
    [
        ("clicked@example.com", ["delivered", "read", "clicked"]),
        ("hard-bounce@example.com", ["bounced"]),
        ("deferred@example.com", ["deferred", "delivered"]),
    ],
)
async def test_statuses(world: World, to: str, statuses: list[str]) -> None:
    """A signed call is taken, and reported by signed notifications with our own id."""
    options = account(world)
    result = await send(world, to, options)
    assert isinstance(result, Accepted)
    receipts: list[Any] = await heard(world, endpoint(options))
    assert [receipt.status for receipt in receipts] == statuses
    assert {receipt.attempt_id for receipt in receipts} == {ATTEMPT}
    assert {receipt.references for receipt in receipts} == {result.references}
    assert len({receipt.event_key for receipt in receipts}) == len(receipts)


async def test_refusals(world: World) -> None:
    """An error of its own, a wrong key and another region's signature are what SES says."""
    result = await send(world, "everything-fails@example.com", account(world))
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.failure.code) == ("permanent", "MessageRejected")
    for options, secrets in (
        (account(world), {"secret_access_key": "wrong"}),
        (account(world), {"access_key_id": "AKIDOTHER"}),
        (account(world, region="us-east-1"), {}),
    ):
        result = await send(world, "ada@example.com", options, **secrets)
        assert isinstance(result, Refused)
        assert result.failure.failure_class == "auth"


async def test_a_subscription(world: World) -> None:
    """Nothing comes before it is confirmed; Herald confirms it, and events come."""
    options = account(world, confirm_subscriptions=True)
    async with world.client.post(f"{world.url}/ses/subscribe/main") as response:
        assert await response.json() == {"confirmed": False}
    await send(world, "ada@example.com", options)
    [webhook] = await world.webhooks()
    listening = endpoint(options)
    assert await listening.verify(asked(webhook))
    await send(world, "ada@example.com", options)
    receipts = await heard(world, listening)
    assert [receipt.kind for receipt in receipts] == ["account", "attempt"]


async def test_a_reply_names_our_mail(world: World) -> None:
    """Somebody writes back: their mail comes whole."""
    document = {"channel": "email", "provider": "ses", "sender": "ada@example.org", "text": "Yes"}
    assert await world.control("inbound", document) == (200, {"sent": True})
    [receipt] = await heard(world, endpoint(account(world)))
    assert receipt.kind == "inbound"
    assert (receipt.sender, receipt.text) == ("ada@example.org", "Yes")


async def test_what_a_recipient_sees(world: World) -> None:
    """The MIME that was sent is shown as a mail program shows it."""
    await send(world, "grace@example.com", account(world))
    async with world.client.get(f"{world.url}/_sandbox/inbox?to=grace@example.com") as response:
        [message] = (await response.json())["messages"]
    assert (message["subject"], message["text"]) == ("Your code", "The code is 4711")
    assert message["headers"]["Message-ID"] == f"<{ATTEMPT}@example.com>"
