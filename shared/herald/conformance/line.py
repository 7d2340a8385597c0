"""A provider under way: its stand-in on loopback, its client, and one send at a time."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from structlog.testing import capture_logs

from herald.conformance.http_wire import HttpWire
from herald.conformance.trial import NAME, Trial
from herald.contracts.content import Media
from herald.contracts.receipts import AttemptReceipt, InboundReceipt
from herald.http.client import HttpClient
from herald.providers.credentials import Credentials
from herald.providers.files import File
from herald.providers.registry import send_module
from herald.providers.sending import Provider, ProviderContext, SendResult
from herald.providers.subject_sending import Answer, Fault, Message, Script, Wire

LONG = timedelta(seconds=10)
_TLS = ssl.create_default_context()  # which takes long to make, and is not used
_LINE_BYTES = 1024 * 1024
SHORT = timedelta(seconds=0.25)  # of a call that nobody answers

Heard = Callable[[bytes], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Line:
    """A provider that is ready to send, and what its stand-in heard."""

    provider: Provider
    script: Script
    message: Message  # that stands for all
    heard: list[bytes] = field(default_factory=list)  # of calls that send, the latest last
    logs: list[str] = field(default_factory=list)
    while_heard: Heard | None = None  # done before the stand-in answers

    async def send(self, then: Answer | Fault, message: Message | None = None) -> SendResult:
        """Send a message to a provider that does `then`."""
        sent = self.message if message is None else message
        self.script.then = then
        self.heard.clear()
        with _captured(self.logs):
            return await self.provider.send(sent.work, sent.content)

    async def hear(self, request: bytes) -> None:
        """Take a call that sends."""
        self.heard.append(request)
        if self.while_heard is not None:
            await self.while_heard(request)


@asynccontextmanager
async def open_line(
    trial: Trial, *, timeout: timedelta = LONG, reachable: bool = True
) -> AsyncIterator[Line]:
    """Start a provider whose account leads to a stand-in, or to a port that nobody listens on."""
    sending = trial.subject.sending
    wire = HttpWire() if sending.wire is None else sending.wire
    lines: list[Line] = []

    async def hear(request: bytes) -> None:
        await lines[0].hear(request)

    script = Script(then=sending.accepted, before=sending.before, heard=hear)
    async with _stand_in(wire, script, reachable=reachable) as port:
        http = HttpClient(timeout, tls=_TLS)
        await http.start()
        context = _context(trial, {**wire.options(port), "timeout": timeout}, http)
        provider: Provider = send_module(trial.subject.provider).make_provider(context)
        lines.append(Line(provider=provider, script=script, message=sending.messages[0]))
        await provider.start(_emit)
        try:
            yield lines[0]
        finally:
            await provider.stop()
            await http.stop()


@asynccontextmanager
async def _stand_in(wire: Wire, script: Script, *, reachable: bool) -> AsyncIterator[int]:
    """Serve on a port of this machine; where it is not reachable, on one that is closed again."""
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            await wire.serve(reader, writer, script)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the provider's side has left
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=_LINE_BYTES)
    port = server.sockets[0].getsockname()[1]
    if not reachable:
        server.close()
    try:
        yield port
    finally:
        server.close()
        if connections:  # they end with the provider's side
            await asyncio.wait(connections, timeout=LONG.total_seconds())


def _context(trial: Trial, options: dict[str, Any], http: HttpClient) -> ProviderContext[Any, Any]:
    account = trial.account(options)
    secrets = trial.secrets(account)
    return ProviderContext(
        name=NAME,
        account=account,
        credentials=Credentials(secrets, lambda: secrets),
        http=http,
        callback_url=trial.url,
        fetch=_fetch,
    )


async def _emit(_receipt: AttemptReceipt | InboundReceipt) -> None:
    """Take what a provider reports by itself."""


async def _fetch(media: Media, /) -> File:
    return File(
        media=media,
        name=media.filename or "parcel.pdf",
        content_type="application/pdf",
        body=b"%PDF-",
    )


@contextmanager
def _captured(lines: list[str]) -> Iterator[None]:
    """Keep what is logged meanwhile, by us and by libraries."""
    handler = _Kept(lines)
    logging.root.addHandler(handler)
    with capture_logs() as events:
        try:
            yield
        finally:
            logging.root.removeHandler(handler)
            lines += [repr(event) for event in events]


class _Kept(logging.Handler):
    """Keeps what libraries log."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))
