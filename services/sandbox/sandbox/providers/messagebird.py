"""MessageBird's SMS API.

Source: MessageBird, "SMS API", "API errors" and "Verifying requests".
"""

from __future__ import annotations

import hmac
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.behaviours import Failure, Status
from sandbox.flow import Flow, MessageRequest
from sandbox.inbox import Shown
from sandbox.providers.messagebird_webhooks import (
    REPORTED,
    STATUSES,
    MessageBirdKey,
    inbound_fields,
    posted,
    report_fields,
    reported,
)
from sandbox.stand_ins import Definition, InboundMessage, StandIn, Vocabulary
from sandbox.throttling import Scope
from sandbox.webhooks import WebhookFactory

THROTTLED = 429  # as HTTP status
THROTTLES: dict[Scope, int | str] = {Scope.ACCOUNT: THROTTLED}
REFUSALS: dict[Failure, int] = {Failure.NOT_MOBILE: 9, Failure.BAD_CREDENTIALS: 2}
REFUSED = {failure: f"error {code}" for failure, code in REFUSALS.items()}
ERRORS: dict[int, tuple[int, str, str | None]] = {  # HTTP status, words, parameter
    2: (401, "Request not allowed (incorrect access_key)", "access_key"),
    9: (422, "no (correct) recipients found", "recipient"),
    10: (422, "invalid parameter", None),
    21: (400, "bad request", None),
    99: (500, "internal error", None),
}
LONGEST_TEXT, LONGEST_NAME = 1_377, 11  # characters

Document = dict[str, Any]


class MessageBird(StandIn):
    """The accounts of one sandbox."""

    def __init__(self, keys: dict[str, MessageBirdKey], flow: Flow) -> None:
        self._keys = keys
        self._flow = flow
        self.routes = [Route("/messagebird/messages", self.send, methods=["POST"])]

    async def send(self, request: Request) -> Response:
        """Take a text."""
        name = self._account(request.headers.get("authorization", ""))
        if name is None:
            return error(2)
        try:
            document = from_json(await request.body())
        except ValueError:
            return error(21)
        problem = problem_of(document)
        if problem is not None:
            return error(*problem)
        reference = uuid.uuid4().hex
        wanted = MessageRequest(
            provider="messagebird",
            channel="sms",
            account=name,
            to=f"+{document['recipients'][0]}",
            attempt=document.get("reference"),
            reference=reference,
            sender=document["originator"],
            shown=Shown(text=document["body"]),
        )
        return await self._flow.respond(wanted, _WireFormat(self._keys[name], document))

    def inbound(self, message: InboundMessage) -> WebhookFactory:
        """Make the webhook of a message; its fields are those of MessageBird's form."""
        if message.account not in self._keys:
            raise LookupError(f"no account {message.account}")
        fields = inbound_fields(message.sender.removeprefix("+"), message.text)
        extra = {name: str(value) for name, value in (message.fields or {}).items()}
        return posted(self._keys[message.account], {**fields, **extra})

    def _account(self, authorization: str) -> str | None:
        for name, key in self._keys.items():
            expected = f"AccessKey {key.access_key.get_secret_value()}"
            if hmac.compare_digest(expected.encode(), authorization.encode("latin-1")):
                return name
        return None


@dataclass(frozen=True, slots=True)
class _WireFormat:
    key: MessageBirdKey
    document: Document

    def accepted(self, reference: str) -> Response:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        item = {
            "recipient": int(self.document["recipients"][0]),
            "status": "sent",
            "statusDatetime": now,
        }
        made = {
            "id": reference,
            "href": f"https://rest.messagebird.com/messages/{reference}",
            "direction": "mt",
            "type": "sms",
            "originator": self.document["originator"],
            "body": self.document["body"],
            "reference": self.document.get("reference"),
            "validity": self.document.get("validity"),
            "datacoding": self.document.get("datacoding", "plain"),
            "createdDatetime": now,
            "recipients": {"totalCount": 1, "totalSentCount": 1, "items": [item]},
        }
        return JSONResponse(made, status_code=201)

    def refused(self, failure: Failure) -> Response | None:
        """Say no where the API does; other failures are for reports."""
        return error(REFUSALS[failure]) if failure in REFUSALS else None

    def throttled(self, seconds: int | None, code: int | str | None = None) -> Response:
        headers = None if seconds is None else {"Retry-After": str(seconds)}
        status = int(code or THROTTLED)
        return JSONResponse({"errors": []}, status_code=status, headers=headers)

    def server_error(self) -> Response:
        return error(99)

    def status(self, reference: str, status: Status, failure: Failure | None) -> WebhookFactory:
        fields = report_fields(self.document, reference, status, failure)
        return reported(self.key, self.document.get("reportUrl") or self.key.webhook_url, fields)

    def reply(self, text: str) -> WebhookFactory:
        ours = self.document["originator"]
        return posted(self.key, inbound_fields(self.document["recipients"][0], text, ours))


def error(code: int, parameter: str | None = None) -> Response:
    """Respond with an error in MessageBird's form."""
    status, words, usual = ERRORS[code]
    item = {"code": code, "description": words, "parameter": parameter or usual}
    return JSONResponse({"errors": [item]}, status_code=status)


def problem_of(document: Any) -> tuple[int, str] | None:
    """Return the code of the first error in a request, and what it is about."""
    if not isinstance(document, dict):
        return 21, "body"
    recipients, body = document.get("recipients"), document.get("body")
    sender, validity = document.get("originator"), document.get("validity", 1)
    to = recipients[0] if isinstance(recipients, list) and len(recipients) == 1 else None
    checks = (
        (9, "recipient", str(to).isdecimal()),
        (10, "originator", isinstance(sender, str) and _is_sender(sender)),
        (10, "body", isinstance(body, str) and 0 < len(body) <= LONGEST_TEXT),
        (10, "datacoding", document.get("datacoding", "plain") in {"plain", "unicode", "auto"}),
        (10, "validity", isinstance(validity, int) and validity > 0),
    )
    return next(((code, name) for code, name, is_right in checks if not is_right), None)


def _is_sender(name: str) -> bool:
    return name.isdecimal() or 0 < len(name) <= LONGEST_NAME


DEFINITION = Definition(
    name="messagebird",
    settings=dict[str, MessageBirdKey],
    make=MessageBird,
    throttles=THROTTLES,
    channels={"sms": Vocabulary(failures={**REPORTED, **REFUSED}, statuses=STATUSES)},
)
