"""The router's composition root: what it is made of, and the order in which it starts and stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from starlette.applications import Starlette

from herald.bus.connections import Connections
from herald.config.file import HeraldFile
from herald.database.pool import Database
from herald.database.schema import SchemaWatch
from herald.ops import ops_routes
from herald.settings import Settings
from herald.vocabulary import Lane
from router.burials import DeadLetterHandler
from router.commands import SendHandler
from router.committing import Committer
from router.controls import ControlHandler, UnroutableHandler
from router.core.fallback import RetryRules
from router.hearing import Hearing
from router.outbox import Outbox
from router.partitions import Partitions
from router.read_api import read_routes
from router.receipts import ReceiptHandler
from router.subscriptions import Handlers, declare_publications, subscribe
from router.timers import Timers

APP_ID = "herald-router"
DEFAULT_PORT = 8002

_log = structlog.get_logger(__name__)


def build_app(settings: Settings, configuration: HeraldFile) -> Starlette:
    """Compose the router. Nothing is opened before the application starts."""
    connections = Connections(settings.amqp_url, app_id=APP_ID)
    database = Database(settings.postgres_dsn, application_name=APP_ID)
    schema = SchemaWatch(database, ("channel", "router"))
    retry = configuration.router.retry
    outbox = Outbox(database, connections.publisher)
    committer = Committer(outbox, RetryRules(base=retry.base, cap=retry.cap))
    common = (database, committer, configuration)
    subscriptions = subscribe(
        connections,
        Handlers(
            sends={lane: SendHandler(lane, *common) for lane in Lane},
            controls=ControlHandler(*common),
            receipts=ReceiptHandler(*common),
            unroutable=UnroutableHandler(*common),
            dead_letters=DeadLetterHandler(database, committer),
        ),
    )
    declare_publications(connections, configuration.channels)
    hearing = Hearing(connections, subscriptions.receipts)
    timers = Timers(database, committer, hearing.silence_until)
    partitions = Partitions(database)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await database.start()
        work = asyncio.create_task(_work(), name="router")
        _log.info("router.started", channels=list(configuration.channels))
        try:
            yield
        finally:
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
            await connections.stop()
            await outbox.flush()
            await database.stop()
            _log.info("router.stopped")

    async def _work() -> None:
        """Consume once the schema is there, then keep the clocks going."""
        await schema.wait()
        await connections.start()
        async with asyncio.TaskGroup() as group:
            for job in (timers.run, outbox.run, hearing.run, partitions.run):
                group.create_task(job(), name=job.__qualname__)

    checks = {
        "database": lambda: database.problem,
        "schema": lambda: schema.problem,
        "broker": lambda: connections.problem,
        "consumers": lambda: subscriptions.problem,
        "timers": lambda: timers.problem,
    }
    return Starlette(routes=[*ops_routes(checks), *read_routes(database)], lifespan=lifespan)
