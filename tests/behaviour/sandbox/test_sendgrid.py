"""SendGrid in the sandbox: responses, signed event batches."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from behaviour.sandbox.round_trips import both_sides
from behaviour.sandbox.sending import email
from behaviour.sandbox.world import API_KEY, INBOUND_TOKEN, KEY, Received, World
from herald.contracts.receipts import InboundReceipt
from unit.channel_email.making import ATTEMPT


def _events(webhooks: list[Received]) -> list[dict[str, Any]]:
    return [event for webhook in webhooks for event in json.loads(webhook.body)]


def _verify(webhook: Received) -> None:
    signature = base64.b64decode(webhook.headers["x-twilio-email-event-webhook-signature"])
    timestamp = webhook.headers["x-twilio-email-event-webhook-timestamp"].encode()
    KEY.public_key().verify(signature, timestamp + webhook.body, ec.ECDSA(hashes.SHA256()))


async def test_accepts_and_reports(world: World) -> None:
    """A valid request gets 202 and an id; signed events repeat our arguments at top level."""
    status, headers, body = await email(world, "read@example.com")
    assert (status, body) == (202, b"")
    webhooks = await world.webhooks()
    events = _events(webhooks)
    assert [event["event"] for event in events] == ["delivered", "open"]
    assert {event["herald_attempt"] for event in events} == {"attempt-1"}
    assert {event["sg_message_id"].split(".")[0] for event in events} == {headers["x-message-id"]}
    assert len({event["sg_event_id"] for event in events}) == 2
    for webhook in webhooks:
        assert webhook.body.endswith(b"\r\n")
        _verify(webhook)


@pytest.mark.parametrize(
    "changes",
    [
        {"personalizations": []},
        {"personalizations": ["x"]},
        {"personalizations": [{"to": []}]},
        {"personalizations": [{"to": ["x"]}]},
        {"personalizations": [{"to": [{"email": "nobody"}]}]},
        {"from": None},
        {"from": "no-reply@example.com"},
        {"subject": ""},
        {"content": []},
        {"content": [{"type": "text/plain", "value": ""}]},
        {"content": [{"type": "text/html", "value": "x"}, {"type": "text/plain", "value": "x"}]},
        {"custom_args": ["x"]},
    ],
)
async def test_refuses_what_is_not_valid(world: World, changes: dict[str, Any]) -> None:
    """A request that SendGrid would refuse gets its error list, naming the field."""
    status, _, body = await email(world, "delivered@example.com", **changes)
    assert status == 400
    assert json.loads(body)["errors"][0]["field"]
    assert await world.requests() == []


async def test_takes_other_content_after_the_text(world: World) -> None:
    """A calendar part after text and HTML is content like any other."""
    parts = [{"type": kind, "value": "x"} for kind in ("text/plain", "text/html", "text/calendar")]
    assert (await email(world, "delivered@example.com", content=parts))[0] == 202


async def test_refuses_a_wrong_key(world: World) -> None:
    """A wrong key is answered 401 in the provider's form."""
    status, _, body = await email(world, "delivered@example.com", key="SG.other")
    assert status == 401
    assert json.loads(body)["errors"]


async def test_bounces_after_delivery(world: World) -> None:
    """A mail can come back after it was delivered."""
    await email(world, "bounce-after-delivery@example.com")
    delivered, bounce = _events(await world.webhooks())
    assert (delivered["event"], bounce["event"], bounce["type"]) == (
        *("delivered", "bounce"),
        "bounce",
    )


async def test_repeats_the_same_event(world: World) -> None:
    """The copies of an event are one event by sg_event_id."""
    await email(world, "shuffled@example.com")
    events = _events(await world.webhooks())
    assert len({event["sg_event_id"] for event in events}) == 2
    assert [events[0]["event"], events[-1]["event"]] == ["open", "delivered"]


async def test_throttles_once(world: World) -> None:
    """The first try is too fast, with the provider's own headers; the next is taken."""
    status, headers, _ = await email(world, "throttled@example.com")
    assert (status, headers["x-ratelimit-remaining"]) == (429, "0")
    assert (await email(world, "throttled@example.com"))[0] == 202


async def test_retries(world: World) -> None:
    """An event batch that did not get 2xx is retried with the same event."""
    world.receiver.statuses = [503]
    await email(world, "hard-bounce@example.com")
    first, second = _events(await world.webhooks())
    assert first == second


async def test_a_reply_names_our_mail(world: World) -> None:
    """Somebody writes back: Herald reads their mail, and which one it answers."""
    message = {"headers": f"In-Reply-To: <{ATTEMPT}@example.com>\n"}
    document = {"channel": "email", "provider": "sendgrid", "sender": "ada@example.org"}
    await world.control("inbound", {**document, "text": "Yes", "message": message})
    secrets = {"api_key": API_KEY, "inbound_tokens": [INBOUND_TOKEN]}
    async with both_sides(world, "sendgrid", {}, secrets) as both:
        [receipt] = await both.receipts()
    assert isinstance(receipt, InboundReceipt)
    assert (receipt.sender, receipt.text) == ("ada@example.org", "Yes")
    assert receipt.answered_attempt == ATTEMPT


async def test_the_inbox_shows_files(world: World) -> None:
    """What is attached and what the HTML shows are in the inbox, with their bytes' size."""
    file = {"content": "YWJj", "type": "image/png", "filename": "a.png"}
    image = {**file, "disposition": "inline", "content_id": "logo"}
    await email(world, "delivered@example.com", attachments=[file, image])
    async with world.client.get(f"{world.url}/_sandbox/inbox") as response:
        [message] = (await response.json())["messages"]
    files = message["shown"]["files"] if "shown" in message else message["files"]
    assert [(one["name"], one["size"], one["content_id"]) for one in files] == [
        ("a.png", 3, None),
        ("a.png", 3, "logo"),
    ]
