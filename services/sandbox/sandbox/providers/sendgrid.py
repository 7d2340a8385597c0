"""SendGrid's v3 Mail Send, and its event webhook.

Source: SendGrid, "Mail Send", "Errors", "Event Webhook reference" and "Event Webhook security
features".
"""

from __future__ import annotations

import base64
import hmac
import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_private_key
from pydantic import SecretStr, field_validator
from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.behaviours import Failure, Status
from sandbox.flow import Flow, MessageRequest
from sandbox.inbox import Shown, ShownFile
from sandbox.providers.sendgrid_inbound import inbound_webhook
from sandbox.settings import Section, Url
from sandbox.stand_ins import Definition, InboundMessage, StandIn, Vocabulary
from sandbox.throttling import Scope
from sandbox.webhooks import Webhook, WebhookFactory

ATTEMPT_ARGUMENT = "herald_attempt"
RETRIES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # seconds; the real ones go on for a day
THROTTLED = 429  # as HTTP status; it knows no other limit than the account's
THROTTLES: dict[Scope, int | str] = {Scope.ACCOUNT: THROTTLED}
FAILURES: dict[Failure, int] = {Failure.UNKNOWN_RECIPIENT: 400}  # as HTTP status
EVENTS: dict[Status, dict[str, Any]] = {
    Status.DELIVERED: {"event": "delivered", "response": "250 OK"},
    Status.READ: {"event": "open", "useragent": "Mozilla/5.0", "ip": "192.0.2.1"},
    Status.CLICKED: {"event": "click", "url": "https://example.com/", "ip": "192.0.2.1"},
    Status.DEFERRED: {"event": "deferred", "response": "451 try again later", "attempt": "1"},
    Status.BOUNCED: {
        "event": "bounce",
        "type": "bounce",
        "status": "5.1.1",
        "reason": "550 5.1.1 The email account that you tried to reach does not exist.",
    },
    Status.FAILED: {"event": "dropped", "reason": "Bounced Address"},
    Status.SENT: {"event": "processed"},
}


