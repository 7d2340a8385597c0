"""How long a connection waits for its caller: for what is owed, and for what is not taken."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

UNTAKEN_SECONDS = 30.0  # an answer of which the caller takes nothing
NEVER = float("inf")


class TimedProtocol(HttpToolsProtocol):
    """One connection with two deadlines. Its listener ends it after the earlier one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._owed_until = NEVER  # what the caller has to say
        self._untaken_until = NEVER  # what it has to read

    @property
    def deadline(self) -> float:
        """Return when it is to end, in the event loop's time."""
        return min(self._owed_until, self._untaken_until)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._socket = transport

    def eof_received(self) -> None:
        """Give what is unsent its time: the transport closes now, and waits for it without end."""
        self._limit_untaken()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._limit_untaken()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._untaken_until = NEVER
        if self._socket.is_closing():
            self._limit_untaken()  # for the rest

    def _close(self) -> None:
        """Close once what was written is taken, or its time is over: nothing more is owed."""
        self._owed_until = NEVER
        self._limit_untaken()
        self._socket.close()

    def _limit_untaken(self) -> None:
        self._untaken_until = min(self._untaken_until, self.loop.time() + UNTAKEN_SECONDS)

    def _wait(self, seconds: float) -> None:
        self._owed_until = self.loop.time() + seconds
