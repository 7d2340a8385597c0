"""The WhatsApp Cloud API: sending messages.

Source: Meta, "Cloud API, messages" and "Cloud API error codes".
"""

from __future__ import annotations

import hmac
import re
import uuid
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.behaviours import Failure, Status
from sandbox.flow import Flow, MessageRequest
from sandbox.providers.whatsapp_cloud_webhooks import (
    FAILURES,
    TITLES,
    WhatsAppNumber,
    inbound_webhook,
    status_webhook,
)
from sandbox.stand_ins import Definition, InboundMessage, StandIn, Vocabulary
from sandbox.throttling import Scope
from sandbox.webhooks import WebhookFactory

PREFIXES = ("/whatsapp_cloud", "/graph")  # the second is the former one
MAX_TEXT = 4096
MEDIA = frozenset({"image", "video", "audio", "document", "sticker"})
_DIGITS = re.compile(r"\+?\d{5,15}")
_USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]+")  # of a user who shows no number

HTTP_STATUS: dict[int, int] = {190: 401, 130429: 429, 131000: 500}
THROTTLED = 130429
THROTTLES: dict[Scope, int | str] = {
    Scope.ACCOUNT: 80007,  # the business account
    Scope.SENDER: THROTTLED,  # the number
    Scope.PAIR: 131056,
}


@dataclass(slots=True)
class Invalid(Exception):  # noqa: N818  a request that is not valid, not an error of ours
    """A request that Meta would refuse."""

    code: int
    details: str


class WhatsAppCloud(StandIn):
    """The numbers of one sandbox."""

    def __init__(self, numbers: dict[str, WhatsAppNumber], flow: Flow) -> None:
        self._numbers = numbers
        self._by_id = {number.phone_number_id: (name, number) for name, number in numbers.items()}
        self._flow = flow
        self.routes = [
            Route(f"{prefix}/{{version}}/{{phone_number_id}}/messages", self.send, methods=["POST"])
            for prefix in PREFIXES
        ]

    async def send(self, request: Request) -> Response:
        """Take a message."""
        found = self._by_id.get(request.path_params["phone_number_id"])
        if found is None or not _authorised(request, found[1]):
            return error(190, "The access token could not be decrypted")
        name, number = found
        try:
            message = _validated(await request.body())
        except Invalid as problem:
            return error(problem.code, problem.details)
        to = message.get("recipient") or message["to"].removeprefix("+")
        attempt = message.get("biz_opaque_callback_data")
        wanted = MessageRequest(
            provider="whatsapp_cloud",
            channel="whatsapp",
            account=name,
            to=to,
            attempt=attempt,
            reference=f"wamid.{uuid.uuid4().hex}",
            sender=number.phone_number_id,
            is_template=message.get("type") == "template",
        )
        return await self._flow.respond(wanted, _WireFormat(number, to, attempt))

    def inbound(self, message: InboundMessage) -> WebhookFactory:
        """Make the webhook of a message; its fields are a message object of any type."""
        if message.account not in self._numbers:
            raise LookupError(f"no account {message.account}")
        element = message.fields or {"type": "text", "text": {"body": message.text}}
        number = self._numbers[message.account]
        return inbound_webhook(number, message.sender.removeprefix("+"), element)


@dataclass(frozen=True, slots=True)
class _WireFormat:
    number: WhatsAppNumber
    to: str
    attempt: str | None

    def accepted(self, reference: str) -> Response:
        return JSONResponse(
            {
                "messaging_product": "whatsapp",
                "contacts": [{"input": self.to, "wa_id": self.to}],
                "messages": [{"id": reference, "message_status": "accepted"}],
            }
        )

    def refused(self, failure: Failure) -> Response:
        return error(FAILURES[failure], f"Refused for {self.to}")

    def throttled(self, seconds: int | None, code: int | str | None = None) -> Response:
        headers = None if seconds is None else {"Retry-After": str(seconds)}
        return error(int(code or THROTTLED), "Too many", headers)

    def server_error(self) -> Response:
        return error(131000, "Try again")

    def status(self, reference: str, status: Status, failure: Failure | None) -> WebhookFactory:
        return status_webhook(self.number, self.to, self.attempt, reference, status, failure)

    def reply(self, text: str) -> WebhookFactory:
        return inbound_webhook(self.number, self.to, {"type": "text", "text": {"body": text}})


