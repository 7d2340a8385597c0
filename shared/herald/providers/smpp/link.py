"""One connection to an SMSC: what we ask, what it asks, and whether anybody is there."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass

import structlog

from herald.providers.smpp.errors import BAD_LENGTH, OK, QUEUE_FULL, UNKNOWN_COMMAND
from herald.providers.smpp.pdus import (
    ALERT_NOTIFICATION,
    DATA_SM,
    DELIVER_SM,
    ENQUIRE_LINK,
    GENERIC_NACK,
    HEADER_BYTES,
    OUTBIND,
    RESPONSE,
    SUBMIT_SM,
    UNBIND,
    MalformedError,
    Pdu,
    read_header,
)
from herald.providers.smpp.requests import LinkLostError, NotWrittenError, OnLate, Requests

_log = structlog.get_logger(__name__)

MAX_ARRIVING = 200  # messages of the SMSC's that wait for the bus, on one connection
LEAVE_SECONDS = 3.0  # for an unbind's response, and for what is still on its way to the bus
WINDOW_FULL = "window_full"  # why a submit was not written

Take = Callable[[Pdu], Awaitable[int]]  # takes a message, says the command_status to answer with
Answered = Callable[[Pdu], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRules:
    """How a connection is used; times are in seconds."""

    window: int
    enquire_after: float
    enquire_timeout: float


class Link:
    """A connection that is open, from before its bind until its end."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        rules: LinkRules,
        take: Take,
        answered: Answered,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._rules = rules
        self._take = take
        self._answered = answered
        self._requests = Requests(self._write, self.close)
        self.request = self._requests.make
        self._places = asyncio.Semaphore(rules.window)
        self._heard = time.monotonic()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_leaving = False
        self.closed = asyncio.Event()
        self.why = ""  # it ended
        self._reading = asyncio.create_task(self._read())

    @property
    def unanswered(self) -> int:
        """How many requests have no response yet."""
        return len(self._requests)

    @property
    def is_usable(self) -> bool:
        """Whether new submits may go by it."""
        return not (self._is_leaving or self.closed.is_set())

    async def submit(self, body: bytes, begin_by: float, deadline: float, on_late: OnLate) -> Pdu:
        """Submit a message if the window has a place in time; raises what `Requests.make` does."""
        try:
            async with asyncio.timeout_at(begin_by):
                await self._places.acquire()
        except TimeoutError:
            raise NotWrittenError(WINDOW_FULL) from None
        try:
            if not self.is_usable:
                raise NotWrittenError("link_lost")
            return await self.request(SUBMIT_SM, body, deadline, on_late)
        finally:
            self._places.release()

    async def watch(self) -> None:
        """Ask whether the other side is there whenever it says nothing; end where it is not."""
        while not self.closed.is_set():
            quiet = time.monotonic() - self._heard
            if quiet < self._rules.enquire_after:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._rules.enquire_after - quiet):
                        await self.closed.wait()
                continue
            deadline = asyncio.get_running_loop().time() + self._rules.enquire_timeout
            try:
                await self.request(ENQUIRE_LINK, b"", deadline)
            except TimeoutError:
                self.close("enquire_link_timeout")
            except (LinkLostError, NotWrittenError):
                return

    async def leave(self) -> None:
        """Take nothing new, let what is on its way end, unbind, and close."""
        self._is_leaving = True
        deadline = asyncio.get_running_loop().time() + LEAVE_SECONDS
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LEAVE_SECONDS)
        with contextlib.suppress(TimeoutError, LinkLostError, NotWrittenError):
            await self.request(UNBIND, b"", deadline)
        self.close("unbound")
        await self.ended()

    def close(self, why: str) -> None:
        """End the connection; whatever has no response never gets one."""
        if self.closed.is_set():
            return
        self.why = why
        self.closed.set()
        self._writer.close()  # what is written goes out yet
        self._requests.end(why)

    async def ended(self) -> None:
        """Return when nothing of the connection runs any more."""
        self._writer.transport.abort()
        self._reading.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(self._reading, *self._tasks, return_exceptions=True)

    def _write(self, pdu: Pdu) -> None:
        self._writer.write(pdu.encoded())

    async def _read(self) -> None:
        """Read until the end. Never waits for anything else, so that responses are never late."""
        why = "link_lost"
        try:
            while not self.closed.is_set():
                body_bytes, head = read_header(await self._reader.readexactly(HEADER_BYTES))
                body = await self._reader.readexactly(body_bytes)
                self._heard = time.monotonic()
                self._handle(Pdu(head.command, head.sequence, head.status, body))
        except MalformedError:
            why = "garbage"
            self._write(Pdu(GENERIC_NACK, 0, BAD_LENGTH))
        except (OSError, asyncio.IncompleteReadError):
            pass
        except Exception as error:  # noqa: BLE001  a bug: this connection ends, others don't
            why = "failed"
            _log.error("smpp.failed", error=type(error).__name__)
        finally:
            self.close(why)

    def _handle(self, pdu: Pdu) -> None:
        if pdu.is_response:
            self._requests.take(pdu)
        elif pdu.command in {DELIVER_SM, DATA_SM}:
            self._arrive(pdu)
        elif pdu.command == ENQUIRE_LINK:
            self._answer(pdu, OK)
        elif pdu.command == UNBIND:
            self._spawn(self._let_go(pdu))
        elif pdu.command not in {ALERT_NOTIFICATION, OUTBIND}:
            self._write(Pdu(GENERIC_NACK, pdu.sequence, UNKNOWN_COMMAND))

    def _arrive(self, pdu: Pdu) -> None:
        if self._is_leaving or len(self._tasks) >= MAX_ARRIVING:
            self._answer(pdu, QUEUE_FULL)  # it comes again
            return
        self._spawn(self._take_in(pdu))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _let_go(self, pdu: Pdu) -> None:
        """Let the SMSC unbind us: with nothing new, once it has answered what it had."""
        self._is_leaving = True
        await self._requests.answered(LEAVE_SECONDS)
        self._answer(pdu, OK)
        self.close("unbound_by_smsc")

    async def _take_in(self, pdu: Pdu) -> None:
        status = await self._take(pdu)
        if not self.closed.is_set():
            self._answer(pdu, status)
            if status == OK:
                self._answered(pdu)

    def _answer(self, pdu: Pdu, status: int) -> None:
        body = b"\0" if pdu.command in {DELIVER_SM, DATA_SM} else b""
        self._write(Pdu(pdu.command | RESPONSE, pdu.sequence, status, body))
