"""An SMSC that follows a script; it reads what we write with aiosmpplib's decoder.

It keeps no messages and no rules: what it answers, and when it falls silent, is the test's.
"""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from aiosmpplib.protocol import MESSAGE_TYPE_MAP, BindTransceiver, SmppMessage, SubmitSm
from aiosmpplib.state import SmppCommand

HANG_UP = "hang up"
SILENCE = "silence"
RESPONSE = 0x80000000
DELIVER_SM = 0x00000005

# The command_status of a submit's response, its message id, bytes as they are, or one of the above.
Answer = int | str | bytes
Submitted = Callable[["Session", SubmitSm], Answer]


class Session:
    """One connection of a client's."""

    def __init__(self, smsc: Smsc, writer: asyncio.StreamWriter) -> None:
        self._smsc = smsc
        self.writer = writer
        self.bound: SmppMessage | None = None
        self.heard: list[int] = []  # commands
        self._sequence = count(1000)
        self._answers: dict[int, asyncio.Future[int]] = {}

    def write(self, command: int, sequence: int, status: int = 0, body: bytes = b"") -> None:
        """Write a PDU."""
        head = struct.pack(">IIII", 16 + len(body), command, status, sequence)
        self.writer.write(head + body)

    async def deliver(self, body: bytes, command: int = DELIVER_SM) -> int:
        """Send a message to the client; return the command_status of its response."""
        sequence = next(self._sequence)
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._answers[sequence] = answer
        self.write(command, sequence, body=body)
        return await answer

    async def ask(self, command: int, body: bytes = b"") -> int:
        """Send any request; return the command_status of its response."""
        return await self.deliver(body, command)

    def handle(self, pdu: bytes) -> None:
        """Answer one PDU, and keep what it says."""
        command, status, sequence = struct.unpack_from(">III", pdu, 4)
        self.heard.append(command)
        if command & RESPONSE:
            answer = self._answers.pop(sequence, None)
            if answer is not None and not answer.done():
                answer.set_result(status)
            return
        header = SmppMessage.parse_header(pdu[:16])
        message = MESSAGE_TYPE_MAP[header.smpp_command].from_pdu(pdu, header, "gsm0338")
        match message:
            case BindTransceiver():
                self._smsc.note_bind(self, message)
                self.write(command | RESPONSE, sequence, self._smsc.bind_status, b"smsc\0")
            case SubmitSm():
                self._smsc.submits.append(message)
                self._smsc.raw.append(pdu)
                self._submitted(message, sequence)
            case _ if command not in self._smsc.ignores:
                self.write(command | RESPONSE, sequence)

    def _submitted(self, message: SubmitSm, sequence: int) -> None:
        answer = self._smsc.submitted(self, message)
        match answer:
            case bytes():
                self.writer.write(answer)
            case int():
                self.write(SmppCommand.SUBMIT_SM_RESP, sequence, answer)
            case "hang up":
                self.writer.transport.abort()
            case "silence":
                self._smsc.silent.append((self, sequence))
            case _:
                body = answer.encode() + b"\0"
                self.write(SmppCommand.SUBMIT_SM_RESP, sequence, body=body)


@dataclass
class Smsc:
    """The script, and what was said."""

    submitted: Submitted = field(default=lambda _session, _message: "id-1")
    bind_status: int = 0
    ignores: frozenset[int] = frozenset()
    port: int = 0
    sessions: list[Session] = field(default_factory=list)
    binds: list[BindTransceiver] = field(default_factory=list)
    submits: list[SubmitSm] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    silent: list[tuple[Session, int]] = field(default_factory=list)  # submits without a response
    bound: asyncio.Event = field(default_factory=asyncio.Event)  # since it was cleared
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    def note_bind(self, session: Session, message: BindTransceiver) -> None:
        """Keep a bind."""
        self.binds.append(message)
        session.bound = message
        self.bound.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hold one connection."""
        session = Session(self, writer)
        self.sessions.append(session)
        self.open.add(writer)
        try:
            while True:
                head = await reader.readexactly(4)
                [length] = struct.unpack(">I", head)
                session.handle(head + await reader.readexactly(length - 4))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open.discard(writer)
            writer.transport.abort()


@asynccontextmanager
async def running(smsc: Smsc, tls: ssl.SSLContext | None = None) -> AsyncIterator[Smsc]:
    """Serve on a free port of loopback."""
    server = await asyncio.start_server(smsc.serve, "127.0.0.1", smsc.port, ssl=tls)
    smsc.port = server.sockets[0].getsockname()[1]
    try:
        yield smsc
    finally:
        server.close()
        for writer in list(smsc.open):
            writer.transport.abort()
        await server.wait_closed()
