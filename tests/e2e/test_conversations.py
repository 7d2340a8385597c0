"""A conversation through the whole of Herald: a recipient writes, is answered, and falls silent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from herald.client import Client, EventStream
from herald.contracts.events import InboundData
from herald_local.stack import Stack
from herald_local.web import call

PATIENCE = 30
NOTES = "SELECT string_agg(note, '; ') FROM router.timeline WHERE message_id = $1"


@pytest.fixture
def window(stack: Stack) -> Iterator[Callable[[float], Any]]:
    """Give a way to say how long the sandbox's WhatsApp takes texts; in the end it always does."""

    def change(seconds: float) -> None:
        call("POST", f"{stack.sandbox_url}/_sandbox/window/{seconds:f}", b"")

    yield change
    change(0)


def command(phone: str, **more: Any) -> dict[str, Any]:
    return {
        "idempotency_key": str(uuid4()),
        "to": {"phone": phone},
        "route": {"steps": [{"channel": "whatsapp", "account": "wa-main"}, {"channel": "sms"}]},
        "content": {
            "text": "Hello",
            "outside_window": {"name": "we_have_news", "language": "en"},
        },
        **more,
    }


async def written_by(phone: str, events: EventStream) -> str:
    """Return the id of the event of what a recipient writes."""
    async for event in events:
        if isinstance(event.data, InboundData) and event.data.sender == phone:
            return event.id
    raise AssertionError("the events ended")


async def test_a_recipient_is_answered_until_whatsapp_takes_no_text(
    stack: Stack, window: Callable[[float], Any]
) -> None:
    """A text only to who wrote, else a template; WhatsApp's refusal leads to the template."""
    phone = f"+1555{uuid4().int % 1000:03}7100"
    database = await asyncpg.connect(stack.postgres_dsn)

    async with Client(stack.amqp_url) as herald, herald.events("inbound.#") as events:

        async def delivered(body: dict[str, Any]) -> str:
            """Send, wait for the delivery on WhatsApp, and return the timeline's notes."""
            answer = await herald.send(body)
            progress = await herald.wait(answer.message_id, "delivered", timeout_seconds=PATIENCE)
            assert progress.event is not None
            assert progress.event.channel == "whatsapp"
            return str(await database.fetchval(NOTES, UUID(answer.message_id)))

        window(3600)
        assert "says a template" in await delivered(command(phone))
        inbound = json.dumps({"channel": "whatsapp", "sender": phone, "text": "Hi"}).encode()
        assert call("POST", f"{stack.sandbox_url}/_sandbox/inbound", inbound).status == 200
        event = await written_by(phone, events)
        assert "template" not in await delivered(command(phone, in_reply_to=event))
        window(0.000001)
        notes = await delivered(command(phone))
        assert "dispatched -> failed" in notes
        assert "says a template" in notes
    await database.close()
