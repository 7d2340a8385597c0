"""Resend's API, and its webhooks, which Svix sends.

Source: Resend, "Send email", "Errors", "Idempotency keys", "Event types"; Svix, "How to verify
webhooks manually".
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr
from hashlib import sha256
from typing import Any

from pydantic import SecretStr
from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.behaviours import Failure, Status
from sandbox.flow import Flow, MessageRequest
from sandbox.inbox import Shown, ShownFile
from sandbox.settings import Section, Url
from sandbox.stand_ins import Definition, InboundMessage, StandIn, Vocabulary
from sandbox.throttling import Scope
from sandbox.webhooks import Webhook, WebhookFactory

ATTEMPT_TAG = "herald_attempt"
RETRIES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # seconds; the real ones go on for a day
THROTTLED = "rate_limit_exceeded"
THROTTLES: dict[Scope, int | str] = {Scope.ACCOUNT: THROTTLED}
FAILURES: dict[Failure, str] = {Failure.UNKNOWN_RECIPIENT: "validation_error"}
MAX_KEYS = 100_000  # that are remembered: the real ones for a day
EVENTS: dict[Status, dict[str, Any]] = {
    Status.SENT: {"type": "email.sent"},
    Status.DELIVERED: {"type": "email.delivered"},
    Status.READ: {"type": "email.opened"},
    Status.CLICKED: {"type": "email.clicked", "click": {"link": "https://example.com/"}},
    Status.DEFERRED: {"type": "email.delivery_delayed"},
    Status.BOUNCED: {
        "type": "email.bounced",
        "bounce": {
            "type": "Permanent",
            "subType": "General",
            "message": "550 5.1.1 no such user",
        },
    },
    Status.FAILED: {"type": "email.failed", "failed": {"reason": "invalid_recipient"}},
}
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")


class ResendTeam(Section):
    """A team; its secret (`whsec_...`) signs its webhooks."""

    api_key: SecretStr
    webhook_secret: SecretStr
    webhook_url: Url


class Resend(StandIn):
    """The teams of one sandbox."""

    def __init__(self, teams: dict[str, ResendTeam], flow: Flow) -> None:
        self._teams = teams
        self._flow = flow
        self._answers: OrderedDict[tuple[str, str], tuple[bytes, str]] = OrderedDict()
        self.routes = [Route("/resend/emails", self.send, methods=["POST"])]

    def reset(self) -> None:
        """Forget which keys were used."""
        self._answers.clear()

    async def send(self, request: Request) -> Response:
        """Take a mail; the same one under the same key only once."""
        name = self._team(request.headers.get("authorization", ""))
        if name is None:
            return error(401, "missing_api_key", "Missing or wrong API key")
        body = await request.body()
        try:
            mail = from_json(body)
        except ValueError:
            return error(400, "validation_error", "The body is not JSON")
        problem = _problem(mail)
        if problem is not None:
            return error(422, *problem)
        key = (name, request.headers.get("idempotency-key", ""))
        known = self._answers.get(key) if key[1] else None
        if known is not None:
            if known[0] != body:
                return error(409, "invalid_idempotent_request", "another body under this key")
            return JSONResponse({"id": known[1]})
        tags = {tag["name"]: tag["value"] for tag in mail.get("tags", [])}
        wanted = MessageRequest(
            provider="resend",
            channel="email",
            account=name,
            to=parseaddr(mail["to"][0])[1],
            attempt=tags.get(ATTEMPT_TAG, "").replace("_", ".") or None,
            reference=str(uuid.uuid4()),
            sender=parseaddr(mail["from"])[1],
            shown=_shown(mail),
        )
        wire = _WireFormat(self._teams[name], wanted.to, tags, key, body, self._remember)
        return await self._flow.respond(wanted, wire)

    def inbound(self, message: InboundMessage) -> WebhookFactory:
        """Make the webhook of a mail that came in: without its text, as the real one."""
        team = self._teams.get(message.account)
        if team is None:
            raise LookupError(f"no such account: {message.account}")
        data = {
            "email_id": str(uuid.uuid4()),
            "from": message.sender,
            "to": ["in@example.com"],
            "subject": message.text,
            "message_id": f"<{uuid.uuid4().hex}@mail.example.org>",
            **(message.fields or {}),
        }
        return _webhook(team, {"type": "email.received", "created_at": _now(), "data": data})

    def _team(self, authorization: str) -> str | None:
        for name, team in self._teams.items():
            expected = f"Bearer {team.api_key.get_secret_value()}"
            if hmac.compare_digest(authorization.encode("latin-1"), expected.encode()):
                return name
        return None

    def _remember(self, key: tuple[str, str], body: bytes, reference: str) -> None:
        if key[1]:
            self._answers[key] = (body, reference)
            if len(self._answers) > MAX_KEYS:
                self._answers.popitem(last=False)


@dataclass(frozen=True, slots=True)
class _WireFormat:
    team: ResendTeam
    to: str
    tags: Mapping[str, str]
    key: tuple[str, str]
    body: bytes
    remember: Any

    def accepted(self, reference: str) -> Response:
        self.remember(self.key, self.body, reference)
        return JSONResponse({"id": reference})

    def refused(self, failure: Failure) -> Response | None:
        return error(422, FAILURES[failure], "Invalid `to` field")

    def throttled(self, seconds: int | None, code: int | str | None = None) -> Response:
        response = error(429, str(code or THROTTLED), "Too many requests")
        if seconds is not None:
            response.headers["Retry-After"] = str(seconds)
        return response

    def server_error(self) -> Response:
        return error(500, "application_error", "An unexpected error occurred")

    def status(self, reference: str, status: Status, _failure: Failure | None) -> WebhookFactory:
        event = dict(EVENTS[status])
        word = event.pop("type")
        data = {
            "email_id": reference,
            "created_at": _now(),
            "to": [self.to],
            "tags": dict(self.tags),
            **event,
        }
        return _webhook(self.team, {"type": word, "created_at": _now(), "data": data})

    def reply(self, _text: str) -> None:
        return None


def error(status: int, name: str, message: str) -> Response:
    """Respond with an error in Resend's form."""
    document = {"statusCode": status, "name": name, "message": message}
    return JSONResponse(document, status_code=status)


