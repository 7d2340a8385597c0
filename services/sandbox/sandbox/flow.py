"""From a valid request to its answer and its webhooks, the same for every HTTP provider."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from sandbox.behaviours import ACCEPTED, Answer, Behaviour, case_for
from sandbox.ledger import Ledger
from sandbox.webhooks import Build, WebhookSender

REPLY_AFTER_STATUSES = 2  # delays between the last status and what the recipient writes


class ConnectionReset(Response):
    """No answer: the connection is reset. Knows that uvicorn is the server."""

    async def __call__(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        """Abort the connection."""
        receive.__self__.transport.abort()  # type: ignore[attr-defined]  # uvicorn's own receive
        while (await receive())["type"] != "http.disconnect":  # else uvicorn misses an answer
            pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How a provider says things, and tells them later."""

    accepted: Callable[[str], Response]  # with the new message's id
    refused: Callable[[int], Response]  # with its error code
    throttled: Callable[[int], Response]  # with seconds to wait
    failed: Callable[[], Response]  # a 5xx with an error of its own
    status: Callable[[str, str, int], Build]  # id, status, error code
    reply: Callable[[str], Build] | None = None  # the recipient's text


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A valid request for one message."""

    provider: str
    channel: str
    account: str
    to: str
    attempt: str | None
    reference: str  # the id it gets if it is accepted


class Flow:
    """Plays what the recipient's case says."""

    def __init__(self, ledger: Ledger, webhooks: WebhookSender) -> None:
        self._ledger = ledger
        self._webhooks = webhooks
        self._pace = webhooks.pace
        self.answer_delay_ms = webhooks.pace.answer_delay_ms

    async def play(self, sending: Sending, wording: Wording) -> Response:
        """Record the request, answer it, and tell its statuses."""
        if self.answer_delay_ms:
            await asyncio.sleep(self.answer_delay_ms / 1000)
        behaviour = case_for(sending.to).on(sending.channel)
        before = self._ledger.tries(sending.channel, sending.to)
        answer = _answer_now(behaviour.answer, before)
        if answer not in ACCEPTED:
            await self._record(sending, accepted=False, outcome=answer.name.lower())
            return self._refusal(answer, behaviour, wording)
        await self._record(sending, accepted=True, outcome="accepted")
        response = wording.accepted(sending.reference)
        await self._tell(sending.reference, behaviour, wording)
        return await self._acceptance(answer, response)

    async def _record(self, sending: Sending, *, accepted: bool, outcome: str) -> None:
        await self._ledger.record(
            provider=sending.provider,
            channel=sending.channel,
            account=sending.account,
            to=sending.to,
            attempt=sending.attempt,
            reference=sending.reference if accepted else None,
            outcome=outcome,
        )

    def _refusal(self, answer: Answer, behaviour: Behaviour, wording: Wording) -> Response:
        if answer is Answer.REFUSE:
            return wording.refused(behaviour.code)
        if answer in {Answer.THROTTLE, Answer.THROTTLE_ONCE}:
            return wording.throttled(self._pace.retry_after_seconds)
        if answer is Answer.ERROR_ONCE:
            return wording.failed()
        return HTMLResponse("<html><body>Internal Server Error</body></html>", status_code=500)

    async def _acceptance(self, answer: Answer, response: Response) -> Response:
        if answer is Answer.RESET:
            return ConnectionReset()
        if answer is Answer.GARBAGE:
            return PlainTextResponse("<<<", status_code=200)
        if answer is Answer.SLOW:
            await asyncio.sleep(self._pace.slow_seconds)
        return response

    async def _tell(self, reference: str, behaviour: Behaviour, wording: Wording) -> None:
        delay = self._pace.webhook_delay_ms / 1000
        start = self._pace.late_seconds if behaviour.late else 0.0
        builds = [
            wording.status(reference, status, behaviour.code) for status in behaviour.statuses
        ]
        if behaviour.shuffled:  # a copy is the same event: the same build
            builds = [build for build in reversed(builds) for _ in range(2)]
        if behaviour.early and builds:
            await self._webhooks.now(builds.pop(0))
        for number, build in enumerate(builds, start=1):
            self._webhooks.later(start + number * delay, build)
        if behaviour.reply is not None and wording.reply is not None:
            wait = start + (len(builds) + REPLY_AFTER_STATUSES) * delay
            self._webhooks.later(wait, wording.reply(behaviour.reply))


def _answer_now(answer: Answer, tries_before: int) -> Answer:
    """Return how this try is answered: some answers change after the first."""
    once = answer in {Answer.THROTTLE_ONCE, Answer.ERROR_ONCE}
    return Answer.ACCEPT if once and tries_before else answer
