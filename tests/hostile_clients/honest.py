"""Honest webhooks: signed, small, one after the other, and how long each one waited."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import aiohttp

from behaviour.ingress.gateway import Providers

PAUSE_SECONDS = 0.02
CALLERS = 4
NUMBER = "100000000000001"
_numbers = count()


def statuses(number: int) -> bytes:
    """Write one call with so many statuses, of messages that nobody knows."""
    value = {
        "metadata": {"phone_number_id": NUMBER},
        "statuses": [
            {
                "id": f"wamid.HBgLMTU1NTAwMDAwMDEVAgARGBI5QTNDQTVC{next(_numbers):012}",
                "status": "delivered",
                "timestamp": "1768824000",
                "recipient_id": "15550000001",
                "conversation": {"id": "8ad0c3b1d4e5f6a7", "origin": {"type": "utility"}},
                "pricing": {"billable": True, "pricing_model": "PMP", "category": "utility"},
            }
            for _ in range(number)
        ],
    }
    change = {"field": "messages", "value": value}
    return json.dumps({"entry": [{"id": "1", "changes": [change]}]}).encode()


def references(body: bytes) -> list[str]:
    """Return the messages that a call is about."""
    return re.findall(r'"id": "(wamid[^"]+)"', body.decode())


@dataclass
class Waits:
    """What became of the honest calls."""

    seconds: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)

    @property
    def p99_milliseconds(self) -> int:
        """What all but one of a hundred waited at most."""
        ordered = sorted(self.seconds)
        return round(1000 * ordered[max(0, len(ordered) * 99 // 100 - 1)])

    def __str__(self) -> str:
        slowest = round(1000 * max(self.seconds))
        return f"{dict(self.answers)}, p99 {self.p99_milliseconds} ms, slowest {slowest} ms"


@asynccontextmanager
async def honest_calls(providers: Providers) -> AsyncIterator[Waits]:
    """Call all the time of a `with` block."""
    waits = Waits()
    callers = [asyncio.create_task(_call_on(providers, waits)) for _ in range(CALLERS)]
    try:
        yield waits
    finally:
        for caller in callers:
            caller.cancel()
        await asyncio.gather(*callers, return_exceptions=True)


async def _call_on(providers: Providers, waits: Waits) -> None:
    while True:
        started = time.perf_counter()
        try:
            answer = str((await providers.meta(statuses(1))).status)
        except aiohttp.ClientError as error:
            answer = type(error).__name__
        waits.seconds.append(time.perf_counter() - started)
        waits.answers[answer] += 1
        await asyncio.sleep(PAUSE_SECONDS)
