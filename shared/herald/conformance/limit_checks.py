"""How much time and memory an event may take."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from herald.conformance.checks import Check, Needs
from herald.conformance.trial import Trial
from herald.conformance.verdicts import NotMetError, require
from herald.providers.json_bodies import BeyondLimitsError, NotJsonError
from herald.providers.lenient_json import NotUnderstoodError
from herald.providers.subject_webhooks import Call
from herald.providers.webhook_endpoints import Endpoint

EVENTS = 100
SECONDS_AN_EVENT = 0.002  # of a processor: five hundred events a second and core, at the least
BYTES_A_BYTE = 64  # of memory, for each byte of a body
SPARE_BYTES = 4 * 1024 * 1024
_MEASURED_BYTES = 64 * 1024
_DISHONEST_BYTES = 512 * 1024
_ROUNDS = 2  # one that is quick is enough: what else the machine does is not the provider's
_LOOK = "verify and normalise in webhooks.py"


async def on_time(trial: Trial) -> None:
    """Verify and read an event in little time, however many come together."""
    endpoint, calls = trial.endpoint(), _calls(trial)
    for _ in range(_ROUNDS):
        spent = await _seconds(trial, endpoint, calls) / EVENTS
        if spent <= SECONDS_AN_EVENT:
            return
    most = f"at most {SECONDS_AN_EVENT * 1000:g} ms an event"
    raise NotMetError(most, f"{spent * 1000:.2f} ms", _LOOK)


async def in_memory(trial: Trial) -> None:
    """Read a body in memory that grows with it by a factor, and refuse what would take more."""
    endpoint = trial.endpoint()
    for label, call in _large_calls(trial, endpoint.rules.max_body_bytes):
        request = trial.request(call)
        peak = _peak_bytes(partial(endpoint.normalise, request))
        most = SPARE_BYTES + BYTES_A_BYTE * min(len(call.body), _MEASURED_BYTES)
        if len(call.body) > _MEASURED_BYTES:
            most = SPARE_BYTES + 8 * len(call.body)
        seen = f"{peak // 1024} KiB for {len(call.body) // 1024} KiB"
        require(peak <= most, f"{label}: at most {most // 1024} KiB of memory", seen, _LOOK)


def _calls(trial: Trial) -> list[Call]:
    elements = [trial.status(reference=f"reference-{n}", number=n) for n in range(EVENTS)]
    size = min(trial.webhooks.batch, EVENTS)
    return [trial.call(*elements[n : n + size]) for n in range(0, EVENTS, size)]


async def _seconds(trial: Trial, endpoint: Endpoint, calls: list[Call]) -> float:
    requests = [trial.request(call) for call in calls]
    read, began = 0, time.process_time()
    for request in requests:
        verified = endpoint.verify(request)
        if not isinstance(verified, bool):
            await verified
        read += len(endpoint.normalise(request).receipts)
    spent = time.process_time() - began
    require(read == EVENTS, f"{EVENTS} receipts of as many events", read, _LOOK)
    return spent


def _large_calls(trial: Trial, most: int) -> list[tuple[str, Call]]:
    """Return an honest body, and the largest allowed ones of a dishonest sender."""
    one = trial.call(trial.status())
    events = max(1, min(trial.webhooks.batch, _MEASURED_BYTES // max(1, len(one.body))))
    honest = trial.call(*(trial.status(reference=f"r-{n}", number=n) for n in range(events)))
    most = min(most, _DISHONEST_BYTES)
    bodies = {
        "deep lists": b"[" * most,
        "deep objects": b'{"a":' * (most // 5),
        "a list of nothing": b"[" + b"0," * (most // 2 - 2) + b"0]",
        "fields of nothing": b"a=&" * (most // 3),
    }
    return [
        ("an honest body", honest),
        *((label, replace(one, body=body)) for label, body in bodies.items()),
    ]


def _peak_bytes(work: Callable[[], Any]) -> int:
    tracemalloc.start()
    try:
        work()
    except (NotJsonError, BeyondLimitsError, NotUnderstoodError, ValueError):
        pass  # refused by name
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak


CHECKS = (
    Check("limit_of_time", "An event takes little time.", Needs.WEBHOOKS, on_time),
    Check("limit_of_memory", "A body takes memory in proportion.", Needs.WEBHOOKS, in_memory),
)
