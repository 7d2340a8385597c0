"""Routers on a real broker and database, with every event and all work heard as it comes."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aio_pika
import asyncpg
import pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from starlette.applications import Starlette
from yarl import URL

from behaviour.bus.rabbit import Rabbit
from behaviour.router.receipts import PROVIDERS
from herald.bus.connections import Connections
from herald.bus.declaration import apply, virtual_host
from herald.config.loading import load_configuration
from herald.contracts.identifiers import message_id_for
from herald.contracts.receipts import Pulse, Receipt
from herald.contracts.topology import COMMANDS, RECEIPTS, outbound_queue, topology_for
from herald.contracts.vocabulary import Lane
from herald.contracts.work import Work
from herald.database.migrations import migrate
from herald.service.settings import Address, Settings
from ingress.pulse import PulseSender
from ingress.spool.identity import Identity
from reading import OPERATOR, ApiResponse, ask, with_readers
from router.app import build_app
from router.jobs.erasing import ErasingPace

CONFIGURATION = Path(__file__).parent / "herald.toml"
PATIENCE_SECONDS = 20
# looks often, and gives receipts no time to be on their way to a queue
ERASING = ErasingPace(
    scan_seconds=0.05, look_again=timedelta(milliseconds=100), under_way=timedelta(0), messages=3
)
CHANNELS = ("email", "sms", "whatsapp")

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as a consumer got it."""

    key: str
    properties: AbstractIncomingMessage
    event: Body

    @property
    def what(self) -> str:
        """The event's own word, such as `delivered` or `accepted`."""
        word: str = self.event["type"].split(".")[2]
        return word

    @property
    def data(self) -> Body:
        data: Body = self.event["data"]
        return data


@dataclass(slots=True)
class World:
    """What is around the routers under test."""

    rabbit: Rabbit
    dsn: str
    apps: list[Starlette]
    channel: AbstractChannel
    database: asyncpg.Connection
    events: list[Heard] = field(default_factory=list)
    works: list[Work] = field(default_factory=list)

    async def publish(
        self,
        body: bytes | Body,
        key: str = "message.send",
        *,
        message_id: str | None = "",
        correlation_id: str | None = None,
    ) -> None:
        """Publish a command as it is; an empty `message_id` is made up, None is none."""
        exchange = await self.channel.get_exchange(COMMANDS, ensure=False)
        message = aio_pika.Message(
            body if isinstance(body, bytes) else json.dumps(body).encode(),
            message_id=str(uuid.uuid4()) if message_id == "" else message_id,
            correlation_id=correlation_id,
        )
        await exchange.publish(message, key)

    async def ask(self, body: bytes | Body, key: str = "message.send", **options: Any) -> Heard:
        """Publish a command and wait for its answer."""
        correlation_id = str(uuid.uuid4())

        def answer() -> Heard | None:
            return next(
                (h for h in self.events if h.properties.correlation_id == correlation_id), None
            )

        await self.publish(body, key, correlation_id=correlation_id, **options)
        heard: Heard = await self.until(answer)
        return heard

    async def send(self, *, routing_key: str = "message.send", **changes: Any) -> str:
        """Publish a SendMessage on the default route; return its key."""
        body = command(**changes)
        await self.publish(body, routing_key)
        return str(body["idempotency_key"])

    async def publish_nameless(self, body: Body, key: str = "message.send") -> None:
        """Publish a command without a message_id, which aio-pika would make up."""

        def publish() -> None:
            connection = pika.BlockingConnection(pika.URLParameters(self.rabbit.amqp_url))
            connection.channel().basic_publish(COMMANDS, key, json.dumps(body).encode())
            connection.close()

        await asyncio.to_thread(publish)

    @asynccontextmanager
    async def held(self, table: str = "router.messages") -> AsyncIterator[None]:
        """Keep the routers waiting for a table, so that what comes meanwhile is one batch."""
        holder = await asyncpg.connect(self.dsn)
        try:
            async with holder.transaction():
                await holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
                yield
        finally:
            await holder.close()

    async def cancel(self, key: str) -> Heard:
        """Publish a cancel and wait for its answer."""
        return await self.ask({"idempotency_key": key}, "message.cancel")

    async def work(self, channel: str, key: str, dispatch: int = 1, number: int = 1) -> Work:
        """Take the work of a message on a channel, as its worker would."""
        message_id = str(message_id_for("default", key))

        def found() -> Work | None:
            for work in self.works:
                try_number = int(work.attempt_id.rsplit(".", 1)[1])
                if (work.channel, work.message_id) == (channel, message_id) and (
                    work.dispatch,
                    try_number,
                ) == (dispatch, number):
                    return work
            return None

        work: Work = await self.until(found)
        self.works.remove(work)
        return work

    async def report(
        self,
        *receipts: Receipt | Pulse | bytes,
        key: str = "attempt.sms.normal",
        headers: dict[str, Any] | None = None,
    ) -> None:
        """Put receipts, or anything else, on the receipts exchange."""
        exchange = await self.channel.get_exchange(RECEIPTS, ensure=False)
        for one in receipts:
            raw = one if isinstance(one, bytes) else one.model_dump_json().encode()
            message = aio_pika.Message(
                raw, message_id=str(uuid.uuid4()), timestamp=datetime.now(UTC), headers=headers
            )
            await exchange.publish(message, key)

    async def read(
        self, path: str, parameters: dict[str, str] | None = None, *, reader: str = OPERATOR
    ) -> ApiResponse:
        """Ask the first router's read API; `reader` is one of `reading.READERS`."""
        return await ask(self.apps[0], path, parameters, reader=reader)

    async def heard(self, what: str, key: str, number: int = 1) -> list[Body]:
        """Wait for events of a kind about a key; return their data."""
        await self.until(lambda: len(self.events_of(what, key)) >= number)
        return [heard.data for heard in self.events_of(what, key)]

    def events_of(self, what: str, key: str) -> list[Heard]:
        """Return the events of a kind about a key that came so far."""
        return [h for h in self.events if h.what == what and h.data.get("idempotency_key") == key]

    async def until(self, holds: Callable[[], Any]) -> Any:
        """Wait until something seen from here is true; return it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (value := holds()):  # noqa: ASYNC110  seen from outside
                await asyncio.sleep(0.01)
        return value

    async def row(self, query: str, *arguments: Any) -> Any:
        """Wait for a query's first value to be true; return it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (value := await self.database.fetchval(query, *arguments)):  # noqa: ASYNC110  seen from outside
                await asyncio.sleep(0.05)
        return value

    async def claim(self, work: Work) -> None:
        """Take an attempt's row as a worker does, with a lease that has just ended."""
        await self.database.execute(
            "INSERT INTO channel.sends (attempt_id, state, channel, provider, account, lease_until)"
            " VALUES ($1, 'started', $2, $3, $4, now())",
            *(work.attempt_id, work.channel, *PROVIDERS[work.channel]),
        )

    async def listen(self) -> None:
        """Consume every event and all work."""
        events = await self.channel.declare_queue(f"events.{uuid.uuid4().hex}", exclusive=True)
        for key in ("message.#", "command.#", "inbound.#", "account.#", "recipient.#"):
            await events.bind("herald.events", key)
        await events.consume(self._hear, no_ack=True)
        for channel in CHANNELS:
            for lane in Lane:
                await self.consume_work(channel, lane)

    async def consume_work(self, channel: str, lane: Lane = Lane.NORMAL) -> None:
        """Consume one queue of work."""
        queue = await self.channel.get_queue(outbound_queue(channel, lane), ensure=False)
        await queue.consume(self._take, no_ack=True)

    async def _hear(self, message: AbstractIncomingMessage) -> None:
        self.events.append(Heard(message.routing_key or "", message, json.loads(message.body)))

    async def _take(self, message: AbstractIncomingMessage) -> None:
        self.works.append(Work.model_validate_json(message.body))


