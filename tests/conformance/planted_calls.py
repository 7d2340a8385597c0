"""Calls with a defect each, made of a good provider's, and the checks that must find it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.http.client import HttpClient
from herald.providers.samples import RECIPIENT_PHONE
from herald.providers.sending import (
    Accepted,
    Emit,
    NotSent,
    Provider,
    Refused,
    SendResult,
    Uncertain,
)

Result = Callable[[SendResult], SendResult]


@dataclass(frozen=True, slots=True)
class Changed:
    """A provider whose results are changed, or that calls again."""

    good: Provider
    change: Result
    calls: int = 1

    async def start(self, emit: Emit, /) -> None:
        await self.good.start(emit)

    async def stop(self) -> None:
        await self.good.stop()

    async def send(self, work: Any, content: Any) -> SendResult:
        for _ in range(self.calls - 1):
            await self.good.send(work, content)
        return self.change(await self.good.send(work, content))


def _as_transient(result: SendResult) -> SendResult:
    """Retry what nobody knows the end of."""
    if isinstance(result, Uncertain):
        return Refused(Failure.of(FailureClass.TRANSIENT, result.code))
    return result


def _as_accepted(result: SendResult) -> SendResult:
    return Accepted(("x",)) if isinstance(result, Uncertain) else result


def _unreached_as_unknown(result: SendResult) -> SendResult:
    return Uncertain(result.code) if isinstance(result, NotSent) else result


def _permanent(result: SendResult) -> SendResult:
    return Refused(Failure.of(FailureClass.PERMANENT)) if isinstance(result, Refused) else result


def _without_scope(result: SendResult) -> SendResult:
    return replace(result, scope=None) if isinstance(result, Refused) else result


def _without_wait(result: SendResult) -> SendResult:
    if isinstance(result, Refused):
        failure = result.failure.model_copy(update={"retry_after": timedelta(seconds=1)})
        return replace(result, failure=failure)
    return result


def _with_prose(result: SendResult) -> SendResult:
    if isinstance(result, Refused):
        return replace(result, element={"message": f"to {RECIPIENT_PHONE}"})
    return result


def _with_a_long_id(result: SendResult) -> SendResult:
    return Accepted(("x" * 300,)) if isinstance(result, Accepted) else result


def _same(result: SendResult) -> SendResult:
    return result


DOUBTS = {"send_bare_5xx", "send_garbage", "send_reset", "send_silence"}
SENDS: Mapping[str, tuple[Result, int, set[str]]] = {
    "retries doubts": (_as_transient, 1, DOUBTS),
    "takes doubts for success": (_as_accepted, 1, DOUBTS),
    "unreached as unknown": (_unreached_as_unknown, 1, {"send_unreached", "send_bare_503"}),
    "all permanent": (_permanent, 1, {"send_errors", "send_throttled", "send_own_5xx"}),
    "no scope": (_without_scope, 1, {"send_throttled"}),
    "another wait": (_without_wait, 1, {"send_throttled_wait"}),
    "keeps prose": (_with_prose, 1, {"secrecy_of_calls"}),
    "an id of any length": (_with_a_long_id, 1, {"send_odd_answers"}),
    "calls twice": (_same, 2, {"send_accepted", "send_errors", "send_reset", "send_silence"}),
}


class SecretInUrl(HttpClient):
    """A client that writes the token into the URL."""

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes
    ) -> Any:
        token = headers["Authorization"].removeprefix("Bearer ")
        return await super().request(method, f"{url}?token={token}", headers=headers, body=body)
