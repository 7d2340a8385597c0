"""A provider's API that responds as a test wants, and keeps its requests."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from socket import SO_LINGER, SOL_SOCKET, socket
from typing import Any, Literal

from herald.http.client import HttpClient

Ending = Literal["response", "close", "reset", "silence", "cut"]
_NO_LINGER = struct.pack("ii", 1, 0)  # closing then resets


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """One request, as it arrived."""

    line: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True, kw_only=True)
class ApiServer:
    """The next response: after a whole request, in one of the ways connections end."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    ending: Ending = "response"
    base_url: str = ""
    requests: list[ReceivedRequest] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def will(self, status: int, body: Any, **headers: str) -> None:
        """Respond with `body`, as JSON unless it is bytes; `_` in a header's name is `-`."""
        self.status = status
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request and end its connection."""
        try:
            self.requests.append(await _read(reader))
            await self._end(writer)
        finally:
            writer.close()

    async def _end(self, writer: asyncio.StreamWriter) -> None:
        if self.ending == "close":
            return
        if self.ending == "reset":
            connection: socket = writer.get_extra_info("socket")
            connection.setsockopt(SOL_SOCKET, SO_LINGER, _NO_LINGER)
            writer.transport.abort()
            return
        if self.ending == "silence":
            await self.over.wait()
            return
        length = len(self.body) + (10 if self.ending == "cut" else 0)
        fields = {**self.headers, "Content-Length": str(length), "Connection": "close"}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(f"HTTP/1.1 {self.status} X\r\n{head}\r\n".encode() + self.body)
        await writer.drain()


async def _read(reader: asyncio.StreamReader) -> ReceivedRequest:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    line, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return ReceivedRequest(line=line, headers=headers, body=body)


@asynccontextmanager
async def serving_api() -> AsyncIterator[ApiServer]:
    """Serve on a free port of loopback."""
    provider = ApiServer()
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
    provider.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield provider
    finally:
        provider.over.set()
        server.close()


@asynccontextmanager
async def http_client(timeout_seconds: float = 2.0) -> AsyncIterator[HttpClient]:
    """Give a client that is ready."""
    client = HttpClient(timedelta(seconds=timeout_seconds))
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


def closed_port() -> int:
    """Return a port nobody listens on."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
