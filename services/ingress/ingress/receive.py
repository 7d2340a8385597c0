"""A webhook as ASGI has it: its head is judged, its body read, then it is judged whole."""

from __future__ import annotations

import time
from collections.abc import Mapping

from starlette.types import Receive, Scope, Send

from herald.providers import webhook_responses as responses
from herald.providers.webhook_endpoints import Head
from ingress import metrics
from ingress.bodies import DisconnectedError, TooLargeError, TooSlowError, read_body
from ingress.endpoints import Endpoints, Target
from ingress.judging import Judge, Judgement, in_any_case
from ingress.metrics import Result
from ingress.requests import Requests

BODY_SECONDS = 10.0
MAIL_TIMES = 6  # of that, for a body whose sender the head admits


class Receiver:
    """The ASGI application behind `/webhooks/{provider}/{account}`."""

    def __init__(
        self,
        endpoints: Endpoints,
        judge: Judge,
        requests: Requests,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._endpoints = endpoints
        self._judge = judge
        self._requests = requests
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        path = scope["path_params"]
        target = self._endpoints.find(path["provider"], path["account"])
        judging = self._receive(target, path["account"], scope, receive)
        result, response = await in_any_case(target, judging)
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
        request = self._requests.request(
            scope["method"], scope["raw_path"], scope["query_string"], headers, body
        )
        return await self._judge.judge(target, account, request)

    def _refusal(
        self, target: Target, account: str, scope: Scope, headers: Mapping[bytes, bytes]
    ) -> Judgement | None:
        """Judge a request by its head; what it refuses has a body that is not worth reading."""
        method, methods, admits = scope["method"], target.rules.methods, target.rules.admits
        if method not in methods:
            return Result.WRONG_METHOD, responses.wrong_method(methods)
        if not methods[method] <= headers.keys():
            return self._judge.not_authentic(target, account)
        if admits is not None and not admits(Head(headers=headers, query=scope["query_string"])):
            return self._judge.not_authentic(target, account)
        encoding = headers.get(b"content-encoding")
        if encoding is not None and encoding.lower() != b"identity":
            return Result.ENCODED, responses.ENCODED
        return None


def _share(target: Target) -> float:
    """How many times the usual time a body may take: a mail with its files takes longer."""
    return 1 if target.rules.admits is None else MAIL_TIMES


def _length(header: bytes | None) -> int | None:
    return int(header) if header is not None and header.isdigit() else None
