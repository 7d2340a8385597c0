"""Every way in which an SMSC can end a call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from behaviour.providers.api_server import closed_port
from behaviour.providers.smpp.making import Bus
from behaviour.providers.smpp.smsc import HANG_UP, SILENCE, Answer, Smsc, running
from herald.channel.accounts import SendingAccount

BIND_REFUSED, NO_CONNECTION = "bind refused", "no connection"
ANSWERS: dict[str, Answer] = {
    "accepted": "4F2A",
    "accepted in prose": "{echo}",
    "refused": 0x0B,
    "credentials refused": 0x0E,
    "throttled": 0x58,
    "garbage": b"{echo}",
    "hangs up": HANG_UP,
    "no answer": SILENCE,
    BIND_REFUSED: "4F2A",
    NO_CONNECTION: "4F2A",
}


@asynccontextmanager
async def smsc_for(path: str, echo: str) -> AsyncIterator[int]:
    """Run an SMSC that ends calls in one of the ways; give its port."""
    answer = ANSWERS[path]
    if isinstance(answer, bytes):
        answer = echo.encode()
    elif answer == "{echo}":
        answer = echo
    smsc = Smsc(submitted=lambda _session, _message: answer)
    smsc.bind_status = 0x0E if path == BIND_REFUSED else 0
    async with running(smsc):
        yield closed_port() if path == NO_CONNECTION else smsc.port


@asynccontextmanager
async def bound(account: SendingAccount) -> AsyncIterator[Any]:
    """Start an account for the time of a call."""
    await account.provider.start(Bus().emit)
    try:
        yield account
    finally:
        await account.provider.stop()
