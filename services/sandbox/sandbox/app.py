"""The sandbox's composition root."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.control import control_routes
from sandbox.flow import Flow
from sandbox.inbox_routes import inbox_routes
from sandbox.ledger import Ledger
from sandbox.peers import NotePeer
from sandbox.proxies import Proxy
from sandbox.registry import definitions
from sandbox.settings import SandboxFile
from sandbox.stand_ins import Definition, StandIn
from sandbox.webhooks import WebhookSender


def build_app(file: SandboxFile) -> Starlette:
    """Compose the sandbox. Nothing is opened before the application starts."""
    ledger = Ledger(file.requests_file)
    webhooks = WebhookSender(file.pace, enabled=file.webhooks.enabled)
    flow = Flow(ledger, webhooks)
    stand_ins: list[tuple[Definition, StandIn]] = [
        (definition, definition.make(settings, flow))
        for definition in definitions()
        if (settings := getattr(file, definition.name)) is not None
    ]

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            parts: list[Ledger | WebhookSender | StandIn | Proxy] = [ledger, webhooks]
            parts += [Proxy(settings) for settings in file.proxies.values()]
            for part in [*parts, *(stand_in for _, stand_in in stand_ins)]:
                await part.start()
                stack.push_async_callback(part.stop)
            yield

    routes = [
        *(route for _, stand_in in stand_ins for route in stand_in.routes),
        Route("/healthz", _healthz),
        Route("/readyz", _readyz),
        Route("/metrics", _metrics),
        *control_routes(flow, stand_ins),
        *inbox_routes(flow.inbox),
    ]
    return Starlette(routes=routes, lifespan=lifespan, middleware=[Middleware(NotePeer)])


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _readyz(_request: Request) -> Response:
    return JSONResponse({"ready": True, "checks": {}})


async def _metrics(_request: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
