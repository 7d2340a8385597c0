"""Vonage's SMS API.

Source: Vonage, "SMS API reference", "SMS API error codes" and "Signing messages".
"""

from __future__ import annotations

import base64
import hmac
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.behaviours import Failure, Status
from sandbox.flow import Flow, MessageRequest
from sandbox.inbox import Shown
from sandbox.providers.vonage_sms_webhooks import (
    RECEIPT_CODES,
    STATUSES,
    Fields,
    VonageKey,
    inbound_fields,
    receipt_fields,
    signature,
    webhook,
)
from sandbox.stand_ins import Definition, InboundMessage, StandIn, Vocabulary
from sandbox.throttling import Scope
from sandbox.webhooks import Webhook, WebhookFactory

THROTTLED = 1
THROTTLES: dict[Scope, int | str] = {Scope.ACCOUNT: THROTTLED}
REFUSALS: dict[Failure, int] = {Failure.NOT_MOBILE: 33, Failure.BAD_CREDENTIALS: 4}
REPORTED = {failure: f"receipt {code}" for failure, code in RECEIPT_CODES.items()}
TEXTS: dict[int, str] = {
    2: "Missing to param",
    3: "Invalid value for param: ",
    4: "Bad Credentials",
    5: "Internal Error",
    14: "Invalid Signature",
    15: "Illegal Sender Address - rejected",
    23: "Invalid callback url",
    33: "Number De-activated",
}
UNITS = {"text": (160, 153), "unicode": (70, 67)}  # of a message alone, and of one of several
LONGEST = 100  # characters of a callback or a client reference
TTL = range(20_000, 604_800_001)  # milliseconds


class VonageSms(StandIn):
    """The accounts of one sandbox."""

    def __init__(self, keys: dict[str, VonageKey], flow: Flow) -> None:
        self._keys = keys
        self._flow = flow
        self.routes = [Route("/vonage_sms/sms/json", self.send, methods=["POST"])]

    async def send(self, request: Request) -> Response:
        """Take a text."""
        body = (await request.body()).decode(errors="replace")
        form = dict(parse_qsl(body, keep_blank_values=True))
        name = self._account(request.headers.get("authorization", ""), form)
        if name is None:
            return error(14 if "sig" in form else 4)
        problem = problem_of(form)
        if problem is not None:
            return error(problem)
        reference = uuid.uuid4().hex[:16].upper()
        wanted = MessageRequest(
            provider="vonage_sms",
            channel="sms",
            account=name,
            to=f"+{form['to']}",
            attempt=form.get("client-ref"),
            reference=reference,
            sender=form["from"],
            shown=Shown(text=form["text"]),
        )
        return await self._flow.respond(
            wanted, _WireFormat(self._keys[name], form, parts_of(form, reference), self._flow)
        )

    def inbound(self, message: InboundMessage) -> WebhookFactory:
        """Make the webhook of a message; its fields are those of Vonage's request."""
        if message.account not in self._keys:
            raise LookupError(f"no account {message.account}")
        key = self._keys[message.account]
        fields = inbound_fields(key, message.sender.removeprefix("+"), message.text)
        extra = {name: str(value) for name, value in (message.fields or {}).items()}
        return webhook(key, key.webhook_url, {**fields, **extra})

    def _account(self, authorization: str, form: Fields) -> str | None:
        for name, key in self._keys.items():
            if "sig" in form:
                expected, given = signature(key, form), form["sig"].lower()
                known = form.get("api_key") == key.api_key
            else:
                pair = f"{key.api_key}:{key.api_secret.get_secret_value()}"
                expected = base64.b64encode(pair.encode()).decode()
                given, known = authorization.removeprefix("Basic "), True
            if known and hmac.compare_digest(expected.encode(), given.encode()):
                return name
        return None


@dataclass(frozen=True, slots=True)
class _WireFormat:
    key: VonageKey
    form: Fields
    parts: Sequence[str]  # their ids
    flow: Flow

    def accepted(self, _reference: str) -> Response:
        return JSONResponse(
            {
                "message-count": str(len(self.parts)),
                "messages": [
                    {
                        "to": self.form["to"],
                        "message-id": part,
                        "status": "0",
                        "remaining-balance": "15.53590000",
                        "message-price": "0.03330000",
                        "network": "12345",
                        "client-ref": self.form.get("client-ref", ""),
                    }
                    for part in self.parts
                ],
            }
        )

    def refused(self, failure: Failure) -> Response | None:
        """Say no where the API does; other failures are for receipts."""
        return error(REFUSALS[failure]) if failure in REFUSALS else None

    def throttled(self, seconds: int | None, code: int | str | None = None) -> Response:
        wait = f" - please wait [ {(seconds or 0) * 1000} ] and retry"
        return error(int(code or THROTTLED), f"Throughput Rate Exceeded{wait}")

    def server_error(self) -> Response:
        return error(5)

    def status(self, _reference: str, status: Status, failure: Failure | None) -> WebhookFactory:
        """Report each part by a receipt of its own: the others follow the first."""
        first, *others = [self._receipt(part, status, failure) for part in self.parts]
        waiting = list(others)

        def make() -> Webhook | None:
            while waiting:
                self.flow.webhooks.later(0, waiting.pop())
            return first()

        return make

    def _receipt(self, part: str, status: Status, failure: Failure | None) -> WebhookFactory:
        fields = receipt_fields(self.key, self.form, part, status, failure)
        return webhook(self.key, self.form.get("callback") or self.key.webhook_url, fields)

    def reply(self, text: str) -> WebhookFactory:
        fields = inbound_fields(self.key, self.form["to"], text, to=self.form["from"])
        return webhook(self.key, self.key.webhook_url, fields)


def error(status: int, words: str | None = None) -> Response:
    """Respond with an error in Vonage's form: with HTTP 200."""
    message = {"status": str(status), "error-text": words or TEXTS.get(status, "Refused")}
    return JSONResponse({"message-count": "1", "messages": [message]})


def problem_of(form: Fields) -> int | None:
    """Return the status of the first error in a request's form."""
    if not all(form.get(name) for name in ("from", "to", "text")):
        return 2
    if not form["to"].isdecimal() or form.get("type", "text") not in UNITS:
        return 3
    ttl = form.get("ttl", str(TTL.start))
    if len(form.get("client-ref", "")) > LONGEST or not ttl.isdecimal() or int(ttl) not in TTL:
        return 3
    return 23 if len(form.get("callback", "")) > LONGEST else None


def parts_of(form: Fields, reference: str) -> list[str]:
    """Name each message that a text takes; the first one has the reference."""
    alone, each = UNITS[form.get("type", "text")]
    units = len(form["text"].encode("utf-16-be")) // 2
    number = 1 if units <= alone else -(-units // each)
    start, last = reference[:-2], int(reference[-2:], 16)
    return [f"{start}{(last + part) % 256:02X}" for part in range(number)]


DEFINITION = Definition(
    name="vonage_sms",
    settings=dict[str, VonageKey],
    make=VonageSms,
    throttles=THROTTLES,
    channels={"sms": Vocabulary(failures={**REPORTED, **REFUSALS}, statuses=STATUSES)},
)