def _problem(mail: Any) -> tuple[str, str] | None:
    """Say what is wrong with a request: the error's name and its words."""
    if not isinstance(mail, dict):
        return "validation_error", "The body is no object"
    if "@" not in parseaddr(str(mail.get("from", "")))[1]:
        return "invalid_from_address", "Invalid `from` field"
    to = mail.get("to")
    if not isinstance(to, list) or not to or "@" not in parseaddr(str(to[0]))[1]:
        return "validation_error", "Invalid `to` field"
    if not mail.get("subject"):
        return "missing_required_field", "Missing `subject` field"
    if not mail.get("text") and not mail.get("html"):
        return "missing_required_field", "Missing `html` or `text` field"
    tags = mail.get("tags", [])
    is_simple = isinstance(tags, list) and all(
        isinstance(tag, dict) and _TAG.fullmatch(str(tag.get("name"))) and _value(tag)
        for tag in tags
    )
    return None if is_simple else ("validation_error", "Tags have ASCII letters, digits, _ and -")


def _value(tag: dict[str, Any]) -> bool:
    return _TAG.fullmatch(str(tag.get("value"))) is not None


def _shown(mail: dict[str, Any]) -> Shown:
    return Shown(
        text=mail.get("text") or "",
        subject=mail["subject"],
        html=mail.get("html"),
        files=tuple(
            ShownFile(
                name=file.get("filename", ""),
                content_type=file.get("content_type", ""),
                body=base64.b64decode(file.get("content", "")),
                content_id=file.get("content_id"),
            )
            for file in mail.get("attachments", [])
        ),
        headers=mail.get("headers", {}),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _webhook(team: ResendTeam, event: dict[str, Any]) -> WebhookFactory:
    name = f"msg_{uuid.uuid4().hex}"  # the same in every copy and retry
    body = json.dumps(event, separators=(",", ":")).encode()

    def make() -> Webhook:
        timestamp = str(int(time.time()))
        secret = team.webhook_secret.get_secret_value().removeprefix("whsec_")
        message = f"{name}.{timestamp}.".encode() + body
        digest = hmac.digest(base64.b64decode(secret), message, sha256)
        return Webhook(
            url=team.webhook_url,
            headers={
                "Content-Type": "application/json",
                "svix-id": name,
                "svix-timestamp": timestamp,
                "svix-signature": f"v1,{base64.b64encode(digest).decode()}",
            },
            body=body,
            retries=RETRIES,
        )

    return make


DEFINITION = Definition(
    name="resend",
    settings=dict[str, ResendTeam],
    make=Resend,
    throttles=THROTTLES,
    channels={"email": Vocabulary(failures=FAILURES, statuses=EVENTS)},
)
