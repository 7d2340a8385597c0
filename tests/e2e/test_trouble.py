"""Trouble from outside, whole chain: throttles, lost answers, foreign and forged receipts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import asyncpg
import pytest

from e2e.client import Client, connected, send
from herald_local.stack import Stack
from herald_local.web import call


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[Client]:
    """Give a plain pika client."""
    with connected(stack.amqp_url) as plain:
        yield plain


def _taken(stack: Stack, phone: str) -> list[str]:
    """List the channels on which the sandbox took requests for a phone."""
    answer = call("GET", f"{stack.sandbox_url}/_sandbox/requests")
    mine = {phone, phone.removeprefix("+")}
    return [e["channel"] for e in json.loads(answer.body)["requests"] if e["to"] in mine]


CASES = {
    "0003": ("delivered", ["whatsapp", "sms"]),  # a webhook says: not on WhatsApp
    "0006": ("delivered", ["sms", "email"]),  # a callback says: undelivered
    "0009": ("delivered", ["whatsapp"]),  # one error of the provider's own
    "0014": ("delivered", ["whatsapp"]),  # a status before the answer
    "0022": ("delivered", ["whatsapp"]),  # garbage for an answer
    "0024": ("delivered", ["sms"]),  # a file WhatsApp can't use
    "0026": ("failed", []),  # opted out: no other channel by default
    # accounts in trouble: the last, for they are not called for some seconds after it, nor by the
    # tests of a file that comes behind this one
    "0023": ("delivered", ["email"]),
}


@pytest.mark.parametrize("digits", CASES)
def test_trouble_ends_as_it_should(client: Client, stack: Stack, digits: str) -> None:
    """The terminal event and the providers' requests are those of the case, none twice."""
    what, channels = CASES[digits]
    body = send(digits)
    body["to"]["email"] = f"ada+{body['idempotency_key']}@example.com"
    client.publish(body)
    assert client.end(body["idempotency_key"])["type"] == f"herald.message.{what}.v1"
    phones = [channel for channel in channels if channel != "email"]
    assert _taken(stack, body["to"]["phone"]) == phones


def test_smtp_success_is_not_confirmed(client: Client) -> None:
    """Where no receipt can come, success says that it was assumed."""
    body = send(route="email-smtp")
    client.publish(body)
    end = client.end(body["idempotency_key"])["data"]
    assert (end["status"], end["confirmed"]) == ("sent", False)


def test_forged_webhook_changes_nothing(client: Client, stack: Stack) -> None:
    """A status without a valid signature is refused at the door."""
    url = f"{stack.ingress_url}/webhooks/whatsapp_cloud/wa-main"
    assert call("POST", url, b'{"object":"whatsapp_business_account","entry":[]}').status == 401


def test_refused_commands_are_kept_for_the_operator(client: Client, stack: Stack) -> None:
    """A refused command's body stands in the table of dead letters."""
    name = client.publish(b'{"colour": "red"}')
    client.wait(lambda event: event["subject"] == name)

    async def kept() -> bytes | None:
        connection = await asyncpg.connect(stack.servers.postgres_dsn)
        try:
            body: bytes | None = await connection.fetchval(
                "SELECT body FROM router.dead_letters WHERE message_id = $1", name
            )
            return body
        finally:
            await connection.close()

    assert asyncio.run(kept()) == b'{"colour": "red"}'


def test_every_service_is_ready_and_measured(stack: Stack) -> None:
    """Readiness holds and each service shows its metrics."""
    for service in ("ingress", "router", "channel-whatsapp", "channel-email", "channel-sms"):
        assert call("GET", f"{stack.operations_url(service)}/readyz").status == 200
        assert b"herald_" in call("GET", f"{stack.operations_url(service)}/metrics").body
