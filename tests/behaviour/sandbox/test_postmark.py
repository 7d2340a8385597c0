"""The sandbox's Postmark, as our own adapter calls it and our own endpoint hears it."""

from __future__ import annotations

from typing import Any

import pytest

from behaviour.providers.api_server import http_client
from behaviour.sandbox.mail_accounts import SERVER_TOKEN, WEBHOOK_LOGIN
from behaviour.sandbox.world import World
from channel_email.content import render
from herald.conformance.trial import receipts_of
from herald.contracts.receipts import Receipt
from herald.providers.credentials import Credentials
from herald.providers.postmark.account import PostmarkAccount, PostmarkSecrets
from herald.providers.postmark.send import make_provider
from herald.providers.postmark.webhooks import make_endpoint
from herald.providers.sending import Accepted, Refused, SendResult
from unit.channel_email.making import ATTEMPT, work
from unit.providers.golden import request
from unit.providers.sending import context_of

SECRETS = PostmarkSecrets.model_validate(
    {"server_token": SERVER_TOKEN, "webhook_logins": [WEBHOOK_LOGIN]}
)


async def send(world: World, to: str, secrets: PostmarkSecrets = SECRETS) -> SendResult:
    """Send a mail by the adapter."""
    account = PostmarkAccount(provider="postmark", base_url=f"{world.url}/postmark")
    order = work(to=to)
    async with http_client() as http:
        provider = make_provider(context_of(account, secrets, http))
        return await provider.send(order, render(order, holds_template=False))


async def heard(world: World) -> list[Receipt]:
    """Verify and read every webhook that came."""
    account = PostmarkAccount(provider="postmark")
    endpoint = make_endpoint("pm", {"pm": account}, {"pm": Credentials(SECRETS, lambda: SECRETS)})
    found: list[Receipt] = []
    for webhook in await world.webhooks():
        asked = request(webhook.body)
        headers = {name.encode(): value.encode() for name, value in webhook.headers.items()}
        asked = type(asked)(**{**asked.__dict__, "headers": headers})
        assert endpoint.verify(asked)
        found += receipts_of(endpoint.normalise(asked))
    return found


@pytest.mark.parametrize(
    ("to", "statuses"),
    [
        ("clicked@example.com", ["delivered", "read", "clicked"]),
        ("hard-bounce@example.com", ["bounced"]),
        ("deferred@example.com", ["deferred", "delivered"]),
    ],
)
async def test_statuses(world: World, to: str, statuses: list[str]) -> None:
    """What is taken is reported in our own words, with our own id."""
    result = await send(world, to)
    assert isinstance(result, Accepted)
    receipts: list[Any] = await heard(world)
    assert [receipt.status for receipt in receipts] == statuses
    assert {receipt.attempt_id for receipt in receipts} == {ATTEMPT}
    assert {receipt.references for receipt in receipts} == {result.references}
    assert len({receipt.event_key for receipt in receipts}) == len(receipts)


async def test_refusals(world: World) -> None:
    """An inactive recipient and a wrong token are what Postmark says they are."""
    result = await send(world, "everything-fails@example.com")
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.failure.code) == ("unreachable", "406")
    wrong = PostmarkSecrets.model_validate({"server_token": "wrong"})
    result = await send(world, "ada@example.com", wrong)
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.failure.code) == ("auth", "10")


async def test_a_reply_names_our_mail(world: World) -> None:
    """Somebody writes back: their mail says which one it answers."""
    message = {"Headers": [{"Name": "In-Reply-To", "Value": f"<{ATTEMPT}@example.com>"}]}
    document = {"channel": "email", "provider": "postmark", "sender": "ada@example.org"}
    assert await world.control("inbound", {**document, "text": "Yes", "message": message}) == (
        200,
        {"sent": True},
    )
    [receipt] = await heard(world)
    assert receipt.kind == "inbound"
    assert (receipt.sender, receipt.text) == ("ada@example.org", "Yes")
    assert receipt.in_reply_to == f"<{ATTEMPT}@example.com>"


async def test_what_a_recipient_sees(world: World) -> None:
    """Words and headers are shown as they were sent."""
    await send(world, "grace@example.com")
    async with world.client.get(f"{world.url}/_sandbox/inbox?to=grace@example.com") as response:
        [message] = (await response.json())["messages"]
    assert (message["subject"], message["text"]) == ("Your code", "The code is 4711")
    assert message["headers"]["Message-ID"] == f"<{ATTEMPT}@example.com>"
