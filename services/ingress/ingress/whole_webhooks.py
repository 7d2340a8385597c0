"""Webhooks that came whole: verified, translated and published without a task for each.

What is usual is done here, at once: a small POST with its signature. All else is left to the
receiver, which refuses by the head and waits for what takes its time. An account that nobody
configured goes the way of those that are: otherwise the time of a refusal would tell them apart.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeVar

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

_Given = TypeVar("_Given")
_Found = TypeVar("_Found")


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

    def take(self, whole: WholeRequest, answer: Answer) -> bool:
        """Begin with a request; False: it is for the receiver."""
        path, _, query = whole.target.partition(b"?")
        # decoded as it is, and without a fragment: anything else is worth a second look
        if not path.isascii() or b"%" in path or b"#" in whole.target or tracer() is not None:
            return False
        parts = parts_of(path.decode())
        if parts is None:
            return False
        provider, account = parts
        target = self._endpoints.find(provider, account)
        headers = dict(whole.headers)
        if not _is_usual(target, headers, whole.body):
            return False
        started = time.perf_counter()
        request = self._requests.request("POST", path, query, headers, whole.body)
        if not self._arrived:
            asyncio.get_running_loop().call_soon(self._judge_arrived)
        self._arrived.append(_Webhook(target, account, request, started, answer))
        return True

    def _judge_arrived(self) -> None:
        """Judge what arrived in one turn of the event loop: all of it step by step.

        A step that follows itself finds what it uses in the processor's caches, which makes a
        webhook cheaper by a fifth.
        """
        arrived, self._arrived = self._arrived, []
        verified = _each(self._verified, [(one, one.request) for one in arrived])
        _each(self._publish, _each(_translated, _each(self._read, verified)))

    def _verified(self, one: _Webhook, request: WebhookRequest) -> WebhookRequest | None:
        try:
            verdict = verdict_on(one.target, request)
        except UnverifiableError:  # as the judge will find
            self._go_on(one, self._judge.judge(one.target, one.account, request))
            return None
        if verdict is True:
            return request
        if verdict is False:
            _settle(one, self._judge.not_authentic(one.target, one.account))
        else:
            self._go_on(one, self._judge.judge(one.target, one.account, request, verdict))
        return None

    def _read(self, one: _Webhook, request: WebhookRequest) -> Normalised | None:
        try:
            found = normalised(one.target, request)
        except NotJsonError:
            _settle(one, NOT_READABLE)
            return None
        if not found.files:
            return found
        self._go_on(one, self._judge.judge(one.target, one.account, request, verdict=True))
        return None

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
        """Answer once the bus has all of it; otherwise see what becomes of the rest."""
        try:
            if failures.count(None) == len(failures):
                _settle(one, judgement_of(Placement.ON_THE_BUS, one.target, translation))
            else:
                self._go_on(one, self._judge.keep(one.target, translation, failures))
        except Exception as error:  # noqa: BLE001  as in `_each`
            _settle(one, failed(one.target, error))

    def _go_on(self, one: _Webhook, judging: Coroutine[Any, Any, Judgement]) -> None:
        """Let one that takes its time have a task."""
        task = asyncio.create_task(self._settled(one, judging))
        self._going_on.add(task)
        task.add_done_callback(self._going_on.discard)

    async def _settled(self, one: _Webhook, judging: Coroutine[Any, Any, Judgement]) -> None:
        _settle(one, await in_any_case(one.target, judging))


def _each(
    step: Callable[[_Webhook, _Given], _Found | None], given: Iterable[tuple[_Webhook, _Given]]
) -> list[tuple[_Webhook, _Found]]:
    """Take a step with each webhook, and return what it found; None: that one goes no further.

    A defect of ours costs none of the others anything.
    """
    taken: list[tuple[_Webhook, _Found]] = []
    for one, what in given:
        try:
            found = step(one, what)
        except Exception as error:  # noqa: BLE001  our trouble, not the caller's
            _settle(one, failed(one.target, error))
        else:
            if found is not None:
                taken.append((one, found))
    return taken


def _translated(one: _Webhook, found: Normalised) -> Translation:
    return translate(found, one.target, one.account, one.request)


def _settle(one: _Webhook, judgement: Judgement) -> None:
    """Answer, and count it; not when the service has stopped waiting for it."""
    if one.answer.is_over:
        return
    result, response = judgement
    provider = one.target.provider
    metrics.webhooks(provider, one.target.account, result).inc()
    metrics.webhook_seconds(provider).observe(time.perf_counter() - one.started)
    one.answer.give(response)


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
