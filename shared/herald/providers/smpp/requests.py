"""Requests of ours on one connection, matched with their responses by sequence number."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from herald.providers.smpp.pdus import GENERIC_NACK, MAX_SEQUENCE, RESPONSE, Pdu

MAX_LATE = 1000  # requests whose response may still come after we gave up waiting

OnLate = Callable[[Pdu], None]


class NotWrittenError(Exception):
    """Nothing of a request was written."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class LinkLostError(Exception):
    """The connection ended after a request was written, and before its response."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Requests:
    """The requests of one connection; `write` sends a PDU, `close` ends the connection."""

    def __init__(self, write: Callable[[Pdu], None], close: Callable[[str], None]) -> None:
        self._write = write
        self._close = close
        self._sequence = 0
        self._waiting: dict[int, asyncio.Future[Pdu]] = {}
        self._late: OrderedDict[int, OnLate] = OrderedDict()
        self._is_over = False

    def __len__(self) -> int:
        return len(self._waiting)

    async def make(
        self, command: int, body: bytes, deadline: float, on_late: OnLate | None = None
    ) -> Pdu:
        """Write a request and wait for its response; `deadline` is the loop's time.

        Raises:
            NotWrittenError: the connection is over; nothing was written.
            LinkLostError: it ended before the response.
            TimeoutError: there was no response in time; `on_late` gets it if it comes after all.
        """
        if self._is_over:
            raise NotWrittenError("link_lost")
        self._sequence = self._sequence % MAX_SEQUENCE + 1
        sequence = self._sequence
        response: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        self._waiting[sequence] = response
        try:
            self._write(Pdu(command, sequence, body=body))
            async with asyncio.timeout_at(deadline):
                found = await response
        except TimeoutError:
            self._expect_late(sequence, on_late)
            raise
        finally:
            del self._waiting[sequence]
        if found.command not in {command | RESPONSE, GENERIC_NACK}:
            self._close("garbage")
            raise LinkLostError("garbage")
        return found

    def take(self, pdu: Pdu) -> None:
        """Take a response."""
        response = self._waiting.get(pdu.sequence)
        if response is not None:
            if not response.done():
                response.set_result(pdu)
        elif (on_late := self._late.pop(pdu.sequence, None)) is not None:
            on_late(pdu)

    async def answered(self, seconds: float) -> None:
        """Return when all there are have a response, after `seconds` at most."""
        if self._waiting:
            await asyncio.wait(list(self._waiting.values()), timeout=seconds)

    def end(self, why: str) -> None:
        """Take note that no response comes any more."""
        self._is_over = True
        self._late.clear()
        for response in self._waiting.values():
            if not response.done():
                response.set_exception(LinkLostError(why))

    def _expect_late(self, sequence: int, on_late: OnLate | None) -> None:
        if on_late is None or self._is_over:
            return
        self._late[sequence] = on_late
        if len(self._late) > MAX_LATE:
            self._late.popitem(last=False)
