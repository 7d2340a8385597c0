"""Vonage's Messages API, for SMS and WhatsApp.

Source: Vonage, "Messages API reference", "Authentication" and "API errors, Messages API".
"""

from __future__ import annotations

import base64
import hmac
import uuid
from dataclasses import dataclass
from typing import Any

import jwt
from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.behaviours import Failure, Status
from sandbox.flow import Flow, MessageRequest
from sandbox.providers.vonage_requests import is_template, problem_of, shown
from sandbox.providers.vonage_webhooks import (
    FAILURES,
    STATUSES,
    TITLES,
    Application,
    inbound_document,
    status_document,
    webhook,
)
from sandbox.stand_ins import Definition, InboundMessage, StandIn, Vocabulary
from sandbox.throttling import Scope
from sandbox.webhooks import WebhookFactory

THROTTLED = 1000
THROTTLES: dict[Scope, int | str] = {Scope.ACCOUNT: THROTTLED, Scope.PAIR: 1241}
HTTP_STATUS: dict[int | str, int] = {"unauthorized": 401, 1000: 429, 1241: 429, 1030: 500}
# The API itself knows these; the others come from carrier or platform, in a status.
REFUSED = frozenset({Failure.NOT_MOBILE, Failure.BAD_CREDENTIALS})

Document = dict[str, Any]


class Vonage(StandIn):
    """The accounts of one sandbox."""

    def __init__(self, applications: dict[str, Application], flow: Flow) -> None:
        self._applications = applications
        self._flow = flow
        self.routes = [Route("/vonage/v1/messages", self.send, methods=["POST"])]

    async def send(self, request: Request) -> Response:
        """Take a message."""
        name = self._account(request.headers.get("authorization", ""))
        if name is None:
            return error("unauthorized")
        try:
            document = from_json(await request.body())
        except ValueError:
            return error(1020, "The request body is no JSON")
        problem = problem_of(document)
        if problem is not None:
            return error(*problem)
        wanted = MessageRequest(
            provider="vonage",
            channel=document["channel"],
            account=name,
            to=f"+{document['to']}",
            attempt=document.get("client_ref"),
            reference=str(uuid.uuid4()),
            sender=document["from"],
            is_template=is_template(document),
            shown=shown(document),
        )
        wire = _WireFormat(self._applications[name], document)
        return await self._flow.respond(wanted, wire)

    def inbound(self, message: InboundMessage) -> WebhookFactory:
        """Make the webhook of a message; its fields are those of Vonage's document."""
        if message.account not in self._applications:
            raise LookupError(f"no account {message.account}")
        application = self._applications[message.account]
        document = inbound_document(
            message.channel, message.sender.removeprefix("+"), message.text, message.fields
        )
        return webhook(application, application.webhook_url, document)

    def _account(self, authorization: str) -> str | None:
        scheme, _, given = authorization.partition(" ")
        for name, application in self._applications.items():
            if scheme == "Bearer" and _is_token(application, given):
                return name
            if scheme == "Basic" and _is_key(application, given):
                return name
        return None


def _is_token(application: Application, token: str) -> bool:
    if application.public_key is None:
        return False
    try:
        claims = jwt.decode(
            token,
            application.public_key,
            algorithms=["RS256"],
            options={"require": ["application_id", "iat", "exp", "jti"]},
        )
    except jwt.PyJWTError:
        return False
    return bool(claims["application_id"] == application.application_id)


def _is_key(application: Application, given: str) -> bool:
    if application.api_secret is None:
        return False
    pair = f"{application.api_key}:{application.api_secret.get_secret_value()}"
    return hmac.compare_digest(base64.b64encode(pair.encode()), given.encode("latin-1"))


@dataclass(frozen=True, slots=True)
class _WireFormat:
    application: Application
    document: Document

    def accepted(self, reference: str) -> Response:
        return JSONResponse({"message_uuid": reference}, status_code=202)

    def refused(self, failure: Failure) -> Response | None:
        code = FAILURES[self.document["channel"]][failure]
        return error(code) if failure in REFUSED else None

    def throttled(self, seconds: int | None, code: int | str | None = None) -> Response:
        headers = None if seconds is None else {"Retry-After": str(seconds)}
        return error(int(code or THROTTLED), headers=headers)

    def server_error(self) -> Response:
        return error(1030)

    def status(self, reference: str, status: Status, failure: Failure | None) -> WebhookFactory:
        document = status_document(self.document, reference, status, failure)
        url = self.document.get("webhook_url") or self.application.webhook_url
        return webhook(self.application, url, document)

    def reply(self, text: str) -> WebhookFactory:
        channel, ours = self.document["channel"], self.document["from"]
        document = inbound_document(channel, self.document["to"], text, {"to": ours})
        return webhook(self.application, self.application.webhook_url, document)


def error(
    code: int | str, detail: str | None = None, headers: dict[str, str] | None = None
) -> Response:
    """Respond with an error in Vonage's form (RFC 7807)."""
    page = "api-errors/messages" if isinstance(code, int) else "api-errors"
    document = {
        "type": f"https://developer.vonage.com/{page}#{code}",
        "title": TITLES.get(code, "Refused"),
        "detail": detail or TITLES.get(code, "Refused"),
        "instance": uuid.uuid4().hex,
    }
    status = HTTP_STATUS.get(code, 422)
    return JSONResponse(document, status_code=status, headers=headers)


DEFINITION = Definition(
    name="vonage",
    settings=dict[str, Application],
    make=Vonage,
    throttles=THROTTLES,
    channels={
        channel: Vocabulary(failures=FAILURES[channel], statuses=STATUSES[channel])
        for channel in ("sms", "whatsapp")
    },
)
