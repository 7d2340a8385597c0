"""`/_sandbox`: what tests ask of the outside world."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.flow import Flow
from sandbox.ledger import Ledger
from sandbox.providers.whatsapp_cloud import Graph
from sandbox.twilio import Twilio
from sandbox.webhooks import WebhookSender

ACCEPTED: dict[str, bool | None] = {"true": True, "false": False, "any": None}


class InboundRequest(BaseModel):
    """A message that a recipient sends to us."""

    model_config = ConfigDict(extra="forbid")

    channel: str = Field(pattern="^(whatsapp|sms)$")
    account: str = "main"
    sender: str
    text: str = ""
    message: dict[str, Any] | None = None  # WhatsApp only: a message object of any type


def control_routes(
    ledger: Ledger, webhooks: WebhookSender, flow: Flow, graph: Graph, twilio: Twilio
) -> list[Route]:
    """Build the routes."""

    async def requests(request: Request) -> Response:
        wanted = request.query_params.get("accepted", "true")
        if wanted not in ACCEPTED:
            return JSONResponse({"error": "accepted: true, false or any"}, status_code=400)
        found = ledger.entries(
            to=request.query_params.get("to"),
            channel=request.query_params.get("channel"),
            accepted=ACCEPTED[wanted],
        )
        return JSONResponse({"requests": [_plain(entry) for entry in found]})

    async def inbound(request: Request) -> Response:
        try:
            wanted = InboundRequest.model_validate_json(await request.body())
        except ValidationError as error:
            return JSONResponse({"error": error.errors(include_input=False)}, status_code=400)
        try:
            if wanted.channel == "sms":
                build = twilio.inbound(wanted.account, wanted.sender, wanted.text)
            else:
                message = wanted.message or {"type": "text", "text": {"body": wanted.text}}
                build = graph.inbound(wanted.account, wanted.sender, message)
        except KeyError:
            return JSONResponse({"error": f"no account {wanted.account}"}, status_code=400)
        await webhooks.now(build)
        return JSONResponse({"sent": True})

    async def reset(_request: Request) -> Response:
        ledger.reset()
        twilio.reset()
        return JSONResponse({"reset": True})

    return [
        Route("/_sandbox/requests", requests),
        Route("/_sandbox/inbound", inbound, methods=["POST"]),
        _switching_route(webhooks),
        _delaying_route(flow),
        Route("/_sandbox/reset", reset, methods=["POST"]),
    ]


def _switching_route(webhooks: WebhookSender) -> Route:
    async def switch_webhooks(request: Request) -> Response:
        state = request.path_params["state"]
        if state not in {"on", "off"}:
            return JSONResponse({"error": "webhooks are on or off"}, status_code=400)
        webhooks.enabled = state == "on"
        return JSONResponse({"webhooks": webhooks.enabled})

    return Route("/_sandbox/webhooks/{state}", switch_webhooks, methods=["POST"])


def _delaying_route(flow: Flow) -> Route:
    async def delay_answers(request: Request) -> Response:
        flow.answer_delay_ms = request.path_params["milliseconds"]
        return JSONResponse({"answer_delay_ms": flow.answer_delay_ms})

    return Route("/_sandbox/answers/delay/{milliseconds:int}", delay_answers, methods=["POST"])


def _plain(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in entry.items()
    }
