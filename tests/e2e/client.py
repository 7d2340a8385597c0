"""A user of Herald with nothing but an AMQP library: blocking, plain, in a few lines."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel

Event = dict[str, Any]
PATIENCE_SECONDS = 30
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()


class Client:
    """Publishes commands and collects every public event."""

    def __init__(self, channel: BlockingChannel, queue: str) -> None:
        self._channel = channel
        self._queue = queue
        self.events: list[Event] = []

    def publish(
        self,
        body: Event | bytes,
        key: str = "message.send",
        *,
        message_id: str | None = None,
    ) -> str:
        """Publish a command; return its AMQP message id."""
        name = message_id or str(uuid.uuid4())
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._channel.basic_publish(
            "herald.commands", key, raw, pika.BasicProperties(message_id=name, delivery_mode=2)
        )
        return name

    def wait(self, matches: Callable[[Event], bool]) -> Event:
        """Return the first event that matches, waiting for it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for event in self.events:
                if matches(event):
                    return event
            self._take()
        raise AssertionError(f"not among {[event['type'] for event in self.events]}")

    def answer(self, subject_or_key: str) -> Event:
        """Wait for a command's answer, named by its idempotency key or, if refused, its id."""
        return self.wait(
            lambda event: (
                event["type"].startswith("herald.command.")
                and subject_or_key in {event["subject"], event["data"]["idempotency_key"]}
            )
        )

    def end(self, key: str) -> Event:
        """Wait for a message's terminal event."""
        return self.wait(
            lambda event: (
                bool(event["data"].get("terminal")) and event["data"]["idempotency_key"] == key
            )
        )

    def _take(self) -> None:
        for _method, _properties, body in self._channel.consume(
            self._queue, auto_ack=True, inactivity_timeout=0.2
        ):
            if body is None:
                return
            self.events.append(json.loads(body))


@contextmanager
def connected(amqp_url: str) -> Iterator[Client]:
    """Connect, and listen to everything that concerns users."""
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        queue = channel.queue_declare(f"events.{uuid.uuid4().hex}", exclusive=True).method.queue
        for key in ("message.#", "command.#", "inbound.#"):
            channel.queue_bind(queue, "herald.events", key)
        yield Client(channel, queue)
    finally:
        connection.close()


def send(digits: str = "2222", **changes: Any) -> Event:
    """Make a SendMessage body with a key of its own."""
    key = str(uuid.uuid4())
    body: Event = {
        "idempotency_key": key,
        "to": {"phone": f"+1555{int(key[:4], 16) % 1000:03}{digits}", "email": "ada@example.com"},
        "content": {"text": "Hello", "subject": "Hello"},
    }
    return body | changes
