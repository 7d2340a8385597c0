"""WhatsApp through Twilio beside SMS of the same Twilio account: sent, reported, written back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.client import Client, Event, connected, send
from herald_local.stack import Stack
from herald_local.web import call

ROUTE = {"route": "whatsapp-twilio", "sender": "twilio"}


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[Client]:
    """Give a plain pika client."""
    with connected(stack.amqp_url) as plain:
        yield plain


def wait_for(client: Client, what: str, body: Event) -> Event:
    """Wait for an event of a message and return what it says."""
    event = client.wait(
        lambda event: (
            event["type"] == f"herald.message.{what}.v1"
            and event["data"]["idempotency_key"] == body["idempotency_key"]
        )
    )
    data: Event = event["data"]
    return data


def write_to_us(stack: Stack, channel: str, sender: str, text: str, **fields: str) -> None:
    """Let a recipient write through Twilio."""
    body = {"provider": "twilio", "channel": channel, "sender": sender, "text": text}
    message = json.dumps({**body, "message": fields}).encode()
    assert call("POST", f"{stack.sandbox_url}/_sandbox/inbound", message).status == 200


def inbound(client: Client, channel: str, sender: str) -> dict[str, Any]:
    """Wait for a recipient's message and return what it says."""
    event = client.wait(
        lambda event: (
            event["type"] == "herald.inbound.received.v1"
            and (event["data"]["channel"], event["data"]["sender"]) == (channel, sender)
        )
    )
    data: dict[str, Any] = event["data"]
    return data


def test_delivered_and_read(client: Client) -> None:
    """A step of channel whatsapp at a Twilio account ends with what WhatsApp alone reports."""
    body = send("0001", **ROUTE)
    client.publish(body)
    read = wait_for(client, "read", body)
    assert (read["channel"], read["provider"], read["account"]) == (
        *("whatsapp", "twilio"),
        "twilio-wa",
    )


def test_not_on_whatsapp_falls_back_to_sms_of_the_same_account(client: Client) -> None:
    """Twilio's callback says that the recipient isn't on WhatsApp; the SMS goes at once."""
    body = send("0002", **ROUTE)
    client.publish(body)
    fallback = wait_for(client, "fallback", body)
    assert fallback["fallback"]["from_channel"] == "whatsapp"
    delivered = wait_for(client, "delivered", body)
    assert (delivered["channel"], delivered["account"]) == ("sms", "twilio-main")


def test_only_a_template_goes_outside_the_window(client: Client) -> None:
    """A text fails outside WhatsApp's window and goes by SMS; a template is delivered."""
    text = send("0029", **ROUTE)
    template = send("0029", **ROUTE)
    template["content"]["overrides"] = {
        "whatsapp": {"template": {"name": "HX" + "1" * 32, "language": "en", "variables": {}}}
    }
    for body in (text, template):
        client.publish(body)
    assert wait_for(client, "delivered", text)["channel"] == "sms"
    assert wait_for(client, "delivered", template)["channel"] == "whatsapp"


@pytest.mark.parametrize(
    ("channel", "account"), [("whatsapp", "twilio-wa"), ("sms", "twilio-main")]
)
def test_recipient_writes(client: Client, stack: Stack, channel: str, account: str) -> None:
    """Messages over WhatsApp and SMS to one Twilio account go to the account of their channel."""
    sender = "+15550700020"
    write_to_us(stack, channel, sender, f"Hello by {channel}")
    data = inbound(client, channel, sender)
    assert (data["text"], data["provider"], data["account"]) == (
        *(f"Hello by {channel}", "twilio"),
        account,
    )
    assert data["recipient"] == "+15550001111"


def test_recipient_presses_a_button(client: Client, stack: Stack) -> None:
    """WhatsApp's own fields come with the message: the button, and the sender's name."""
    sender = "+15550700021"
    write_to_us(stack, "whatsapp", sender, "Yes", ButtonText="Yes", ButtonPayload="yes-1")
    data = inbound(client, "whatsapp", sender)
    assert (data["content"], data["choice"]["id"], data["profile_name"]) == (
        *("button", "yes-1"),
        "Ada",
    )


def test_reply_and_receipts_belong_to_one_message(client: Client) -> None:
    """STOP after the delivery comes in on the WhatsApp account."""
    body = send("0019", **ROUTE)
    client.publish(body)
    assert wait_for(client, "delivered", body)["account"] == "twilio-wa"
    data = inbound(client, "whatsapp", body["to"]["phone"])
    assert (data["text"], data["account"]) == ("STOP", "twilio-wa")
