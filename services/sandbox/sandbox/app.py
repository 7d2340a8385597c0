"""The sandbox's composition root."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.control import control_routes
from sandbox.flow import Flow
from sandbox.ledger import Ledger
from sandbox.providers.whatsapp_cloud import Graph
from sandbox.sendgrid import SendGrid
from sandbox.settings import SandboxFile
from sandbox.smtp import SmtpServer
from sandbox.twilio import Twilio
from sandbox.webhooks import WebhookSender


def build_app(file: SandboxFile) -> Starlette:
    """Compose the sandbox. Nothing is opened before the application starts."""
    ledger = Ledger(file.requests_file)
    webhooks = WebhookSender(file.pace, enabled=file.webhooks.enabled)
    flow = Flow(ledger, webhooks)
    graph = Graph(file.whatsapp, flow)
    twilio = Twilio(file.twilio, flow)
    sendgrid = SendGrid(file.sendgrid, flow)
    mail = SmtpServer(file.smtp, ledger, file.pace) if file.smtp else None

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await ledger.start()
        await webhooks.start()
        if mail is not None:
            await mail.start()
        try:
            yield
        finally:
            if mail is not None:
                await mail.stop()
            await webhooks.stop()
            await ledger.stop()

    routes = [
        Route("/graph/{version}/{phone_number_id}/messages", graph.messages, methods=["POST"]),
        Route(
            "/twilio/2010-04-01/Accounts/{account_sid}/Messages.json",
            twilio.create,
            methods=["POST"],
        ),
        Route("/twilio/2010-04-01/Accounts/{account_sid}/Messages/{message_sid}.json", twilio.show),
        Route("/sendgrid/v3/mail/send", sendgrid.send, methods=["POST"]),
        Route("/healthz", _healthz),
        Route("/readyz", _readyz),
        Route("/metrics", _metrics),
        *control_routes(ledger, webhooks, flow, graph, twilio),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _readyz(_request: Request) -> Response:
    return JSONResponse({"ready": True, "checks": {}})


async def _metrics(_request: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
