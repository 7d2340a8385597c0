"""Infobip's SMS API, version 3.

Source: Infobip, "Send SMS messages", "Receive outbound SMS delivery reports", "Receive inbound SMS
messages", "Response status and error codes".
"""

from __future__ import annotations

import hmac
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import BasicAuth
from pydantic import SecretStr
from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from yarl import URL

from sandbox.behaviours import Failure, Status
from sandbox.flow import Flow, MessageRequest
from sandbox.inbox import Shown
from sandbox.settings import Section, Url
from sandbox.stand_ins import Definition, InboundMessage, StandIn, Vocabulary
from sandbox.throttling import Scope
from sandbox.webhooks import Webhook, WebhookFactory

RETRIES = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds; the real ones take hours
OUR_NUMBER = "15550001111"  # to which a recipient writes when no message says it
FAILURES: dict[Failure, str] = {
    Failure.NOT_MOBILE: "REJECTED_DESTINATION",
    Failure.UNREACHABLE: "EC_ABSENT_SUBSCRIBER",
    Failure.UNKNOWN_RECIPIENT: "EC_UNKNOWN_SUBSCRIBER",
    Failure.OPTED_OUT: "REJECTED_DND",
    Failure.BAD_CREDENTIALS: "UNAUTHORIZED",
}
AT_ONCE = "REJECTED_"  # what the API itself refuses begins so
STATUSES: dict[Status, dict[str, Any]] = {
    Status.SENT: {"groupId": 1, "groupName": "PENDING", "id": 7, "name": "PENDING_ENROUTE"},
    Status.DELIVERED: {
        "groupId": 3,
        "groupName": "DELIVERED",
        "id": 5,
        "name": "DELIVERED_TO_HANDSET",
    },
    Status.FAILED: {
        "groupId": 2,
        "groupName": "UNDELIVERABLE",
        "id": 9,
        "name": "UNDELIVERABLE_NOT_DELIVERED",
    },
}


class InfobipAccount(Section):
    """An account; reports go where each request says, with the login in that URL."""

    api_key: SecretStr
    inbound_url: Url
    callback_username: str
    callback_password: SecretStr


class Infobip(StandIn):
    """The accounts of one sandbox."""

    def __init__(self, accounts: dict[str, InfobipAccount], flow: Flow) -> None:
        self._accounts = accounts
        self._flow = flow
        self.routes = [Route("/infobip/sms/3/messages", self.create, methods=["POST"])]

    async def create(self, request: Request) -> Response:
        """Take one message."""
        name = self._account(request.headers.get("authorization", ""))
        if name is None:
            return error("UNAUTHORIZED", "Invalid login details", 401)
        try:
            message = from_json(await request.body())["messages"][0]
            to, text = message["destinations"][0]["to"], message["content"]["text"]
            sender, hooks = message["sender"], message.get("webhooks", {})
        except (ValueError, TypeError, LookupError):
            return error("BAD_REQUEST", "Bad Request", 400)
        wanted = MessageRequest(
            provider="infobip",
            channel="sms",
            account=name,
            to=f"+{to}",
            attempt=hooks.get("callbackData"),
            reference=uuid.uuid4().hex,
            sender=sender,
            shown=Shown(text=text),
        )
        return await self._flow.respond(wanted, _Message(self._accounts[name], sender, to, hooks))

    def inbound(self, message: InboundMessage) -> WebhookFactory:
        """Make the webhook of a message; its fields are those of a result."""
        if message.account not in self._accounts:
            raise LookupError(f"no account {message.account}")
        account = self._accounts[message.account]
        written = _inbound(message.sender, OUR_NUMBER, message.text)
        return _posted(_with_login(account), {**written, **(message.fields or {})})

    def _account(self, authorization: str) -> str | None:
        for name, account in self._accounts.items():
            expected = f"App {account.api_key.get_secret_value()}".encode()
            if hmac.compare_digest(authorization.encode("latin-1"), expected):
                return name
        return None


