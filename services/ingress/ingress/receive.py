"""The way of a webhook: read, verify, normalise, publish with confirms, answer.

A 2xx means that all it told is on the bus, or on disk where its provider would not tell it again. A
4xx is the caller's fault for good; whatever is ours is a 503, for most come again after that.
"""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime

import structlog
from starlette.types import Receive, Scope, Send

from herald.seldom_log import SeldomLog
from ingress import answers, metrics
from ingress.answers import Answer
from ingress.bodies import DisconnectedError, TooLargeError, TooSlowError, read_body
from ingress.calls import Call
from ingress.elements import NotUnderstoodError, Reason
from ingress.endpoints import Endpoints, Target
from ingress.frames import quarantine_frame, receipt_frame
from ingress.handover import Handed, Handover
from ingress.json_bodies import BeyondLimitsError, NotJsonError
from ingress.metrics import Outcome
from ingress.webhooks import Normalised

BODY_SECONDS = 10.0

_log = structlog.get_logger(__name__)

Result = tuple[Outcome, Answer]

OUTCOMES = {Handed.ON_THE_BUS: Outcome.ACCEPTED, Handed.ON_DISK: Outcome.KEPT}


class Receiver:
    """The ASGI application behind `/webhooks/{provider}/{account}`."""

    def __init__(
        self, endpoints: Endpoints, handover: Handover, public_base_url: str, seldom: SeldomLog
    ) -> None:
        self._endpoints = endpoints
        self._handover = handover
        self._base_url = public_base_url.rstrip("/")
        self._seldom = seldom

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
        methods = target.provider.methods
        if scope["method"] not in methods:
            return Outcome.WRONG_METHOD, answers.wrong_method(methods)
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            return Outcome.ENCODED, answers.ENCODED
        try:
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

    async def _take(self, target: Target, account: str, call: Call) -> Result:
        if not _is_authentic(target, call):
            if target.is_known:
                self._seldom.warning("ingress.not_authentic", about=f"{target.name}/{account}")
            return Outcome.NOT_AUTHENTIC, answers.NOT_AUTHENTIC
        try:
            told = _normalised(target, call)
        except NotJsonError:
            return Outcome.NOT_READABLE, answers.NOT_READABLE
        handed = await self._hand_over(target, account, call, told)
        if handed is Handed.NOWHERE:
            return Outcome.UNAVAILABLE, answers.UNAVAILABLE
        _count(target, told)
        return OUTCOMES[handed], told.answer

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

    async def _hand_over(
        self, target: Target, account: str, call: Call, told: Normalised
    ) -> Handed:
        frames = [receipt_frame(receipt) for receipt in told.receipts]
        if told.not_understood:
            self._seldom.warning(
                "ingress.quarantined",
                about=f"{target.name}/{account}",
                reasons=dict(Counter(item.reason.value for item in told.not_understood)),
            )
            frames += [
                quarantine_frame(
                    item, provider=target.name, account=account, received_at=call.received_at
                )
                for item in told.not_understood
            ]
        if not frames:
            return Handed.ON_THE_BUS
        # providers repeat themselves within a batch; the same fact goes out once
        unique = {frame.message_id: frame for frame in frames}
        return await self._handover.hand(
            list(unique.values()), target.name, comes_again=target.provider.comes_again
        )


def _is_authentic(target: Target, call: Call) -> bool:
    try:
        return target.endpoint.verify(call)
    except Exception as error:  # noqa: BLE001  what can't be verified is not authentic
        _log.error("ingress.verify_failed", provider=target.name, error=type(error).__name__)
        return False


def _normalised(target: Target, call: Call) -> Normalised:
    """Read a call; a body of which nothing can be read goes to quarantine whole.

    Raises:
        NotJsonError: it breaks the grammar of its content type.
    """
    try:
        return target.endpoint.normalise(call)
    except NotJsonError:
        raise
    except NotUnderstoodError as error:
        reason = error.reason
    except BeyondLimitsError:
        reason = Reason.BEYOND_LIMITS
    except Exception as error:  # noqa: BLE001  a defect of ours must not lose the body
        _log.error("ingress.normalise_failed", provider=target.name, error=type(error).__name__)
        reason = Reason.UNEXPECTED
    told = Normalised()
    told.set_aside(reason, call.body.decode(errors="replace"))
    return told


def _count(target: Target, told: Normalised) -> None:
    labels = target.name, target.account
    for receipt in told.receipts:
        metrics.receipts(*labels, receipt.kind).inc()
    for item in told.not_understood:
        metrics.QUARANTINED.labels(*labels, item.reason).inc()
    if told.ignored:
        metrics.IGNORED.labels(*labels).inc(told.ignored)


def _length(header: bytes | None) -> int | None:
    return int(header) if header is not None and header.isdigit() else None
