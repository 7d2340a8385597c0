"""A server of files on this machine, and fetches from it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from herald.contracts.content import Media
from herald.contracts.failures import Failure
from herald.files.configuration import MediaRules
from herald.files.fetching import Fetcher
from herald.providers.files import File
from private_authority import Pair

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 8
Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


def answer(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """Write a response; without a length it ends with the connection."""
    lines = [f"HTTP/1.1 {status}", "Connection: close", *headers]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class FileServer:
    """Answers by path; `asked` holds the heads of its requests."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[bytes] = []
        self.port = 0

    def link(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head)
        path = head.split(b" ", 2)[1].decode()
        found = self.answers.get(path, answer(b"", status="404 Not Found", length=0))
        try:
            if isinstance(found, bytes):
                writer.write(found)
            else:
                await found(writer)
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(pair: Pair | None = None) -> AsyncIterator[FileServer]:
    """Serve files, over TLS with a certificate."""
    files, context = FileServer(), None
    if pair is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pair.certificate, pair.key)
    server = await asyncio.start_server(files.serve, "127.0.0.1", 0, ssl=context)
    files.port = server.sockets[0].getsockname()[1]
    try:
        yield files
    finally:
        server.close()


@asynccontextmanager
async def fetching(
    files: FileServer, *, channel: str = "push", **rules: Any
) -> AsyncIterator[Fetcher]:
    """Fetch from this machine, unless `rules` say otherwise, for a channel without rules."""
    written = {
        "ports": [files.port],
        "private_networks": ["127.0.0.1/32"],
        "allow_cleartext": True,
        **rules,
    }
    fetcher = Fetcher(channel, MediaRules.model_validate(written))
    await fetcher.start()
    try:
        yield fetcher
    finally:
        await fetcher.stop()


def media(url: str, **fields: Any) -> Media:
    """Name a file by a link that no command could have."""
    return Media.model_construct(url=url, **{"kind": "image", **fields})


def failed(found: File | tuple[File, ...] | Failure) -> str:
    """Return why a fetch failed, as class and code."""
    assert isinstance(found, Failure)
    assert "http://" not in found.text
    assert "127.0.0.1" not in found.text
    return f"{found.failure_class} {found.code}"
