"""Postmark's e-mail API.

Source: Postmark, "Sending email", "Templates API" and "API error codes".
"""

from __future__ import annotations

import base64
import binascii
import hmac
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any

from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.behaviours import Failure, Status
from sandbox.flow import Flow, MessageRequest
from sandbox.inbox import Shown, ShownFile
from sandbox.providers.postmark_webhooks import (
    EVENTS,
    Mail,
    PostmarkServer,
    event_of,
    inbound_of,
    posted,
)
from sandbox.stand_ins import Definition, InboundMessage, StandIn, Vocabulary
from sandbox.throttling import Scope
from sandbox.webhooks import WebhookFactory

ATTEMPT_FIELD = "herald_attempt"
THROTTLES: dict[Scope, int | str] = {Scope.ACCOUNT: 429}
FAILURES: dict[Failure, int] = {Failure.UNKNOWN_RECIPIENT: 406}
HTTP_STATUS = {10: 401, 429: 429, 500: 500}  # all others are 422
LONGEST_NAME, LONGEST_VALUE = 20, 80  # of metadata
OUR_ADDRESS = "inbound@inbound.example.com"


class Postmark(StandIn):
    """The servers of one sandbox."""

    def __init__(self, servers: dict[str, PostmarkServer], flow: Flow) -> None:
        self._servers = servers
        self._flow = flow
        self.routes = [
            Route("/postmark/email", self.send, methods=["POST"]),
            Route("/postmark/email/withTemplate", self.send_template, methods=["POST"]),
        ]

    async def send(self, request: Request) -> Response:
        """Take a mail."""
        return await self._take(request, is_template=False)

    async def send_template(self, request: Request) -> Response:
        """Take a mail that a template of the server's writes."""
        return await self._take(request, is_template=True)

    def inbound(self, message: InboundMessage) -> WebhookFactory:
        """Make the webhook of a mail; its fields are those of Postmark's JSON."""
        if message.account not in self._servers:
            raise LookupError(f"no account {message.account}")
        mail = inbound_of(message.sender, OUR_ADDRESS, message.text)
        return posted(self._servers[message.account], {**mail, **(message.fields or {})})

    async def _take(self, request: Request, *, is_template: bool) -> Response:
        name = self._account(request.headers.get("x-postmark-server-token", ""))
        if name is None:
            return error(10, "Request does not contain a valid Server token.")
        try:
            mail = from_json(await request.body())
        except ValueError:
            return error(402, "Invalid JSON")
        try:
            _check(mail, is_template=is_template)
            shown = _shown(mail)
        except (ValueError, TypeError, AttributeError, KeyError, binascii.Error) as problem:
            return error(300, f"Invalid email request: {problem}")
        metadata: dict[str, str] = mail.get("Metadata", {})
        sent = Mail(
            reference=str(uuid.uuid4()),
            to=parseaddr(mail["To"])[1],
            stream=mail.get("MessageStream", "outbound"),
            metadata=metadata,
            message_id=shown.headers.get("Message-ID", ""),
        )
        wanted = MessageRequest(
            provider="postmark",
            channel="email",
            account=name,
            to=sent.to,
            attempt=metadata.get(ATTEMPT_FIELD),
            reference=sent.reference,
            sender=parseaddr(mail["From"])[1],
            is_template=is_template,
            shown=shown,
        )
        return await self._flow.respond(wanted, _WireFormat(self._servers[name], sent))

    def _account(self, token: str) -> str | None:
        for name, server in self._servers.items():
            expected = server.server_token.get_secret_value()
            if hmac.compare_digest(token.encode("latin-1"), expected.encode()):
                return name
        return None


@dataclass(frozen=True, slots=True)
class _WireFormat:
    server: PostmarkServer
    mail: Mail

    def accepted(self, reference: str) -> Response:
        return JSONResponse(
            {
                "To": self.mail.to,
                "SubmittedAt": datetime.now(UTC).isoformat(),
                "MessageID": reference,
                "ErrorCode": 0,
                "Message": "OK",
            }
        )

    def refused(self, failure: Failure) -> Response:
        return error(FAILURES[failure], "You tried to send to recipients marked as inactive.")

    def throttled(self, seconds: int | None, code: int | str | None = None) -> Response:
        response = error(int(code or 429), "Rate limit exceeded")
        if seconds is not None:
            response.headers["Retry-After"] = str(seconds)
        return response

    def server_error(self) -> Response:
        return error(500, "Internal server error")

    def status(self, _reference: str, status: Status, _failure: Failure | None) -> WebhookFactory:
        event = event_of(self.mail, status)
        return (lambda: None) if event is None else posted(self.server, event)

    def reply(self, text: str) -> WebhookFactory:
        mail = inbound_of(self.mail.to, OUR_ADDRESS, text, in_reply_to=self.mail.message_id)
        return posted(self.server, mail)


def error(code: int, message: str) -> Response:
    """Respond with an error in Postmark's form."""
    body = {"ErrorCode": code, "Message": message}
    return JSONResponse(body, status_code=HTTP_STATUS.get(code, 422))


def _check(mail: Any, *, is_template: bool) -> None:
    """See that a request has what it must.

    Raises:
        ValueError: it has not; the text says what.
    """
    if not isinstance(mail, dict):
        raise TypeError("not an object")
    for field in ("From", "To"):
        if "@" not in parseaddr(mail.get(field, ""))[1]:
            raise ValueError(f"{field} holds no address")
    metadata = mail.get("Metadata", {}).items()
    if any(len(name) > LONGEST_NAME or len(value) > LONGEST_VALUE for name, value in metadata):
        raise ValueError("Metadata has names of 20 characters and values of 80 at most")
    if is_template:
        if not (mail.get("TemplateAlias") or mail.get("TemplateId")) or "TemplateModel" not in mail:
            raise ValueError("TemplateAlias or TemplateId, and TemplateModel are required")
    elif not (mail.get("TextBody") or mail.get("HtmlBody")):
        raise ValueError("provide either TextBody or HtmlBody or both")


def _shown(mail: dict[str, Any]) -> Shown:
    template = mail.get("TemplateAlias") or mail.get("TemplateId")
    return Shown(
        text=mail.get("TextBody") or "",
        subject=mail.get("Subject"),
        html=mail.get("HtmlBody"),
        files=tuple(_file(file) for file in mail.get("Attachments", [])),
        template=None if template is None else str(template),
        variables=mail.get("TemplateModel", {}),
        headers={header["Name"]: header["Value"] for header in mail.get("Headers", [])},
    )


def _file(file: dict[str, Any]) -> ShownFile:
    return ShownFile(
        name=file["Name"],
        content_type=file.get("ContentType", ""),
        body=base64.b64decode(file["Content"], validate=True),
        content_id=str(file.get("ContentID") or "").removeprefix("cid:") or None,
    )


DEFINITION = Definition(
    name="postmark",
    settings=dict[str, PostmarkServer],
    make=Postmark,
    throttles=THROTTLES,
    channels={"email": Vocabulary(failures=FAILURES, statuses=EVENTS)},
)