def error(code: int, details: str, headers: dict[str, str] | None = None) -> Response:
    """Respond with an error in Meta's form."""
    title = TITLES.get(code, "Invalid parameter")
    body = {
        "error": {
            "message": f"(#{code}) {title}",
            "type": "OAuthException",
            "code": code,
            "error_data": {"messaging_product": "whatsapp", "details": details},
            "fbtrace_id": uuid.uuid4().hex[:12],
        }
    }
    return JSONResponse(body, status_code=HTTP_STATUS.get(code, 400), headers=headers)


def _authorised(request: Request, number: WhatsAppNumber) -> bool:
    expected = f"Bearer {number.access_token.get_secret_value()}"
    return hmac.compare_digest(
        request.headers.get("authorization", "").encode("latin-1"), expected.encode()
    )


def _validated(body: bytes) -> dict[str, Any]:
    try:
        message = from_json(body)
    except ValueError:
        raise Invalid(100, "The request is not valid JSON") from None
    if not isinstance(message, dict) or message.get("messaging_product") != "whatsapp":
        raise Invalid(100, "messaging_product must be whatsapp")
    _check_recipient(message.get("to"), message.get("recipient"))
    kind = message.get("type", "text")
    if not isinstance(kind, str):
        raise Invalid(100, "Parameter 'type' is not a string")
    part = message.get(kind)
    if not isinstance(part, dict):
        raise Invalid(131008, f"Parameter '{kind}' is missing")
    _check_part(kind, part)
    return message


def _check_recipient(to: Any, user: Any) -> None:
    """Take a number, or the id of a user who shows none."""
    if user is not None:
        if not isinstance(user, str) or not _USER_ID.fullmatch(user):
            raise Invalid(131009, "Parameter 'recipient' is not a user id")
    elif not isinstance(to, str):
        raise Invalid(131008, "Parameter 'to' is missing")
    elif not _DIGITS.fullmatch(to):
        raise Invalid(131009, "Parameter 'to' is not a phone number")


def _check_part(kind: str, part: dict[str, Any]) -> None:
    if kind == "text":
        _check_text(part.get("body"))
    elif kind == "template":
        language = part.get("language")
        if not part.get("name") or not isinstance(language, dict) or not language.get("code"):
            raise Invalid(131008, "A template needs a name and a language code")
        if part["name"] == "missing_template":
            raise Invalid(132001, "template name does not exist in the translation")
    elif kind in MEDIA:
        if bool(part.get("link")) == bool(part.get("id")):
            raise Invalid(100, f"{kind} needs a link or an id")
        if kind == "audio" and "caption" in part:
            raise Invalid(100, "audio takes no caption")
    else:
        raise Invalid(100, f"Unsupported message type {kind}")


def _check_text(text: Any) -> None:
    if not text:
        raise Invalid(131008, "Parameter 'text.body' is missing")
    if not isinstance(text, str):
        raise Invalid(100, "Param text['body'] must be a string")
    if len(text) > MAX_TEXT:
        raise Invalid(100, "Param text['body'] must be at most 4096 characters long")


DEFINITION = Definition(
    name="whatsapp_cloud",
    former_names=("whatsapp",),
    settings=dict[str, WhatsAppNumber],
    make=WhatsAppCloud,
    throttles=THROTTLES,
    channels={
        "whatsapp": Vocabulary(
            failures=FAILURES,
            statuses=frozenset({Status.SENT, Status.DELIVERED, Status.READ, Status.FAILED}),
        )
    },
)
