"""Plivo's Message API.

Source: Plivo, "Send a message", "Error codes".
"""

from __future__ import annotations

import base64
import hmac
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.behaviours import Failure, Status
from sandbox.flow import Flow, MessageRequest
from sandbox.inbox import Shown
from sandbox.providers.plivo_webhooks import (
    FAILURES,
    OUR_NUMBER,
    STATUSES,
    PlivoAccount,
    inbound_form,
    signed,
    status_form,
)
from sandbox.stand_ins import Definition, InboundMessage, StandIn, Vocabulary
from sandbox.throttling import Scope
from sandbox.webhooks import WebhookFactory

MAX_TEXT = 1600


class Plivo(StandIn):
    """The accounts of one sandbox."""

    def __init__(self, accounts: dict[str, PlivoAccount], flow: Flow) -> None:
        self._accounts = accounts
        self._by_id = {account.auth_id: (name, account) for name, account in accounts.items()}
        self._flow = flow
        self.routes = [Route("/plivo/v1/Account/{auth_id}/Message/", self.create, methods=["POST"])]

    async def create(self, request: Request) -> Response:
        """Take a message."""
        found = self._by_id.get(request.path_params["auth_id"])
        if found is None or not _authorised(request, found[1]):
            return _unauthorised()
        name, account = found
        try:
            given = from_json(await request.body())
        except ValueError:
            return error("invalid JSON")
        if (problem := _problem(given)) is not None:
            return error(problem)
        callback = given.get("url")
        attempt = parse_qs(urlsplit(callback).query).get("attempt") if callback else None
        sent = _Message(account, given["src"], given["dst"], callback)
        wanted = MessageRequest(
            provider="plivo",
            channel="sms",
            account=name,
            to=f"+{given['dst']}",
            attempt=attempt[0] if attempt else None,
            reference=str(uuid.uuid4()),
            sender=given["src"],
            shown=Shown(text=given["text"]),
        )
        return await self._flow.respond(wanted, sent)

    def inbound(self, message: InboundMessage) -> WebhookFactory:
        """Make the webhook of a message; its fields are those of Plivo's form."""
        if message.account not in self._accounts:
            raise LookupError(f"no account {message.account}")
        account = self._accounts[message.account]
        form = inbound_form(message.sender, OUR_NUMBER, message.text)
        more = {name: str(value) for name, value in (message.fields or {}).items()}
        return signed(account, account.inbound_url, {**form, **more})


@dataclass(frozen=True, slots=True)
class _Message:
    account: PlivoAccount
    sender: str
    to: str
    callback: str | None

    def accepted(self, reference: str) -> Response:
        body = {"api_id": str(uuid.uuid4()), "message": "message(s) queued"}
        return JSONResponse({**body, "message_uuid": [reference]}, status_code=202)

    def refused(self, failure: Failure) -> Response | None:
        """Refuse at once what the API itself finds; a carrier's word comes later."""
        return _unauthorised() if failure is Failure.BAD_CREDENTIALS else None

    def throttled(self, seconds: int | None, code: int | str | None = None) -> Response:
        headers = None if seconds is None else {"Retry-After": str(seconds)}
        return error("Too many requests", int(code or 429), headers)

    def server_error(self) -> Response:
        return error("Internal server error", 500)

    def status(self, reference: str, status: Status, failure: Failure | None) -> WebhookFactory:
        if self.callback is None:
            return lambda: None
        form = status_form(reference, self.to, self.sender, status, failure)
        return signed(self.account, self.callback, form)

    def reply(self, text: str) -> WebhookFactory:
        return signed(
            self.account, self.account.inbound_url, inbound_form(self.to, self.sender, text)
        )


def error(text: str, status: int = 400, headers: dict[str, str] | None = None) -> Response:
    """Respond with an error in Plivo's form."""
    body = {"api_id": str(uuid.uuid4()), "error": text}
    return JSONResponse(body, status_code=status, headers=headers)


def _unauthorised() -> Response:
    text = "Could not verify your access level for that URL."
    return PlainTextResponse(text, status_code=401)


def _problem(given: Any) -> str | None:
    if not isinstance(given, dict):
        return "invalid JSON"
    for name in ("src", "dst", "text"):
        if not isinstance(given.get(name), str) or not given[name]:
            return f"{name} parameter not present"
    if not given["dst"].isdigit():
        return f"{given['dst']} is not a valid phone number"
    return "text is too long" if len(given["text"]) > MAX_TEXT else None


def _authorised(request: Request, account: PlivoAccount) -> bool:
    pair = f"{account.auth_id}:{account.auth_token.get_secret_value()}"
    expected = "Basic " + base64.b64encode(pair.encode()).decode()
    given = request.headers.get("authorization", "")
    return hmac.compare_digest(given.encode("latin-1"), expected.encode())


DEFINITION = Definition(
    name="plivo",
    settings=dict[str, PlivoAccount],
    make=Plivo,
    throttles={Scope.ACCOUNT: 429},
    channels={"sms": Vocabulary(failures=FAILURES, statuses=STATUSES)},
)
