"""From a valid request to its response and its webhooks, the same for every HTTP provider."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from sandbox.access_tokens import AccessTokens
from sandbox.behaviours import (
    ACCEPTED,
    DELIVERED,
    ONCE,
    Behaviour,
    Failure,
    Handling,
    Status,
    refused,
)
from sandbox.behaviours import failed as failed_later
from sandbox.cases import case_for
from sandbox.inbox import Inbox, Shown
from sandbox.ledger import Ledger
from sandbox.service_window import ServiceWindow
from sandbox.throttling import Throttling
from sandbox.webhooks import WebhookFactory, WebhookSender

REPLY_AFTER_STATUSES = 2  # delays between the last status and what the recipient writes


class ConnectionReset(Response):
    """No response: the connection is reset. Knows that uvicorn is the server."""

    async def __call__(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        """Abort the connection."""
        receive.__self__.transport.abort()  # type: ignore[attr-defined]  # uvicorn's own receive
        while (await receive())["type"] != "http.disconnect":  # else uvicorn misses a response
            pass


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRequest:
    """A valid request for one message."""

    provider: str
    channel: str
    account: str
    to: str
    attempt: str | None
    reference: str  # the id it gets if it is accepted
    sender: str = ""  # the number or address it is sent from; none: the account's only one
    is_template: bool = False
    shown: Shown = field(default_factory=Shown)  # what the recipient would see


class WireFormat(Protocol):
    """How a provider responds to one request, and what it reports of it."""

    def accepted(self, reference: str) -> Response: ...

    def refused(self, failure: Failure) -> Response | None:
        """Return None where only webhooks report this failure, after the acceptance."""

    def throttled(self, seconds: int | None, code: int | str | None = None) -> Response:
        """Say that calls come too fast, by its usual code or another one of its own."""

    def server_error(self) -> Response:
        """Return a 5xx with an error body of the provider's own."""

    def status(self, reference: str, status: Status, failure: Failure | None) -> WebhookFactory: ...

    def reply(self, text: str) -> WebhookFactory | None:
        """Return None where recipients can't write back."""


class Flow:
    """Lets happen what the recipient's case says."""

    def __init__(self, ledger: Ledger, webhooks: WebhookSender) -> None:
        self.ledger = ledger
        self.inbox = Inbox()
        self.webhooks = webhooks
        self.access_tokens = AccessTokens()
        self.pace = webhooks.pace
        self.answer_delay_ms = webhooks.pace.answer_delay_ms  # may be changed while running
        self.throttling = Throttling()  # likewise
        self.window = ServiceWindow()  # likewise

    async def respond(self, request: MessageRequest, wire: WireFormat) -> Response:
        """Record the request, respond to it, and report its statuses."""
        if self.answer_delay_ms:
            await asyncio.sleep(self.answer_delay_ms / 1000)
        limit = self.throttling.throttling(
            provider=request.provider,
            account=request.account,
            sender=request.sender,
            recipient=request.to,
        )
        if limit is not None:
            await self._record(request, f"throttled_{limit.scope}")
            return wire.throttled(limit.retry_after, limit.code)
        behaviour = self._behaviour(request)
        tries_before = self.ledger.tries(request.channel, request.to)
        handling = behaviour.handling
        if handling in ONCE and tries_before:
            handling = Handling.ACCEPT
        if handling not in ACCEPTED:
            refusal = self._refusal(handling, behaviour.failure, wire)
            if refusal is not None:
                await self._record(request, handling.name.lower())
                return refusal
            assert behaviour.failure is not None
            behaviour = failed_later(behaviour.failure)
        await self._record(request, "accepted")
        self.inbox.take(
            provider=request.provider,
            channel=request.channel,
            account=request.account,
            sender=request.sender,
            to=request.to,
            reference=request.reference,
            shown=request.shown,
        )
        response = wire.accepted(request.reference)
        if behaviour.reply is not None:
            self.window.wrote(request.provider, request.channel, request.account, request.to)
        await self._report(request.reference, behaviour, wire)
        return await self._acceptance(handling, response)

    async def _record(self, request: MessageRequest, outcome: str) -> None:
        await self.ledger.record(
            provider=request.provider,
            channel=request.channel,
            account=request.account,
            to=request.to,
            attempt=request.attempt,
            reference=request.reference if outcome == "accepted" else None,
            outcome=outcome,
        )

    def _refusal(
        self, handling: Handling, failure: Failure | None, wire: WireFormat
    ) -> Response | None:
        if handling is Handling.REFUSE:
            assert failure is not None
            return wire.refused(failure)
        if handling in {Handling.THROTTLE, Handling.THROTTLE_ONCE}:
            return wire.throttled(self.pace.retry_after_seconds)
        if handling is Handling.ERROR_ONCE:
            return wire.server_error()
        return HTMLResponse("<html><body>Internal Server Error</body></html>", status_code=500)

    async def _acceptance(self, handling: Handling, response: Response) -> Response:
        if handling is Handling.RESET:
            return ConnectionReset()
        if handling is Handling.GARBAGE:
            return PlainTextResponse("<<<", status_code=200)
        if handling is Handling.SLOW:
            await asyncio.sleep(self.pace.slow_seconds)
        return response

    async def _report(self, reference: str, behaviour: Behaviour, wire: WireFormat) -> None:
        delay = self.pace.webhook_delay_ms / 1000
        start = self.pace.late_seconds if behaviour.late else 0.0
        webhooks = [
            wire.status(reference, status, behaviour.failure) for status in behaviour.statuses
        ]
        if behaviour.shuffled:  # a copy is the same event: the same factory
            webhooks = [webhook for webhook in reversed(webhooks) for _ in range(2)]
        if behaviour.early and webhooks:
            await self.webhooks.now(webhooks.pop(0))
        for number, webhook in enumerate(webhooks, start=1):
            self.webhooks.later(start + number * delay, webhook)
        reply = wire.reply(behaviour.reply) if behaviour.reply is not None else None
        if reply is not None:
            self.webhooks.later(start + (len(webhooks) + REPLY_AFTER_STATUSES) * delay, reply)

    def _behaviour(self, request: MessageRequest) -> Behaviour:
        behaviour = case_for(request.to).on(request.channel)
        if request.is_template:
            return DELIVERED if behaviour.failure is Failure.OUTSIDE_WINDOW else behaviour
        is_closed = self.window.is_closed(
            request.provider, request.channel, request.account, request.to
        )
        return refused(Failure.OUTSIDE_WINDOW) if is_closed else behaviour
