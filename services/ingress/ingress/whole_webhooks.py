"""Webhooks that came whole: verified, translated and published without a task for each.

What is usual is done here, at once: a small POST with its signature. All else is left to the
receiver, which refuses by the head and waits for what takes its time. An account that nobody
configured goes the way of those that are: otherwise the time of a refusal would tell them apart.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any, NamedTuple

from herald.bus.errors import PublishError
from herald.providers.json_bodies import NotJsonError
from herald.providers.webhook_endpoints import UnverifiableError
from herald.providers.webhook_requests import WebhookRequest
from herald.service.http_limits.exchange import WholeResponse
from herald.service.http_limits.whole_requests import Answer, WholeRequest
from herald.tracing.spans import tracer
from ingress import metrics
from ingress.endpoints import Endpoints, Target
from ingress.grouped_publisher import MAX_PART
from ingress.judging import LARGE_BYTES, Judge, Judgement, failed, judgement_of, verdict_on
from ingress.publish_or_spool import Placement
from ingress.requests import Requests
from ingress.translation import Translation, normalised, translate
from ingress.webhook_paths import parts_of


class _Taken(NamedTuple):
    """A webhook whose messages are being published."""

    target: Target
    translation: Translation
    started: float
    answer: Answer


class WholeWebhooks:
    """Takes whole requests to `/webhooks/{provider}/{account}`."""

    def __init__(self, endpoints: Endpoints, judge: Judge, requests: Requests) -> None:
        self._endpoints = endpoints
        self._judge = judge
        self._requests = requests
        self._keeping: set[asyncio.Task[None]] = set()

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
        started = time.perf_counter()
        request = self._requests.request("POST", path, query, headers, whole.body)
        try:
            return self._begin(target, account, request, started)
        except Exception as error:  # noqa: BLE001  a defect of ours is our trouble, not the caller's
            return _at_once(target, failed(target, error), started)

    def _begin(
        self, target: Target, account: str, request: WebhookRequest, started: float
    ) -> Answer | None:
        try:
            verdict = verdict_on(target, request)
            if verdict is False:
                return _at_once(target, self._judge.not_authentic(target, account), started)
            if verdict is not True:
                judging = self._judge.judge(target, account, request, verdict)
                return self._later(target, judging, started)
            found = normalised(target, request)
        except (UnverifiableError, NotJsonError):
            return None
        if found.files:
            return None
        translation = translate(found, target, account, request)
        if len(translation.messages) > MAX_PART:
            judging = self._judge.publish(target, account, translation, None)
            return self._later(target, judging, started)
        self._judge.log_quarantined(target, account, translation)
        answer: Answer = asyncio.get_running_loop().create_future()
        taken = _Taken(target, translation, started, answer)
        self._judge.publish_or_spool.publish(translation.messages, partial(self._published, taken))
        return answer

    def _published(self, taken: _Taken, failures: list[PublishError | None]) -> None:
        """Answer once the bus has all of it; otherwise see what becomes of the rest."""
        target, translation, started, answer = taken
        if answer.done():  # the service is stopping
            return
        if failures.count(None) == len(failures):
            judgement = judgement_of(Placement.ON_THE_BUS, target, translation)
            answer.set_result(_counted(target, judgement, started))
        else:
            keeping = asyncio.create_task(self._keep(taken, failures))
            self._keeping.add(keeping)
            keeping.add_done_callback(self._keeping.discard)

    async def _keep(self, taken: _Taken, failures: list[PublishError | None]) -> None:
        target, translation, started, answer = taken
        judging = self._judge.keep(target, translation, failures)
        response = await self._judge.counted(target, judging)
        _observe(target, started)
        if not answer.done():
            answer.set_result(response)

    def _later(
        self, target: Target, judging: Coroutine[Any, Any, Judgement], started: float
    ) -> Answer:
        async def answered() -> WholeResponse:
            response = await self._judge.counted(target, judging)
            _observe(target, started)
            return response

        return asyncio.create_task(answered())


def _at_once(target: Target, judgement: Judgement, started: float) -> Answer:
    answer: Answer = asyncio.get_running_loop().create_future()
    answer.set_result(_counted(target, judgement, started))
    return answer


def _counted(target: Target, judgement: Judgement, started: float) -> WholeResponse:
    result, response = judgement
    metrics.webhooks(target.provider, target.account, result).inc()
    _observe(target, started)
    return response


def _observe(target: Target, started: float) -> None:
    metrics.webhook_seconds(target.provider).observe(time.perf_counter() - started)


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