class SendGridSigner:
    """Signs event webhooks with an account's key."""

    def __init__(self, private_key: str) -> None:
        key = load_der_private_key(base64.b64decode(private_key), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("private_key is no elliptic curve key")
        if not isinstance(key.curve, ec.SECP256R1):
            raise TypeError("private_key is on another curve than P-256")
        self._key = key

    def sign(self, timestamp: str, body: bytes) -> str:
        """Sign timestamp and body: the value of X-Twilio-Email-Event-Webhook-Signature."""
        signature = self._key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return base64.b64encode(signature).decode()


class SendGridUser(Section):
    """A SendGrid account; `private_key` signs its event webhook (base64 PKCS8 DER, P-256).

    `inbound_token`: the password in the URL of Inbound Parse; none: it takes no mails in.
    """

    api_key: SecretStr
    private_key: SecretStr
    webhook_url: Url
    inbound_token: SecretStr | None = None

    @field_validator("private_key")
    @classmethod
    def _signs(cls, key: SecretStr) -> SecretStr:
        try:
            SendGridSigner(key.get_secret_value())
        except (TypeError, ValueError):  # their text could repeat the key
            raise ValueError("not a P-256 private key in base64 PKCS8 DER") from None
        return key


class SendGrid(StandIn):
    """The accounts of one sandbox."""

    def __init__(self, users: dict[str, SendGridUser], flow: Flow) -> None:
        self._users = {
            name: (user, SendGridSigner(user.private_key.get_secret_value()))
            for name, user in users.items()
        }
        self._flow = flow
        self.routes = [Route("/sendgrid/v3/mail/send", self.send, methods=["POST"])]

    async def send(self, request: Request) -> Response:
        """Take a mail."""
        name = self._account(request.headers.get("authorization", ""))
        if name is None:
            return error(401, "The provided authorization grant is invalid")
        try:
            mail = from_json(await request.body())
        except ValueError:
            return error(400, "Bad Request")
        problem = _problem(mail)
        if problem is not None:
            return error(400, *problem)
        person = mail["personalizations"][0]
        arguments = {**mail.get("custom_args", {}), **person.get("custom_args", {})}
        wanted = MessageRequest(
            provider="sendgrid",
            channel="email",
            account=name,
            to=person["to"][0]["email"],
            attempt=arguments.get(ATTEMPT_ARGUMENT),
            reference=uuid.uuid4().hex[:22],
            sender=mail["from"]["email"],
            is_template=bool(mail.get("template_id")),
            shown=_shown(mail, person),
        )
        return await self._flow.respond(
            wanted, _WireFormat(*self._users[name], wanted.to, arguments)
        )

    def inbound(self, message: InboundMessage) -> WebhookFactory:
        """Make the request of Inbound Parse."""
        user = self._users[message.account][0] if message.account in self._users else None
        if user is None or user.inbound_token is None:
            raise LookupError(f"no account with inbound_token: {message.account}")
        token, fields = user.inbound_token.get_secret_value(), message.fields or {}
        webhook = inbound_webhook(user.webhook_url, token, message.sender, message.text, fields)
        return lambda: webhook

    def _account(self, authorization: str) -> str | None:
        for name, (user, _) in self._users.items():
            expected = f"Bearer {user.api_key.get_secret_value()}"
            if hmac.compare_digest(authorization.encode("latin-1"), expected.encode()):
                return name
        return None


@dataclass(frozen=True, slots=True)
class _WireFormat:
    user: SendGridUser
    signer: SendGridSigner
    to: str
    arguments: dict[str, str]

    def accepted(self, reference: str) -> Response:
        return Response(status_code=202, headers={"X-Message-Id": reference})

    def refused(self, failure: Failure) -> Response:
        return error(FAILURES[failure], "Refused")

    def throttled(self, seconds: int | None, code: int | str | None = None) -> Response:
        response = error(int(code or THROTTLED), "too many requests")
        response.headers["X-RateLimit-Remaining"] = "0"
        if seconds is not None:
            response.headers["Retry-After"] = str(seconds)
            response.headers["X-RateLimit-Reset"] = str(int(time.time()) + seconds)
        return response

    def server_error(self) -> Response:
        return error(500, "Internal error")

    def status(self, reference: str, status: Status, _failure: Failure | None) -> WebhookFactory:
        event = {
            "email": self.to,
            "timestamp": int(time.time()),
            "smtp-id": f"<{reference}@ismtpd>",
            "sg_event_id": uuid.uuid4().hex,
            "sg_message_id": f"{reference}.filter0001.1",
            **EVENTS[status],
            **self.arguments,
        }
        return _webhook(self.user, self.signer, event)

    def reply(self, text: str) -> WebhookFactory | None:
        if self.user.inbound_token is None:
            return None
        token = self.user.inbound_token.get_secret_value()
        webhook = inbound_webhook(self.user.webhook_url, token, self.to, text, {})
        return lambda: webhook


def error(status: int, message: str, field: str | None = None) -> Response:
    """Respond with an error in SendGrid's form."""
    body = {"errors": [{"message": message, "field": field, "help": None}]}
    return JSONResponse(body, status_code=status)


def _problem(mail: Any) -> tuple[str, str] | None:
    """Say what is wrong with a request, and where."""
    people = mail.get("personalizations") if isinstance(mail, dict) else None
    if not isinstance(people, list) or not people or not isinstance(people[0], dict):
        return "The personalizations field is required", "personalizations"
    to = people[0].get("to")
    if not isinstance(to, list) or not to or not _has_address(to[0]):
        return "Does not contain a valid address.", "personalizations.0.to.0.email"
    if not _has_address(mail.get("from")):
        return "The from object must be provided for every email send.", "from.email"
    if not all(isinstance(part.get("custom_args", {}), dict) for part in (mail, people[0])):
        return "The custom_args parameter must be an object", "custom_args"
    attachments = mail.get("attachments", [])
    if not isinstance(attachments, list) or not all(map(_is_file, attachments)):
        return "The attachment content must be base64 encoded.", "attachments.0.content"
    return None if mail.get("template_id") else _content_problem(mail)


def _has_address(person: Any) -> bool:
    return isinstance(person, dict) and "@" in str(person.get("email", ""))


def _content_problem(mail: dict[str, Any]) -> tuple[str, str] | None:
    if not mail.get("subject"):
        return "The subject is required.", "subject"
    content = mail.get("content")
    if not isinstance(content, list) or not content:
        return "Unless a valid template_id is provided, the content is required", "content"
    if not all(isinstance(part, dict) and part.get("value") for part in content):
        return "The content value must be a string at least one character in length.", "content"
    kinds = [part.get("type") for part in content]
    bodies = [kind for kind in ("text/plain", "text/html") if kind in kinds]
    if kinds[: len(bodies)] != bodies:
        return "If present, text/plain must be first", "content"
    return None


def _is_file(attachment: Any) -> bool:
    try:
        base64.b64decode(attachment["content"], validate=True)
    except (TypeError, KeyError, ValueError):
        return False
    name = attachment.get("filename")
    return isinstance(name, str) and bool(name) and not {"\r", "\n", ";"} & set(name)


def _shown(mail: dict[str, Any], person: dict[str, Any]) -> Shown:
    said = {part["type"]: part["value"] for part in mail.get("content", [])}
    return Shown(
        text=said.get("text/plain", ""),
        subject=mail.get("subject"),
        html=said.get("text/html"),
        files=tuple(map(_file, mail.get("attachments", []))),
        template=mail.get("template_id"),
        variables=person.get("dynamic_template_data", {}),
        headers=mail.get("headers", {}),
    )


def _file(attachment: dict[str, Any]) -> ShownFile:
    return ShownFile(
        name=attachment["filename"],
        content_type=attachment.get("type", ""),
        body=base64.b64decode(attachment["content"]),
        content_id=attachment.get("content_id"),
    )


def _webhook(user: SendGridUser, signer: SendGridSigner, event: dict[str, Any]) -> WebhookFactory:
    def make() -> Webhook:
        timestamp = str(int(time.time()))
        body = json.dumps([event], separators=(",", ":")).encode() + b"\r\n"
        return Webhook(
            url=user.webhook_url,
            headers={
                "Content-Type": "application/json",
                "X-Twilio-Email-Event-Webhook-Signature": signer.sign(timestamp, body),
                "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
            },
            body=body,
            retries=RETRIES,
        )

    return make


DEFINITION = Definition(
    name="sendgrid",
    settings=dict[str, SendGridUser],
    make=SendGrid,
    throttles=THROTTLES,
    channels={"email": Vocabulary(failures=FAILURES, statuses=EVENTS)},
)