def command(**changes: Any) -> Body:
    """Make a SendMessage; a change to None leaves the field out."""
    fields: Body = {
        "idempotency_key": str(uuid.uuid4()),
        "to": {"phone": "+15550002222", "email": "ada@example.com"},
        "content": {"text": "Hello", "subject": "Hello"},
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


def build_routers(
    amqp_url: str, dsn: str, number: int, folder: Path, path: Path = CONFIGURATION
) -> list[Starlette]:
    """Build routers that know the tests' configuration; `folder` holds their tokens file."""
    configuration = with_readers(load_configuration(path), folder)
    settings = Settings(
        amqp_url=amqp_url,
        postgres_dsn=dsn,
        config_path=path,
        operations=Address("127.0.0.1", 1),
        log_format="json",
    )
    return [build_app(settings, configuration, ERASING) for _ in range(number)]


@asynccontextmanager
async def running_routers(
    amqp_url: str,
    management_url: str,
    postgres_dsn: str,
    *,
    number: int = 1,
    path: Path = CONFIGURATION,
    router_url: str | None = None,
    ingress_url: str | None = None,
) -> AsyncIterator[World]:
    """Prepare broker and database, and run routers on them.

    `path`: another configuration; `router_url`, `ingress_url`: of broker users of their own.
    """
    await migrate(postgres_dsn)
    await apply(amqp_url, topology_for(CHANNELS), management_url=management_url)
    rabbit = Rabbit(amqp_url, management_url, virtual_host(amqp_url))
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        apps = build_routers(router_url or amqp_url, postgres_dsn, number, folder, path)
        database = await asyncpg.connect(postgres_dsn)
        stack.push_async_callback(database.close)
        connection = await stack.enter_async_context(await aio_pika.connect(amqp_url))
        world = World(rabbit, postgres_dsn, apps, await connection.channel(), database)
        await world.listen()
        ingress = Connections(
            ingress_url or amqp_url,
            app_id="test-ingress",
            user=URL(ingress_url).user if ingress_url else None,
        )
        await ingress.start()
        stack.push_async_callback(ingress.stop)
        await stack.enter_async_context(PulseSender(ingress.publisher, Identity()))
        for app in apps:
            await stack.enter_async_context(app.router.lifespan_context(app))
        yield world
