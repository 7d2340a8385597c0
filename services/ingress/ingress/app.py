"""Ingress's composition root: what it is made of, and the order in which it starts and stops."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from starlette.applications import Starlette
from starlette.routing import Route

from herald.bus.connections import Connections
from herald.config.loading import Configuration
from herald.loop_lag import loop_lag_measured
from herald.ops import ops_routes
from herald.settings import Settings
from ingress.endpoints import endpoints_from
from ingress.publications import declare_publications
from ingress.receive import Receiver

APP_ID = "herald-ingress"
DEFAULT_PORT = 8001

_log = structlog.get_logger(__name__)


def build_app(settings: Settings, configuration: Configuration) -> Starlette:
    """Compose ingress. Nothing is opened before the application starts.

    Raises:
        ConfigurationError: a secrets file or a key can't be used.
    """
    file = configuration.file
    endpoints = endpoints_from(configuration)
    connections = Connections(settings.amqp_url, app_id=APP_ID)
    declare_publications(
        connections.publishing, {file.accounts[name].channel for _, name in endpoints.accounts}
    )
    receiver = Receiver(endpoints, connections.publisher, file.ingress.public_base_url)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await connections.start()
        _log.info("ingress.started", accounts=[name for _, name in endpoints.accounts])
        try:
            async with loop_lag_measured():
                yield
        finally:
            await connections.stop()
            _log.info("ingress.stopped")

    # every method comes to the receiver: it answers those a provider never uses
    webhooks = Route("/webhooks/{provider}/{account}", receiver)
    checks = {"broker": lambda: connections.problem}
    return Starlette(routes=[webhooks, *ops_routes(checks)], lifespan=lifespan)
