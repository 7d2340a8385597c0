"""HTTP proxies that know CONNECT alone and ask for a password."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac

from sandbox.settings import ProxySettings

_LONGEST_HEAD = 16 * 1024
_BLOCK = 64 * 1024
_ENDS = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)


class Proxy:
    """Passes bytes on for whoever knows the password."""

    def __init__(self, settings: ProxySettings) -> None:
        self._settings = settings
        login = f"{settings.username}:{settings.password.get_secret_value()}".encode()
        self._authorization = b"Basic " + base64.b64encode(login)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(
            self._serve, self._settings.host, self._settings.port, limit=_LONGEST_HEAD
        )

    async def stop(self) -> None:
        """Listen no more, and cut what passes through."""
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with contextlib.suppress(
                OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError
            ):
                await self._connect(reader, writer)
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        method, _, target = head[0].partition(b" ")
        if not self._knows(head[1:]):
            await _answer(writer, b'407 No\r\nProxy-Authenticate: Basic realm="sandbox"')
            return
        host, _, port = target.partition(b" ")[0].decode().rpartition(":")
        if method != b"CONNECT" or not port.isdigit():
            await _answer(writer, b"405 CONNECT only")
            return
        local = (self._settings.address, 0) if self._settings.address else None
        try:
            there = await asyncio.open_connection(host.strip("[]"), int(port), local_addr=local)
        except OSError:
            await _answer(writer, b"502 No route")
            return
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await asyncio.gather(_pass(reader, there[1]), _pass(there[0], writer))

    def _knows(self, headers: list[bytes]) -> bool:
        given = [line for line in headers if line.lower().startswith(b"proxy-authorization:")]
        return any(
            hmac.compare_digest(line.partition(b":")[2].strip(), self._authorization)
            for line in given
        )


async def _answer(writer: asyncio.StreamWriter, status: bytes) -> None:
    writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(_BLOCK):
            sink.write(data)
            await sink.drain()
    sink.close()
