"""A real router on a real broker and database; the test plays users, workers and providers."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aio_pika
import asyncpg
from aio_pika.abc import AbstractChannel, AbstractQueue

from herald.bus.declaration import apply
from herald.config.loading import load_configuration
from herald.database.migrations import migrate
from herald.receipts import AttemptReceipt, InboundReceipt
from herald.settings import Settings
from herald.topology import RECEIPTS, outbound_queue, topology_for
from herald.vocabulary import Lane, Receipts, Status
from herald.work import Work
from router.app import build_app

EXAMPLE = Path(__file__).parents[3] / "docs" / "herald.example.toml"
PATIENCE_SECONDS = 20
PROVIDERS = {
    "whatsapp": ("whatsapp_cloud", "wa-main"),
    "sms": ("twilio", "twilio-main"),
    "email": ("sendgrid", "sendgrid-main"),
}

Event = dict[str, Any]


@dataclass(slots=True)
class Stage:
    """The bus around a router."""

    channel: AbstractChannel
    database: asyncpg.Connection
    events_queue: AbstractQueue
    events: list[Event] = field(default_factory=list)

    async def command(self, body: Event, key: str = "message.send") -> str:
        """Publish a command; return its idempotency key."""
        exchange = await self.channel.get_exchange("herald.commands", ensure=False)
        message = aio_pika.Message(json.dumps(body).encode(), message_id=str(uuid.uuid4()))
        await exchange.publish(message, key)
        return str(body.get("idempotency_key"))

    async def send(self, **changes: Any) -> str:
        """Publish a SendMessage on the default route."""
        body: Event = {
            "idempotency_key": str(uuid.uuid4()),
            "to": {"phone": "+15550002222", "email": "ada@example.com"},
            "content": {"text": "Hello"},
        }
        return await self.command(body | changes)

    async def work(self, channel: str) -> Work:
        """Take the next work of a channel, as its worker would."""
        queue = await self.channel.get_queue(outbound_queue(channel, Lane.NORMAL), ensure=False)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                message = await queue.get(no_ack=True, fail=False)
                if message is not None:
                    return Work.model_validate_json(message.body)
                await asyncio.sleep(0.02)

    async def tell(self, receipt: AttemptReceipt | InboundReceipt | bytes) -> None:
        """Put a receipt, or anything else, on the receipts exchange."""
        exchange = await self.channel.get_exchange(RECEIPTS, ensure=False)
        raw = receipt if isinstance(receipt, bytes) else receipt.model_dump_json().encode()
        await exchange.publish(aio_pika.Message(raw, message_id=str(uuid.uuid4())), "attempt.sms")

    async def heard(self, what: str, key: str, number: int = 1) -> list[Event]:
        """Wait for events of a kind about a message; return their data."""

        def matches() -> list[Event]:
            return [
                event["data"]
                for event in self.events
                if event["type"].split(".")[2] == what and event["data"]["idempotency_key"] == key
            ]

        await self.until(lambda: len(matches()) >= number)
        return matches()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Listen until something holds."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not condition():
                message = await self.events_queue.get(no_ack=True, fail=False)
                if message is None:
                    await asyncio.sleep(0.02)
                else:
                    self.events.append(json.loads(message.body))

    async def row(self, query: str, *arguments: Any) -> Any:
        """Wait for a query's first value to be true; return it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (value := await self.database.fetchval(query, *arguments)):  # noqa: ASYNC110  seen from outside
                await asyncio.sleep(0.05)
        return value


def receipt(work: Work, status: Status, **changes: Any) -> AttemptReceipt:
    """Make the receipt that a worker or a webhook tells of some work."""
    provider, account = PROVIDERS[work.channel]
    fields: dict[str, Any] = {
        "source": "channel",
        "channel": work.channel,
        "provider": provider,
        "account": account,
        "attempt_id": work.attempt_id,
        "references": (f"ref-{work.attempt_id}",),
        "status": status,
        "event_key": f"dispatch:{work.dispatch}",
        "dispatch": work.dispatch,
        "receipts": Receipts.READ if status is Status.ACCEPTED else None,
        "received_at": datetime.now(UTC),
    }
    return AttemptReceipt(**fields | changes)


def webhook(work: Work, status: Status, **changes: Any) -> AttemptReceipt:
    """Make a webhook's receipt that knows only the provider's id."""
    fields = {"source": "webhook", "attempt_id": None, "event_key": "1", "dispatch": None}
    return receipt(work, status, **fields | changes)


@asynccontextmanager
async def staged(
    amqp_url: str, management_url: str, postgres_dsn: str, *, routers: int = 1
) -> AsyncIterator[Stage]:
    """Prepare broker and database, and run routers on them."""
    configuration = load_configuration(EXAMPLE)
    await migrate(postgres_dsn)
    topology = topology_for(configuration.file.channels)
    await apply(amqp_url, topology, management_url=management_url)
    settings = Settings(
        amqp_url=amqp_url,
        postgres_dsn=postgres_dsn,
        config_path=EXAMPLE,
        http_host="127.0.0.1",
        http_port=1,
        log_format="json",
    )
    apps = [build_app(settings, configuration.file) for _ in range(routers)]
    database = await asyncpg.connect(postgres_dsn)
    connection = await aio_pika.connect(amqp_url)
    channel = await connection.channel()
    events = await channel.declare_queue(f"events.{uuid.uuid4().hex}", exclusive=True)
    for key in ("message.#", "command.#", "inbound.#"):
        await events.bind("herald.events", key)
    lifespans = [app.router.lifespan_context(app) for app in apps]
    for lifespan in lifespans:
        await lifespan.__aenter__()
    try:
        yield Stage(channel, database, events)
    finally:
        for lifespan in lifespans:
            await lifespan.__aexit__(None, None, None)
        await connection.close()
        await database.close()
