"""What happens to a webhook: read, verify, translate, publish with confirms, respond.

A 2xx means that all it holds is on the bus, or on disk where its provider would not send it again.
A 4xx is final; our own trouble is a 503, for most try again after that.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime

import structlog
from starlette.types import Receive, Scope, Send

from herald.providers import webhook_responses as responses
from herald.providers.json_bodies import NotJsonError
from herald.providers.webhook_endpoints import Head, UnverifiableError
from herald.providers.webhook_requests import WebhookRequest
from herald.providers.webhook_responses import WebhookResponse
from herald.service.rate_limited_log import RateLimitedLog
from ingress import metrics
from ingress.attachments import Attachments, AttachmentsUnusableError
from ingress.bodies import DisconnectedError, TooLargeError, TooSlowError, read_body
from ingress.endpoints import Endpoints, Target
from ingress.metrics import Result
from ingress.publish_or_spool import Placement, PublishOrSpool
from ingress.traces import WebhookTrace, begin_webhook
from ingress.translation import Translation, normalised, translate

BODY_SECONDS = 10.0
MAIL_TIMES = 6  # of that, for a body whose sender the head admits
LARGE_BYTES = 128 * 1024  # some hundred statuses
LARGE_AT_ONCE = 2  # what is read of a body takes many times its bytes

_log = structlog.get_logger(__name__)

Judgement = tuple[Result, WebhookResponse]


class Receiver:
    """The ASGI application behind `/webhooks/{provider}/{account}`."""

    def __init__(
        self,
        endpoints: Endpoints,
        publish_or_spool: PublishOrSpool,
        public_base_url: str,
        rate_limited: RateLimitedLog,
        attachments: Attachments,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._endpoints = endpoints
        self._publish_or_spool = publish_or_spool
        self._base_url = public_base_url.rstrip("/")
        self._rate_limited = rate_limited
        self._attachments = attachments
        self._body_seconds = body_seconds
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        path = scope["path_params"]
        target = self._endpoints.find(path["provider"], path["account"])
        try:
            result, response = await self._receive(target, path["account"], scope, receive)
        except Exception as error:  # noqa: BLE001  a defect of ours is our trouble, not the caller's
            _log.error("ingress.failed", provider=target.provider, error=type(error).__name__)
            result, response = Result.UNAVAILABLE, responses.UNAVAILABLE
        metrics.webhooks(target.provider, target.account, result).inc()
        await response.send(send)
        metrics.webhook_seconds(target.provider).observe(time.perf_counter() - started)

    async def _receive(
        self, target: Target, account: str, scope: Scope, receive: Receive
    ) -> Judgement:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        refusal = self._refusal(target, account, scope, headers)
        if refusal is not None:
            return refusal
        try:
            body = b""
            if scope["method"] != "GET":
                body = await read_body(
                    receive,
                    announced_bytes=_length(headers.get(b"content-length")),
                    max_bytes=target.rules.max_body_bytes,
                    timeout_seconds=self._body_seconds * _share(target),
                )
        except TooLargeError:
            return Result.TOO_LARGE, responses.TOO_LARGE
        except TooSlowError:
            # a 4xx may lose a mail for good
            is_admitted = target.rules.admits is not None
            return Result.TOO_SLOW, responses.UNAVAILABLE if is_admitted else responses.TOO_SLOW
        except DisconnectedError:
            return Result.DISCONNECTED, responses.TOO_SLOW
        return await self._take(target, account, self._request(scope, headers, body))

    def _refusal(
        self, target: Target, account: str, scope: Scope, headers: Mapping[bytes, bytes]
    ) -> Judgement | None:
        """Judge a request by its head; what it refuses has a body that is not worth reading."""
        method, methods, admits = scope["method"], target.rules.methods, target.rules.admits
        if method not in methods:
            return Result.WRONG_METHOD, responses.wrong_method(methods)
        if not methods[method] <= headers.keys():
            return self._not_authentic(target, account)
        if admits is not None and not admits(Head(headers=headers, query=scope["query_string"])):
            return self._not_authentic(target, account)
        encoding = headers.get(b"content-encoding")
        if encoding is not None and encoding.lower() != b"identity":
            return Result.ENCODED, responses.ENCODED
        return None

    async def _take(self, target: Target, account: str, request: WebhookRequest) -> Judgement:
        try:
            verdict = _verdict(target, request)
            if not (verdict if isinstance(verdict, bool) else await verdict):
                return self._not_authentic(target, account)
            trace = begin_webhook(target.provider, target.account, request.method)
            if trace is None:
                return await self._understand(target, account, request)
            with trace.in_logs():
                judgement = await self._understand(target, account, request, trace)
            trace.answered(judgement[1].status)
            return judgement
        except UnverifiableError as error:
            about = f"{target.provider}/{account}"
            self._rate_limited.warning("ingress.unverifiable", about=about, reason=str(error))
            return Result.UNAVAILABLE, responses.UNAVAILABLE
        except AttachmentsUnusableError as error:
            about = f"{target.provider}/{account}"
            self._rate_limited.warning("ingress.attachments_failed", about=about, reason=str(error))
            return Result.UNAVAILABLE, responses.UNAVAILABLE
        except NotJsonError:
            return Result.NOT_READABLE, responses.NOT_READABLE

    async def _understand(
        self,
        target: Target,
        account: str,
        request: WebhookRequest,
        trace: WebhookTrace | None = None,
    ) -> Judgement:
        if len(request.body) < LARGE_BYTES:
            found = normalised(target, request)
            if found.files:
                await asyncio.to_thread(self._attachments.keep_those_of, found)
            translation = translate(found, target, account, request)
            return await self._publish(target, account, translation, trace)
        async with self._large:
            # a thread gives the others their turn while it reads
            translation = await asyncio.to_thread(self._translated, target, account, request)
            return await self._publish(target, account, translation, trace)

    def _translated(self, target: Target, account: str, request: WebhookRequest) -> Translation:
        found = normalised(target, request)
        if found.files:
            self._attachments.keep_those_of(found)
        return translate(found, target, account, request)

    def _not_authentic(self, target: Target, account: str) -> Judgement:
        if target.is_known:
            about = f"{target.provider}/{account}"
            self._rate_limited.warning("ingress.not_authentic", about=about)
        return Result.NOT_AUTHENTIC, responses.NOT_AUTHENTIC

    def _request(self, scope: Scope, headers: dict[bytes, bytes], body: bytes) -> WebhookRequest:
        query: bytes = scope["query_string"]
        path: bytes = scope["raw_path"]
        target = path + b"?" + query if query else path
        return WebhookRequest(
            method=scope["method"],
            # the public URL, never the Host header: that is the caller's to choose
            url=self._base_url + target.decode("latin-1"),
            query=query,
            headers=headers,
            body=body,
            received_at=datetime.now(UTC),
        )

    async def _publish(
        self, target: Target, account: str, translation: Translation, trace: WebhookTrace | None
    ) -> Judgement:
        if translation.not_understood:
            self._rate_limited.warning(
                "ingress.quarantined",
                about=f"{target.provider}/{account}",
                reasons={reason.value: n for reason, n in translation.not_understood.items()},
            )
        messages = translation.messages if trace is None else trace.carried(translation.messages)
        placement = await self._publish_or_spool.place(
            messages, target.provider, retries_on_5xx=target.rules.retries_on_5xx
        )
        if placement is Placement.NOWHERE:
            return Result.UNAVAILABLE, responses.UNAVAILABLE
        _count(target, translation)
        result = Result.ACCEPTED if placement is Placement.ON_THE_BUS else Result.KEPT
        return result, translation.response


def _verdict(target: Target, request: WebhookRequest) -> bool | Awaitable[bool]:
    """Say whether a request is authentic; awaitable where a key may have to be fetched."""
    try:
        verdict = target.endpoint.verify(request)
    except UnverifiableError:
        raise
    except Exception as error:  # noqa: BLE001  what can't be verified is not authentic
        return _unverified(target, error)
    return verdict if isinstance(verdict, bool) else _verdict_to_come(target, verdict)


async def _verdict_to_come(target: Target, verdict: Awaitable[bool]) -> bool:
    try:
        return await verdict
    except UnverifiableError:
        raise
    except Exception as error:  # noqa: BLE001  as above
        return _unverified(target, error)


def _unverified(target: Target, error: Exception) -> bool:
    _log.error("ingress.verify_failed", provider=target.provider, error=type(error).__name__)
    return False


def _count(target: Target, translation: Translation) -> None:
    labels = target.provider, target.account
    for kind, count in translation.receipts.items():
        metrics.receipts(*labels, kind).inc(count)
    for reason, count in translation.not_understood.items():
        metrics.QUARANTINED.labels(*labels, reason).inc(count)
    if translation.ignored:
        metrics.IGNORED.labels(*labels).inc(translation.ignored)


def _share(target: Target) -> float:
    """How many times the usual time a body may take: a mail with its files takes longer."""
    return 1 if target.rules.admits is None else MAIL_TIMES


def _length(header: bytes | None) -> int | None:
    return int(header) if header is not None and header.isdigit() else None
