"""Sinch's SMS API.

Source: Sinch, "SMS API": Batches, Delivery reports, Inbounds, Callbacks.
"""

from __future__ import annotations

import hmac
import json
import secrets
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

RETRIES = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds; the real ones begin with 5 and double for a day
OUR_NUMBER = "15550001111"  # to which a recipient writes when no message says it
FAILURES: dict[Failure, int] = {
    Failure.NOT_MOBILE: 402,
    Failure.UNREACHABLE: 406,
    Failure.UNKNOWN_RECIPIENT: 402,
    Failure.OPTED_OUT: 408,
    Failure.BAD_CREDENTIALS: 401,  # the API's HTTP status
}
STATUSES: dict[Status, tuple[str, int]] = {
    Status.SENT: ("Dispatched", 401),
    Status.DELIVERED: ("Delivered", 0),
    Status.FAILED: ("Failed", 0),  # with the code of the failure
}


class SinchPlan(Section):
    """A service plan; reports go where each request says, with the login in that URL."""

    service_plan_id: str
    api_token: SecretStr
    inbound_url: Url
    callback_username: str
    callback_password: SecretStr


class Sinch(StandIn):
    """The service plans of one sandbox."""

    def __init__(self, plans: dict[str, SinchPlan], flow: Flow) -> None:
        self._plans = plans
        self._by_id = {plan.service_plan_id: (name, plan) for name, plan in plans.items()}
        self._flow = flow
        self.routes = [Route("/sinch/xms/v1/{plan_id}/batches", self.create, methods=["POST"])]

    async def create(self, request: Request) -> Response:
        """Take a batch of one message."""
        found = self._by_id.get(request.path_params["plan_id"])
        if found is None or not _authorised(request, found[1]):
            return Response(status_code=401)
        name, plan = found
        try:
            given = from_json(await request.body())
            to, text, sender = given["to"][0], given["body"], given["from"]
        except (ValueError, TypeError, LookupError):
            return error("syntax_invalid_json", "JSON could not be parsed.")
        if not text or not str(to).strip("+").isdigit():
            return error("syntax_invalid_parameter_format", "A parameter is not valid.")
        wanted = MessageRequest(
            provider="sinch",
            channel="sms",
            account=name,
            to=f"+{to.strip('+')}",
            attempt=given.get("client_reference"),
            reference=f"01{secrets.token_hex(12).upper()}",
            sender=sender,
            shown=Shown(text=text),
        )
        return await self._flow.respond(wanted, _Batch(plan, given))

    def inbound(self, message: InboundMessage) -> WebhookFactory:
        """Make the webhook of a message; its fields are those of Sinch's JSON."""
        if message.account not in self._plans:
            raise LookupError(f"no account {message.account}")
        plan = self._plans[message.account]
        written = _inbound(message.sender, OUR_NUMBER, message.text)
        return _posted(_with_login(plan), {**written, **(message.fields or {})})


@dataclass(frozen=True, slots=True)
class _Batch:
    plan: SinchPlan
    given: dict[str, Any]

    def accepted(self, reference: str) -> Response:
        batch = {name: self.given.get(name) for name in ("to", "from", "body", "delivery_report")}
        batch |= {"id": reference, "canceled": False, "type": "mt_text"}
        return JSONResponse({**batch, "created_at": _now()}, status_code=201)

    def refused(self, failure: Failure) -> Response | None:
        """Refuse at once what the API itself finds; a carrier's word comes later."""
        return Response(status_code=401) if failure is Failure.BAD_CREDENTIALS else None

    def throttled(self, seconds: int | None, code: int | str | None = None) -> Response:
        headers = None if seconds is None else {"Retry-After": str(seconds)}
        return error("too_many_requests", "Too many requests.", int(code or 429), headers)

    def server_error(self) -> Response:
        return error("internal_error", "Internal error.", 500)

    def status(self, reference: str, status: Status, failure: Failure | None) -> WebhookFactory:
        url = self.given.get("callback_url")
        if url is None:
            return lambda: None
        word, code = STATUSES[status]
        report = {
            "type": "recipient_delivery_report_sms",
            "batch_id": reference,
            "recipient": str(self.given["to"][0]).strip("+"),
            "code": FAILURES[failure] if failure is not None else code,
            "status": word,
            "at": _now(),
            "client_reference": self.given.get("client_reference"),
        }
        return _posted(url, report)

    def reply(self, text: str) -> WebhookFactory:
        written = _inbound(self.given["to"][0], self.given["from"], text)
        return _posted(_with_login(self.plan), written)


def error(
    code: str, text: str, status: int = 400, headers: dict[str, str] | None = None
) -> Response:
    """Respond with an error in Sinch's form."""
    return JSONResponse({"code": code, "text": text}, status_code=status, headers=headers)


def _authorised(request: Request, plan: SinchPlan) -> bool:
    expected = f"Bearer {plan.api_token.get_secret_value()}"
    given = request.headers.get("authorization", "")
    return hmac.compare_digest(given.encode("latin-1"), expected.encode())


def _inbound(sender: str, to: str, text: str) -> dict[str, Any]:
    return {
        "type": "mo_text",
        "id": f"01{secrets.token_hex(12).upper()}",
        "from": sender.strip("+"),
        "to": to.strip("+"),
        "body": text,
        "operator_id": "35000",
        "received_at": _now(),
    }


def _with_login(plan: SinchPlan) -> str:
    login = URL(plan.inbound_url).with_user(plan.callback_username)
    return str(login.with_password(plan.callback_password.get_secret_value()))


def _posted(url: str, written: dict[str, Any]) -> WebhookFactory:
    """Post JSON to a URL; the login in it becomes a header."""
    called = URL(url)
    headers = {"Content-Type": "application/json"}
    if called.user is not None:
        login = BasicAuth(called.user, called.password or "", "utf-8")
        headers["Authorization"] = login.encode()
    body, bare = json.dumps(written).encode(), str(called.with_user(None))
    return lambda: Webhook(url=bare, headers=headers, body=body, retries=RETRIES)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


DEFINITION = Definition(
    name="sinch",
    settings=dict[str, SinchPlan],
    make=Sinch,
    throttles={Scope.ACCOUNT: 429},
    channels={"sms": Vocabulary(failures=FAILURES, statuses=STATUSES)},
)
