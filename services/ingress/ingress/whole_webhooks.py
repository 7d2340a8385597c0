"""Webhooks that came whole: verified, translated and published without a task for each.

What is usual is done here, at once: a small POST with its signature. All else is left to the
receiver, which refuses by the head and waits for what takes its time. An account that nobody
configured goes the way of those that are: otherwise the time of a refusal would tell them apart.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeVar, TypeVarTuple

from herald.bus.errors import PublishError
from herald.providers.json_bodies import NotJsonError
from herald.providers.webhook_endpoints import Normalised, UnverifiableError
from herald.providers.webhook_requests import WebhookRequest
from herald.service.http_limits.whole_requests import Answer, WholeRequest
from herald.tracing.spans import tracer
from ingress import metrics
from ingress.endpoints import Endpoints, Target
from ingress.grouped_publisher import MAX_PART
from ingress.judging import (
    LARGE_BYTES,
    NOT_READABLE,
    Judge,
    Judgement,
    failed,
    in_any_case,
    judgement_of,
    verdict_on,
)
from ingress.publish_or_spool import Placement
from ingress.requests import Requests
from ingress.translation import Translation, normalised, translate
from ingress.webhook_paths import parts_of

_Outcome = TypeVar("_Outcome")
_Arguments = TypeVarTuple("_Arguments")


class _Webhook(NamedTuple):
    """One that was taken."""

    target: Target
    account: str
    request: WebhookRequest
    started: float
    answer: Answer


class WholeWebhooks:
    """Takes whole requests to `/webhooks/{provider}/{account}`."""

    def __init__(self, endpoints: Endpoints, judge: Judge, requests: Requests) -> None:
        self._endpoints = endpoints
        self._judge = judge
        self._requests = requests
        self._arrived: list[_Webhook] = []  # in this turn of the event loop
        self._going_on: set[asyncio.Task[None]] = set()

    def take(self, whole: WholeRequest) -> Answer | None:
        """Begin with a request; None: it is for the receiver."""
        path, _, query = whole.target.partition(b"?")
        # decoded as it is, and without a fragment: anything else is worth a second look
        if not path.isascii() or b"%" in path or b"#" in whole.target or tracer() is not None:
            return None
        parts = parts_of(path.decode())
        if parts is None:
            return None
        provider, account = parts
        target = self._endpoints.find(provider, account)
        headers = dict(whole.headers)
        if not _is_usual(target, headers, whole.body):
            return None
        started, loop = time.perf_counter(), asyncio.get_running_loop()
        request = self._requests.request("POST", path, query, headers, whole.body)
        answer: Answer = loop.create_future()
        if not self._arrived:
            loop.call_soon(self._judge_arrived)
        self._arrived.append(_Webhook(target, account, request, started, answer))
        return answer

    def _judge_arrived(self) -> None:
        """Judge what arrived in one turn of the event loop: all of it step by step.

        A step that follows itself finds what it uses in the processor's caches, which makes a
        webhook cheaper by a fifth.
        """
        arrived, self._arrived = self._arrived, []
        authentic = [one for one in arrived if self._tried(self._is_authentic, one)]
        read = [(one, self._tried(self._read, one)) for one in authentic]
        translated = [
            (one, self._tried(self._translated, one, found))
            for one, found in read
            if found is not None
        ]
        for one, translation in translated:
            if translation is not None:
                self._tried(self._publish, one, translation)

    def _tried(
        self,
        step: Callable[[_Webhook, *_Arguments], _Outcome],
        one: _Webhook,
        *arguments: *_Arguments,
    ) -> _Outcome | None:
        """Take a step with one of them; a defect of ours costs none of the others anything."""
        try:
            return step(one, *arguments)
        except Exception as error:  # noqa: BLE001  our trouble, not the caller's
            _settle(one, failed(one.target, error))
            return None

    def _is_authentic(self, one: _Webhook) -> bool:
        try:
            verdict = verdict_on(one.target, one.request)
        except UnverifiableError:  # as the judge will find
            self._go_on(one, self._judge.judge(one.target, one.account, one.request))
            return False
        if verdict is False:
            _settle(one, self._judge.not_authentic(one.target, one.account))
        elif verdict is not True:
            self._go_on(one, self._judge.judge(one.target, one.account, one.request, verdict))
        return verdict is True

    def _read(self, one: _Webhook) -> Normalised | None:
        try:
            found = normalised(one.target, one.request)
        except NotJsonError:
            _settle(one, NOT_READABLE)
            return None
        if not found.files:
            return found
        judging = self._judge.judge(one.target, one.account, one.request, verdict=True)
        self._go_on(one, judging)
        return None

    def _translated(self, one: _Webhook, found: Normalised) -> Translation:
        return translate(found, one.target, one.account, one.request)

    def _publish(self, one: _Webhook, translation: Translation) -> None:
        if len(translation.messages) > MAX_PART:
            self._go_on(one, self._judge.publish(one.target, one.account, translation, None))
            return
        self._judge.log_quarantined(one.target, one.account, translation)
        self._judge.publish_or_spool.publish(
            translation.messages, partial(self._published, one, translation)
        )

    def _published(
        self, one: _Webhook, translation: Translation, failures: list[PublishError | None]
    ) -> None:
        self._tried(self._conclude, one, translation, failures)

    def _conclude(
        self, one: _Webhook, translation: Translation, failures: list[PublishError | None]
    ) -> None:
        """Answer once the bus has all of it; otherwise see what becomes of the rest."""
        if failures.count(None) == len(failures):
            _settle(one, judgement_of(Placement.ON_THE_BUS, one.target, translation))
        else:
            self._go_on(one, self._judge.keep(one.target, translation, failures))

    def _go_on(self, one: _Webhook, judging: Coroutine[Any, Any, Judgement]) -> None:
        """Let one that takes its time have a task."""
        task = asyncio.create_task(self._settled(one, judging))
        self._going_on.add(task)
        task.add_done_callback(self._going_on.discard)

    async def _settled(self, one: _Webhook, judging: Coroutine[Any, Any, Judgement]) -> None:
        _settle(one, await in_any_case(one.target, judging))


def _settle(one: _Webhook, judgement: Judgement) -> None:
    """Answer, and count it; not when the service has stopped waiting for it."""
    if one.answer.done():
        return
    result, response = judgement
    provider = one.target.provider
    metrics.webhooks(provider, one.target.account, result).inc()
    metrics.webhook_seconds(provider).observe(time.perf_counter() - one.started)
    one.answer.set_result(response)


def _is_usual(target: Target, headers: Mapping[bytes, bytes], body: bytes) -> bool:
    """Whether a request's head is beyond doubt, and its body small."""
    rules = target.rules
    signed_by = rules.methods.get("POST")
    return (
        signed_by is not None
        and signed_by <= headers.keys()
        and rules.admits is None
        and b"content-encoding" not in headers
        and len(body) < LARGE_BYTES
        and len(body) <= rules.max_body_bytes
    )
