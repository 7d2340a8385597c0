"""Commands from any AMQP client: answered, delivered, refused with the field at fault."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pika.exceptions
import pytest

from e2e.client import Client, connected, send
from herald_local.stack import Stack
from herald_local.web import call


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[Client]:
    """Give a plain pika client."""
    with connected(stack.amqp_url) as plain:
        yield plain


def test_command_is_delivered_and_its_lifecycle_seen(client: Client) -> None:
    """A command from a plain client is accepted, sent and delivered, in rising sequence."""
    body = send()
    client.publish(body)
    assert client.answer(body["idempotency_key"])["type"] == "herald.command.accepted.v1"
    assert client.end(body["idempotency_key"])["type"] == "herald.message.delivered.v1"
    sequences = [
        event["data"]["sequence"]
        for event in client.events
        if event["type"].startswith("herald.message.")
        and event["data"]["idempotency_key"] == body["idempotency_key"]
    ]
    assert sorted(set(sequences)) == list(range(1, len(sequences) + 1))


def test_message_can_be_read_back_without_its_address(client: Client, stack: Stack) -> None:
    """The read API shows attempts and timeline; the address is masked."""
    body = send()
    client.publish(body)
    message_id = client.end(body["idempotency_key"])["subject"]
    token = stack.read_token_file.read_text().strip()
    text = call("GET", f"{stack.router_url}/messages/{message_id}", token=token).body.decode()
    document = json.loads(text)
    assert document["outcome"] == "succeeded"
    assert document["attempts"][0]["status"] == "delivered"
    assert len(document["timeline"]) >= 3
    assert body["to"]["phone"] not in text


def test_read_api_does_not_know_every_id(stack: Stack) -> None:
    """An id that does not exist is a 404, to those who may ask."""
    url = f"{stack.router_url}/messages/{uuid.uuid4()}"
    assert call("GET", url, token=stack.read_token_file.read_text().strip()).status == 404
    assert call("GET", url).status == 401


def _refused(client: Client, body: Any, key: str = "message.send") -> tuple[str, str]:
    name = client.publish(body, key)
    event = client.wait(
        lambda e: e["type"] == "herald.command.rejected.v1" and e["subject"] == name
    )
    return event["data"]["field"], event["data"]["reason"]


CASES: dict[str, tuple[Any, str, str, str]] = {
    "not JSON": (b"{", "message.send", "", "Invalid JSON"),
    "unknown field": (send(colour="red"), "message.send", "colour", "no such field"),
    "no recipient": ({"content": {"text": "x"}}, "message.send", "to", "Field required"),
    "bad phone": (send(to={"phone": "+1"}), "message.send", "to.phone", "phone number"),
    "unknown tenant": (send(tenant="nobody"), "message.send", "tenant", "no such tenant"),
    "unknown route": (send(route="nowhere"), "message.send", "route", "no such route"),
    "unknown sender": (send(sender="nobody"), "message.send", "sender", "no such sender"),
    "no usable step": (
        send(to={"email": "a@example.com"}, route="sms"),
        "message.send",
        "route",
        "no usable step (step 1: no address on sms)",
    ),
    "both ends": (
        send(ttl="1m", expires_at="2100-01-01T00:00:00Z"),
        "message.send",
        "",
        "not both",
    ),
    "naive time": (send(send_at="2100-01-01T00:00:00"), "message.send", "send_at", "timezone"),
    "too large": (send(content={"text": "x" * 300_000}), "message.send", "", "256 KiB"),
    "unknown message": (
        {"idempotency_key": "never seen"},
        "message.cancel",
        "idempotency_key",
        "unknown_message",
    ),
    "nobody to suppress": ({}, "recipient.suppress", "to", "required"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_command_is_refused_with_its_field(client: Client, case: str) -> None:
    """Each kind of bad command is answered, naming the field; nobody else is disturbed."""
    body, key, field, reason = CASES[case]
    named_field, given_reason = _refused(client, body, key)
    assert named_field == field
    assert reason in given_reason


def test_a_mistyped_key_is_refused_by_the_broker(stack: Stack) -> None:
    """A user with Herald's rights can publish with no other."""
    with (
        pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"),
        connected(stack.amqp_url) as client,
    ):
        client.publish(send(), "message.sent")


def test_a_mistyped_key_that_passes_the_broker_is_answered(stack: Stack) -> None:
    """Where users' keys are not limited."""
    with connected(stack.servers.amqp_url) as client:
        refused = _refused(client, send(), "message.sent")
    assert refused == ("routing_key", "unknown_command")


def test_same_key_with_another_message_is_a_mismatch(client: Client) -> None:
    """A key stands for what it first said."""
    body = send()
    client.publish(body)
    first = client.answer(body["idempotency_key"])
    field, reason = _refused(client, body | {"content": {"text": "Something else"}})
    assert (field, reason) == ("idempotency_key", "idempotency_mismatch")
    assert first["data"]["message_id"]


def test_same_command_published_again_is_accepted_under_the_same_event_id(client: Client) -> None:
    """A producer that retries its publish gets the answer it missed, recognisably the same."""
    body, name = send(), str(uuid.uuid4())
    for _ in range(2):
        client.publish(body, message_id=name)
    client.end(body["idempotency_key"])
    client.publish(body)  # another command with the same key: answered after the two
    client.wait(
        lambda e: (
            e["type"] == "herald.command.duplicate.v1"
            and e["data"]["idempotency_key"] == body["idempotency_key"]
        )
    )
    accepted = [
        event["id"]
        for event in client.events
        if event["type"] == "herald.command.accepted.v1"
        and event["data"]["idempotency_key"] == body["idempotency_key"]
    ]
    assert len(accepted) == 2
    assert len(set(accepted)) == 1


def test_id_of_another_key_is_taken(client: Client) -> None:
    """An id in use elsewhere is refused without saying whose it is."""
    identity = str(uuid.uuid4())
    client.publish(first := send(id=identity))
    client.answer(first["idempotency_key"])
    assert _refused(client, send(id=identity)) == ("id", "id_taken")
