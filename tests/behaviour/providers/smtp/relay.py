"""A relay that follows a script: what it answers to each command, or how it falls silent.

It keeps no protocol rules; a real server (aiosmtpd) is for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

HANG_UP = "hang up"
SILENCE = "silence"

POLITE: Mapping[str, str] = {
    "GREETING": "220 relay.example.com",
    "EHLO": "250-relay.example.com\n250-AUTH PLAIN LOGIN\n250 ENHANCEDSTATUSCODES",
    "HELO": "250 relay.example.com",
    "AUTH": "235 2.7.0 welcome",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 go on",
    ".": "250 2.0.0 Ok: queued as 4XyZ12",
    "RSET": "250 2.0.0 Ok",
    "NOOP": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
}


class Relay:
    """The script, and what was said in every session."""

    def __init__(self, **script: str) -> None:
        self.script = {**POLITE, **script}
        self.delays: dict[str, float] = {}  # seconds before the answer to a command
        self.port = 0
        self.sessions: list[list[str]] = []
        self.mails: list[bytes] = []
        self.over = asyncio.Event()
        self._writers: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}
        self.open = 0
        self.most_open = 0

    @property
    def said(self) -> list[str]:
        """The verbs of all sessions, in order of sessions."""
        return [line.split(" ")[0] for lines in self.sessions for line in lines]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hold one session."""
        lines: list[str] = []
        self.sessions.append(lines)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        self._writers[writer] = asyncio.current_task()
        try:
            await self._answer(writer, "GREETING")
            while line := (await reader.readline()).decode().strip():
                lines.append(line)
                verb = line.split(" ")[0]
                await self._answer(writer, verb)
                if verb == "DATA" and self.script["DATA"].startswith("354"):
                    self.mails.append(await reader.readuntil(b"\r\n.\r\n"))
                    await self._answer(writer, ".")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            self._writers.pop(writer)
            writer.close()

    async def stop(self) -> None:
        """End every session, and wait for its end."""
        self.over.set()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*filter(None, list(self._writers.values())))

    async def _answer(self, writer: asyncio.StreamWriter, verb: str) -> None:
        answer = self.script[verb]
        await asyncio.sleep(self.delays.get(verb, 0.0))
        if answer == SILENCE:
            await self.over.wait()
        if answer in {SILENCE, HANG_UP}:
            raise ConnectionResetError
        # a lone surrogate in the script is the byte it stands for
        writer.write(answer.replace("\n", "\r\n").encode("utf-8", "surrogateescape") + b"\r\n")
        await writer.drain()


@asynccontextmanager
async def relaying(**script: str) -> AsyncIterator[Relay]:
    """Serve on a free port of loopback; `DOT` is the answer to the final dot."""
    if "DOT" in script:
        script["."] = script.pop("DOT")
    relay = Relay(**script)
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        await relay.stop()
