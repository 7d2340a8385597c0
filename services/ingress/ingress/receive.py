"""The way of a webhook: read, verify, normalise, publish with confirms, answer.

A 2xx means that all it told is on the bus, or on disk where its provider would not tell it again. A
4xx is the caller's fault for good; whatever is ours is a 503, for most come again after that.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog
from starlette.types import Receive, Scope, Send

from herald.providers import webhook_responses as answers
from herald.providers.json_bodies import NotJsonError
from herald.providers.webhook_requests import Call
from herald.providers.webhook_responses import Answer
from herald.service.rate_limited_log import RateLimitedLog
from ingress import metrics
from ingress.bodies import DisconnectedError, TooLargeError, TooSlowError, read_body
from ingress.endpoints import Endpoints, Target
from ingress.metrics import Outcome
from ingress.publish_or_spool import Handed, Handover
from ingress.reading import Reading, read_call

BODY_SECONDS = 10.0
LARGE_BYTES = 128 * 1024  # some hundred statuses
LARGE_AT_ONCE = 2  # what is read of a body takes many times its bytes

_log = structlog.get_logger(__name__)

Result = tuple[Outcome, Answer]

OUTCOMES = {Handed.ON_THE_BUS: Outcome.ACCEPTED, Handed.ON_DISK: Outcome.KEPT}


class Receiver:
    """The ASGI application behind `/webhooks/{provider}/{account}`."""

    def __init__(
        self, endpoints: Endpoints, handover: Handover, public_base_url: str, seldom: RateLimitedLog
    ) -> None:
        self._endpoints = endpoints
        self._handover = handover
        self._base_url = public_base_url.rstrip("/")
        self._seldom = seldom
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        path = scope["path_params"]
        target = self._endpoints.find(path["provider"], path["account"])
        try:
            outcome, answer = await self._receive(target, path["account"], scope, receive)
        except Exception as error:  # noqa: BLE001  a defect of ours is our trouble, not the caller's
            _log.error("ingress.failed", provider=target.name, error=type(error).__name__)
            outcome, answer = Outcome.UNAVAILABLE, answers.UNAVAILABLE
        metrics.webhooks(target.name, target.account, outcome).inc()
        await answer.send(send)
        metrics.webhook_seconds(target.name).observe(time.perf_counter() - started)

    async def _receive(
        self, target: Target, account: str, scope: Scope, receive: Receive
    ) -> Result:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        refusal = self._refusal(target, account, scope["method"], headers)
        if refusal is not None:
            return refusal
        try:
            body = b""
            if scope["method"] != "GET":
                body = await read_body(
                    receive,
                    announced_bytes=_length(headers.get(b"content-length")),
                    max_bytes=target.provider.max_body_bytes,
                    timeout_seconds=BODY_SECONDS,
                )
        except TooLargeError:
            return Outcome.TOO_LARGE, answers.TOO_LARGE
        except TooSlowError:
            return Outcome.TOO_SLOW, answers.TOO_SLOW
        except DisconnectedError:
            return Outcome.DISCONNECTED, answers.TOO_SLOW
        return await self._take(target, account, self._call(scope, headers, body))

    def _refusal(
        self, target: Target, account: str, method: str, headers: Mapping[bytes, bytes]
    ) -> Result | None:
        """Judge a call by its head; what it refuses has a body that is not worth reading."""
        methods = target.provider.methods
        if method not in methods:
            return Outcome.WRONG_METHOD, answers.wrong_method(methods)
        if not methods[method] <= headers.keys():
            return self._not_authentic(target, account)
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            return Outcome.ENCODED, answers.ENCODED
        return None

    async def _take(self, target: Target, account: str, call: Call) -> Result:
        if not _is_authentic(target, call):
            return self._not_authentic(target, account)
        try:
            if len(call.body) < LARGE_BYTES:
                return await self._hand_over(target, account, read_call(target, account, call))
            async with self._large:
                # a thread gives the others their turn while it reads
                reading = await asyncio.to_thread(read_call, target, account, call)
                return await self._hand_over(target, account, reading)
        except NotJsonError:
            return Outcome.NOT_READABLE, answers.NOT_READABLE

    def _not_authentic(self, target: Target, account: str) -> Result:
        if target.is_known:
            self._seldom.warning("ingress.not_authentic", about=f"{target.name}/{account}")
        return Outcome.NOT_AUTHENTIC, answers.NOT_AUTHENTIC

    def _call(self, scope: Scope, headers: dict[bytes, bytes], body: bytes) -> Call:
        query: bytes = scope["query_string"]
        path: bytes = scope["raw_path"]
        target = path + b"?" + query if query else path
        return Call(
            method=scope["method"],
            # the public URL, never the Host header: that is the caller's to choose
            url=self._base_url + target.decode("latin-1"),
            query=query,
            headers=headers,
            body=body,
            received_at=datetime.now(UTC),
        )

    async def _hand_over(self, target: Target, account: str, reading: Reading) -> Result:
        if reading.not_understood:
            self._seldom.warning(
                "ingress.quarantined",
                about=f"{target.name}/{account}",
                reasons={reason.value: n for reason, n in reading.not_understood.items()},
            )
        handed = await self._handover.hand(
            reading.frames, target.name, retries_on_5xx=target.provider.retries_on_5xx
        )
        if handed is Handed.NOWHERE:
            return Outcome.UNAVAILABLE, answers.UNAVAILABLE
        _count(target, reading)
        return OUTCOMES[handed], reading.answer


def _is_authentic(target: Target, call: Call) -> bool:
    try:
        return target.endpoint.verify(call)
    except Exception as error:  # noqa: BLE001  what can't be verified is not authentic
        _log.error("ingress.verify_failed", provider=target.name, error=type(error).__name__)
        return False


def _count(target: Target, reading: Reading) -> None:
    labels = target.name, target.account
    for kind, count in reading.receipts.items():
        metrics.receipts(*labels, kind).inc(count)
    for reason, count in reading.not_understood.items():
        metrics.QUARANTINED.labels(*labels, reason).inc(count)
    if reading.ignored:
        metrics.IGNORED.labels(*labels).inc(reading.ignored)


def _length(header: bytes | None) -> int | None:
    return int(header) if header is not None and header.isdigit() else None
