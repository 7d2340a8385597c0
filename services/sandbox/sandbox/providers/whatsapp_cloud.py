"""The WhatsApp Cloud API: sending messages.

Source: Meta, "Cloud API, messages" and "Cloud API error codes".
"""

from __future__ import annotations

import hmac
import uuid
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.behaviours import Failure, Status
from sandbox.flow import Flow, MessageRequest
from sandbox.providers.whatsapp_cloud_files import Uploads
from sandbox.providers.whatsapp_cloud_parts import Invalid
from sandbox.providers.whatsapp_cloud_requests import read_message
from sandbox.providers.whatsapp_cloud_shown import shown
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
MAX_READ_RECEIPTS = 10_000

HTTP_STATUS: dict[int, int] = {190: 401, 130429: 429, 131000: 500}
THROTTLED = 130429
THROTTLES: dict[Scope, int | str] = {
    Scope.ACCOUNT: 80007,  # the business account
    Scope.SENDER: THROTTLED,  # the number
    Scope.PAIR: 131056,
}


class WhatsAppCloud(StandIn):
    """The numbers of one sandbox."""

    def __init__(self, numbers: dict[str, WhatsAppNumber], flow: Flow) -> None:
        self._numbers = numbers
        self._by_id = {number.phone_number_id: (name, number) for name, number in numbers.items()}
        self._flow = flow
        self._uploads = Uploads()
        self._read: deque[dict[str, Any]] = deque(maxlen=MAX_READ_RECEIPTS)
        self.routes = [Route("/_sandbox/whatsapp_cloud/read", self.show_read)]
        for prefix in PREFIXES:
            number = f"{prefix}/{{version}}/{{phone_number_id}}"
            self.routes += [
                Route(f"{number}/messages", self.send, methods=["POST"]),
                Route(f"{number}/media", self.upload, methods=["POST"]),
            ]

    async def send(self, request: Request) -> Response:
        """Take a message, or a read receipt."""
        found = self._by_id.get(request.path_params["phone_number_id"])
        if found is None or not _authorised(request, found[1]):
            return error(190, "The access token could not be decrypted")
        name, number = found
        try:
            message = read_message(await request.body(), self._uploads)
        except Invalid as problem:
            return error(problem.code, problem.details)
        if "status" in message:
            return self._take_read_receipt(name, message)
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
            shown=shown(message, self._uploads),
        )
        is_reaction = message.get("type") == "reaction"
        return await self._flow.respond(wanted, _WireFormat(number, to, attempt, is_reaction))

    async def upload(self, request: Request) -> Response:
        """Take a file for messages to come."""
        found = self._by_id.get(request.path_params["phone_number_id"])
        if found is None or not _authorised(request, found[1]):
            return error(190, "The access token could not be decrypted")
        try:
            return JSONResponse({"id": await self._uploads.take(request)})
        except Invalid as problem:
            return error(problem.code, problem.details)

    async def show_read(self, _request: Request) -> Response:
        """Show what was marked as read, in order."""
        return JSONResponse({"read": list(self._read)})

    def reset(self) -> None:
        """Forget files and read receipts."""
        self._uploads.clear()
        self._read.clear()

    def _take_read_receipt(self, account: str, message: dict[str, Any]) -> Response:
        self._read.append(
            {
                "account": account,
                "message": message["message_id"],
                "typing": "typing_indicator" in message,
                "at": datetime.now(UTC).isoformat(),
            }
        )
        return JSONResponse({"success": True})

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
    is_reaction: bool = False

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
        if self.is_reaction and status in {Status.DELIVERED, Status.READ}:
            return lambda: None  # Meta, "Reaction messages": `sent` is all that it reports
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