@dataclass(frozen=True, slots=True)
class _Message:
    account: InfobipAccount
    sender: str
    to: str
    hooks: dict[str, Any]

    def accepted(self, reference: str) -> Response:
        status = {"groupId": 1, "groupName": "PENDING", "id": 26, "name": "PENDING_ACCEPTED"}
        return self._answer(reference, status)

    def refused(self, failure: Failure) -> Response | None:
        name = FAILURES[failure]
        if failure is Failure.BAD_CREDENTIALS:
            return error(name, "Invalid login details", 401)
        if not name.startswith(AT_ONCE):
            return None
        status = {"groupId": 5, "groupName": "REJECTED", "id": 52, "name": name}
        return self._answer(uuid.uuid4().hex, status)

    def throttled(self, seconds: int | None, code: int | str | None = None) -> Response:
        response = error(str(code or "TOO_MANY_REQUESTS"), "Too many requests", 429)
        if seconds is not None:
            response.headers["Retry-After"] = str(seconds)
        return response

    def server_error(self) -> Response:
        return error("GENERAL_ERROR", "Something went wrong.", 500)

    def status(self, reference: str, status: Status, failure: Failure | None) -> WebhookFactory:
        url = self.hooks.get("delivery", {}).get("url")
        if url is None:
            return lambda: None
        code = {"groupId": 0, "groupName": "OK", "id": 0, "name": "NO_ERROR", "permanent": False}
        if failure is not None:
            code |= {"groupId": 1, "groupName": "HANDSET_ERRORS", "id": 27, "permanent": True}
            code["name"] = FAILURES[failure]
        report = {
            "bulkId": uuid.uuid4().hex,
            "messageId": reference,
            "to": self.to,
            "sentAt": _now(),
            "doneAt": _now(),
            "smsCount": 1,
            "price": {"pricePerMessage": 0.01, "currency": "EUR"},
            "status": STATUSES[status],
            "error": code,
            "callbackData": self.hooks.get("callbackData"),
        }
        return _posted(url, report)

    def reply(self, text: str) -> WebhookFactory:
        return _posted(_with_login(self.account), _inbound(self.to, self.sender, text))

    def _answer(self, reference: str, status: dict[str, Any]) -> Response:
        message = {"messageId": reference, "destination": self.to, "status": status}
        return JSONResponse({"bulkId": uuid.uuid4().hex, "messages": [message]})


def error(name: str, text: str, status: int) -> Response:
    """Respond with an error in Infobip's form."""
    body = {"requestError": {"serviceException": {"messageId": name, "text": text}}}
    return JSONResponse(body, status_code=status)


def _inbound(sender: str, to: str, text: str) -> dict[str, Any]:
    return {
        "messageId": uuid.uuid4().hex,
        "from": sender.strip("+"),
        "to": to.strip("+"),
        "text": text,
        "cleanText": text,
        "keyword": "",
        "receivedAt": _now(),
        "smsCount": 1,
    }


def _with_login(account: InfobipAccount) -> str:
    login = URL(account.inbound_url).with_user(account.callback_username)
    return str(login.with_password(account.callback_password.get_secret_value()))


def _posted(url: str, result: dict[str, Any]) -> WebhookFactory:
    """Post one result to a URL; the login in it becomes a header."""
    called = URL(url)
    headers = {"Content-Type": "application/json"}
    if called.user is not None:
        login = BasicAuth(called.user, called.password or "", "utf-8")
        headers["Authorization"] = login.encode()
    counts = {"messageCount": 1, "pendingMessageCount": 0}
    body = json.dumps({"results": [result], **counts}).encode()
    bare = str(called.with_user(None))
    return lambda: Webhook(url=bare, headers=headers, body=body, retries=RETRIES)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


DEFINITION = Definition(
    name="infobip",
    settings=dict[str, InfobipAccount],
    make=Infobip,
    throttles={Scope.ACCOUNT: "TOO_MANY_REQUESTS"},
    channels={"sms": Vocabulary(failures=FAILURES, statuses=STATUSES)},
)
