"""One connection of a client to the SMSC."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable
from itertools import count

from sandbox.peers import PEER
from sandbox.providers.smpp_pdus import (
    BINDS,
    DELIVER_SM,
    ENQUIRE_LINK,
    GENERIC_NACK,
    HEADER_BYTES,
    MAX_PDU_BYTES,
    RESPONSE,
    SUBMIT_SM,
    UNBIND,
    Submit,
    pdu,
    read_bind,
    read_submit,
)

OK, BAD_COMMAND, NOT_BOUND, BAD_SUBMIT = 0x00, 0x03, 0x04, 0x01
GARBAGE = b"<<< what is this?"  # its first octets are a length that no PDU has

# Answers a submit: with a command_status and a message id, or None where it has ended the session.
Submitted = Callable[["Session", Submit], Awaitable[tuple[int, str] | None]]
Bind = Callable[["Session", str, str], int]  # checks a bind, returns its command_status


class Session:
    """A connection from its first PDU to its last."""

    def __init__(self, writer: asyncio.StreamWriter, bind: Bind, submitted: Submitted) -> None:
        self._writer = writer
        self._bind = bind
        self._submitted = submitted
        self._sequence = count(1)
        self._answers: dict[int, asyncio.Future[int]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.mode = ""  # empty until it is bound

    @property
    def receives(self) -> bool:
        """Whether messages can be delivered by it."""
        return self.mode in {"receiver", "transceiver"} and not self._writer.is_closing()

    async def run(self, reader: asyncio.StreamReader) -> None:
        """Serve it until its end."""
        peer = self._writer.get_extra_info("peername")
        PEER.set(peer[0] if peer else None)
        try:
            while True:
                head = await reader.readexactly(HEADER_BYTES)
                length, command, status, sequence = struct.unpack(">IIII", head)
                if not HEADER_BYTES <= length <= MAX_PDU_BYTES:
                    break
                body = await reader.readexactly(length - HEADER_BYTES)
                self._handle(command, status, sequence, body)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.end()

    def end(self) -> None:
        """Close it at once."""
        self.mode = ""
        self._writer.transport.abort()
        for task in self._tasks:
            task.cancel()
        for answer in self._answers.values():
            answer.cancel()

    def unbind(self) -> None:
        """Ask the client to leave: what it has submitted meanwhile is answered yet."""
        self._write(UNBIND, next(self._sequence))

    def write_garbage(self) -> None:
        """Write what is no PDU."""
        self._writer.write(GARBAGE)

    def deliver(self, body: bytes) -> asyncio.Future[int]:
        """Write a deliver_sm at once; its command_status comes with the response."""
        sequence = next(self._sequence)
        answer = self._answers[sequence] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(lambda _: self._answers.pop(sequence, None))
        self._write(DELIVER_SM, sequence, body=body)
        return answer

    def _write(self, command: int, sequence: int, status: int = OK, body: bytes = b"") -> None:
        self._writer.write(pdu(command, sequence, status, body))

    def _handle(self, command: int, status: int, sequence: int, body: bytes) -> None:
        if command & RESPONSE:
            answer = self._answers.get(sequence)
            if answer is not None and not answer.done():
                answer.set_result(status)
        elif command in BINDS:
            self._take_bind(command, sequence, body)
        elif command in {ENQUIRE_LINK, UNBIND}:
            self._write(command | RESPONSE, sequence)
            if command == UNBIND:
                self._writer.close()
        elif command != SUBMIT_SM:
            self._write(GENERIC_NACK, sequence, BAD_COMMAND)
        elif not self.mode or self.mode == "receiver":
            self._write(SUBMIT_SM | RESPONSE, sequence, NOT_BOUND)
        else:
            task = asyncio.create_task(self._take_submit(sequence, body))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _take_bind(self, command: int, sequence: int, body: bytes) -> None:
        try:
            status = self._bind(self, *read_bind(body))
        except ValueError:
            status = BAD_SUBMIT
        self.mode = "" if status else BINDS[command]
        self._write(command | RESPONSE, sequence, status, b"sandbox\0")

    async def _take_submit(self, sequence: int, body: bytes) -> None:
        try:
            submit = read_submit(body)
        except ValueError:
            self._write(SUBMIT_SM | RESPONSE, sequence, BAD_SUBMIT)
            return
        answer = await self._submitted(self, submit)
        if answer is not None:
            status, reference = answer
            self._write(SUBMIT_SM | RESPONSE, sequence, status, reference.encode() + b"\0")
