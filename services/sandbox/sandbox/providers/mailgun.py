"""Mailgun's messages API.

Source: Mailgun, "Send an email" and "Responses".
"""

from __future__ import annotations

import base64
import hmac
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

from pydantic_core import from_json
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.behaviours import Failure, Status
from sandbox.flow import Flow, MessageRequest
from sandbox.inbox import Shown, ShownFile
from sandbox.providers.mailgun_webhooks import (
    EVENTS,
    FAILURES,
    MailgunDomain,
    event_webhook,
    inbound_webhook,
)
from sandbox.stand_ins import Definition, InboundMessage, StandIn, Vocabulary
from sandbox.throttling import Scope
from sandbox.webhooks import WebhookFactory

ATTEMPT_VARIABLE = "v:herald_attempt"
THROTTLED = 429
THROTTLES: dict[Scope, int | str] = {Scope.ACCOUNT: THROTTLED}
MAX_FILES = 50


class Mailgun(StandIn):
    """The domains of one sandbox."""

    def __init__(self, domains: dict[str, MailgunDomain], flow: Flow) -> None:
        self._domains = domains
        self._flow = flow
        self.routes = [
            Route("/mailgun/v3/{domain}/messages", self.send, methods=["POST"]),
            # every path that is none of the API's is answered so
            Route("/mailgun/{path:path}", _magnificent, methods=["GET", "POST"]),
        ]

    async def send(self, request: Request) -> Response:
        """Take a mail."""
        found = self._domain(request.path_params["domain"])
        if found is None:
            return error(404, "Domain not found")
        name, domain = found
        if not _is_authorised(request.headers.get("authorization", ""), domain):
            return PlainTextResponse("Forbidden", status_code=401)
        try:
            form = await request.form(max_files=MAX_FILES)
        except MultiPartException:
            return error(400, "bad form")
        problem = _problem(form)
        if problem is not None:
            return error(400, problem)
        to = parseaddr(_field(form, "to"))[1]
        given = _field(form, "h:Message-Id").strip("<>")
        reference = given or f"{uuid.uuid4().hex}@{domain.domain}"
        wanted = MessageRequest(
            provider="mailgun",
            channel="email",
            account=name,
            to=to,
            attempt=_field(form, ATTEMPT_VARIABLE) or None,
            reference=reference,
            sender=parseaddr(_field(form, "from"))[1],
            is_template="template" in form,
            shown=await _shown(form),
        )
        variables = {
            key.removeprefix("v:"): _field(form, key) for key in form if key.startswith("v:")
        }
        return await self._flow.respond(wanted, _WireFormat(domain, to, variables))

    def inbound(self, message: InboundMessage) -> WebhookFactory:
        """Make the webhook of a route."""
        domain = self._domains.get(message.account)
        if domain is None:
            raise LookupError(f"no such account: {message.account}")
        fields = message.fields or {}
        return inbound_webhook(domain, message.sender, message.text, fields)

    def _domain(self, name: str) -> tuple[str, MailgunDomain] | None:
        return next((item for item in self._domains.items() if item[1].domain == name), None)


@dataclass(frozen=True, slots=True)
class _WireFormat:
    domain: MailgunDomain
    to: str
    variables: dict[str, str]

    def accepted(self, reference: str) -> Response:
        return JSONResponse({"id": f"<{reference}>", "message": "Queued. Thank you."})

    def refused(self, failure: Failure) -> Response | None:
        return error(
            FAILURES[failure], "to parameter is not a valid address. please check documentation"
        )

    def throttled(self, seconds: int | None, code: int | str | None = None) -> Response:
        response = error(int(code or THROTTLED), "too many requests")
        if seconds is not None:
            response.headers["Retry-After"] = str(seconds)
        return response

    def server_error(self) -> Response:
        return error(500, "Internal Server Error")

    def status(self, reference: str, status: Status, _failure: Failure | None) -> WebhookFactory:
        return event_webhook(self.domain, reference, self.to, self.variables, status)

    def reply(self, text: str) -> WebhookFactory | None:
        return inbound_webhook(self.domain, self.to, text, {})


def error(status: int, message: str) -> Response:
    """Respond with an error in Mailgun's form."""
    return JSONResponse({"message": message}, status_code=status)


async def _magnificent(_request: Request) -> Response:
    return PlainTextResponse("Mailgun Magnificent API")


def _is_authorised(header: str, domain: MailgunDomain) -> bool:
    key = f"api:{domain.api_key.get_secret_value()}"
    expected = f"Basic {base64.b64encode(key.encode()).decode()}"
    return hmac.compare_digest(header.encode("latin-1"), expected.encode())


def _field(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


def _problem(form: FormData) -> str | None:
    """Say what is wrong with a request."""
    if "@" not in parseaddr(_field(form, "from"))[1]:
        return "from parameter is missing"
    if "@" not in parseaddr(_field(form, "to"))[1]:
        return "to parameter is not a valid address. please check documentation"
    if not any(_field(form, name) for name in ("text", "html", "template", "amp-html")):
        return "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified"
    return None


async def _shown(form: FormData) -> Shown:
    files = [
        await _file(key, value)
        for key, value in form.multi_items()
        if isinstance(value, UploadFile)
    ]
    variables: Any = from_json(_field(form, "t:variables") or "{}")
    return Shown(
        text=_field(form, "text"),
        subject=_field(form, "subject") or None,
        html=_field(form, "html") or None,
        files=tuple(files),
        template=_field(form, "template") or None,
        variables={name: str(value) for name, value in variables.items()},
        headers=_headers(form.multi_items()),
    )


async def _file(kind: str, upload: UploadFile) -> ShownFile:
    name = upload.filename or ""
    return ShownFile(
        name=name,
        content_type=upload.content_type or "",
        body=await upload.read(),
        content_id=name if kind == "inline" else None,
    )


def _headers(items: Sequence[tuple[str, UploadFile | str]]) -> dict[str, str]:
    return {
        key.removeprefix("h:"): value
        for key, value in items
        if key.startswith("h:") and isinstance(value, str)
    }


DEFINITION = Definition(
    name="mailgun",
    settings=dict[str, MailgunDomain],
    make=Mailgun,
    throttles=THROTTLES,
    channels={"email": Vocabulary(failures=FAILURES, statuses=EVENTS)},
)
