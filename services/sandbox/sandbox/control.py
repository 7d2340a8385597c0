"""`/_sandbox`: what tests read and change in the outside world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.flow import Flow
from sandbox.ledger import Ledger
from sandbox.service_window import ServiceWindow
from sandbox.stand_ins import Definition, InboundMessage, StandIn
from sandbox.throttling import Limit, Scope, Throttling
from sandbox.webhooks import WebhookSender

ACCEPTED: dict[str, bool | None] = {"true": True, "false": False, "any": None}

StandIns = Sequence[tuple[Definition, StandIn]]


class InboundBody(BaseModel):
    """A message that a recipient sends to us."""

    model_config = ConfigDict(extra="forbid")

    channel: str
    provider: str | None = None  # the first that serves the channel
    account: str = "main"
    sender: str
    text: str = ""
    message: dict[str, Any] | None = None  # in the provider's own form; see docs/sandbox.md


def control_routes(flow: Flow, stand_ins: StandIns) -> list[Route]:
    """Build the routes."""

    async def reset(_request: Request) -> Response:
        flow.ledger.reset()
        flow.inbox.reset()
        flow.window.reset()
        flow.throttling.clear()
        for _, stand_in in stand_ins:
            stand_in.reset()
        return JSONResponse({"reset": True})

    return [
        _requests_route(flow.ledger),
        _inbound_route(flow, stand_ins),
        _window_route(flow.window),
        *_webhook_routes(flow.webhooks),
        _delaying_route(flow),
        _limits_route(flow.throttling, stand_ins),
        Route("/_sandbox/reset", reset, methods=["POST"]),
    ]


def _requests_route(ledger: Ledger) -> Route:
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

    return Route("/_sandbox/requests", requests)


def _inbound_route(flow: Flow, stand_ins: StandIns) -> Route:
    async def inbound(request: Request) -> Response:
        try:
            body = InboundBody.model_validate_json(await request.body())
        except ValidationError as error:
            return JSONResponse({"error": error.errors(include_input=False)}, status_code=400)
        message = InboundMessage(
            channel=body.channel,
            account=body.account,
            sender=body.sender,
            text=body.text,
            fields=body.message,
        )
        try:
            provider, stand_in = _stand_in(stand_ins, body)
            webhook = stand_in.inbound(message)
        except LookupError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        flow.window.wrote(provider, body.channel, body.account, body.sender)
        await flow.webhooks.now(webhook)
        return JSONResponse({"sent": True})

    return Route("/_sandbox/inbound", inbound, methods=["POST"])


def _window_route(window: ServiceWindow) -> Route:
    async def change(request: Request) -> Response:
        window.seconds = request.path_params["seconds"] or None
        return JSONResponse({"window_seconds": window.seconds})

    return Route("/_sandbox/window/{seconds:float}", change, methods=["POST"])


def _stand_in(stand_ins: StandIns, body: InboundBody) -> tuple[str, StandIn]:
    for definition, stand_in in stand_ins:
        if body.channel in definition.channels and body.provider in {None, definition.name}:
            return definition.name, stand_in
    raise LookupError(f"no provider {body.provider or ''} serves {body.channel}")


def _webhook_routes(webhooks: WebhookSender) -> list[Route]:
    async def show(_request: Request) -> Response:
        return JSONResponse({"enabled": webhooks.enabled, "pending": webhooks.pending})

    async def switch(request: Request) -> Response:
        state = request.path_params["state"]
        if state not in {"on", "off"}:
            return JSONResponse({"error": "webhooks are on or off"}, status_code=400)
        webhooks.enabled = state == "on"
        return JSONResponse({"webhooks": webhooks.enabled})

    return [
        Route("/_sandbox/webhooks", show),
        Route("/_sandbox/webhooks/{state}", switch, methods=["POST"]),
    ]


def _delaying_route(flow: Flow) -> Route:
    async def delay_answers(request: Request) -> Response:
        flow.answer_delay_ms = request.path_params["milliseconds"]
        return JSONResponse({"answer_delay_ms": flow.answer_delay_ms})

    return Route("/_sandbox/answers/delay/{milliseconds:int}", delay_answers, methods=["POST"])


def _limits_route(throttling: Throttling, stand_ins: StandIns) -> Route:
    codes = {definition.name: definition.throttles for definition, _ in stand_ins}

    async def limits(request: Request) -> Response:
        if request.method == "DELETE":
            throttling.clear()
        elif request.method == "POST":
            try:
                throttling.set(_limit(await request.body(), codes))
            except ValidationError as error:
                return JSONResponse({"error": error.errors(include_input=False)}, status_code=400)
            except LookupError as error:
                return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse({"limits": throttling.shown()})

    return Route("/_sandbox/limits", limits, methods=["GET", "POST", "DELETE"])


def _limit(body: bytes, codes: Mapping[str, Mapping[Scope, int | str]]) -> Limit:
    """Read a limit; its code is the provider's usual one for the scope, unless given."""
    limit = Limit.model_validate_json(body)
    if limit.provider not in codes:
        raise LookupError(f"no provider {limit.provider}")
    usual = codes[limit.provider].get(limit.scope)
    if usual is None:
        raise LookupError(f"{limit.provider} throttles no {limit.scope}")
    return limit if limit.code is not None else limit.model_copy(update={"code": usual})


def _plain(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in entry.items()
    }
