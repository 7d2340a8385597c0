"""The webhook sender: how each provider retries."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from unittest.mock import patch

import pytest
import pytest_asyncio

from sandbox.providers import sendgrid, whatsapp_cloud_webhooks
from sandbox.providers.twilio_webhooks import TwilioProject, signed
from sandbox.settings import Pace
from sandbox.webhooks import WebhookFactory, WebhookSender

PROJECT = TwilioProject.model_validate(
    {"account_sid": "AC1", "auth_token": "t", "inbound_url": "http://127.0.0.1:1/"}
)


@pytest_asyncio.fixture
async def sender() -> AsyncIterator[WebhookSender]:
    """Give a running sender."""
    running = WebhookSender(Pace(), enabled=True)
    await running.start()
    yield running
    await running.stop()


@asynccontextmanager
async def _listening(statuses: list[int]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Respond to each connection with the next status; 0 closes it without a response."""
    heads: list[bytes] = []

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        if status := statuses.pop(0):
            writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n".encode())
            writer.write(b"Connection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield f"http://127.0.0.1:{port}/status?attempt=a", heads


def _callback(url: str) -> WebhookFactory:
    return signed(PROJECT, url, {"MessageSid": "SM1"}, pauses=(0.01, 0.02, 0.03))


async def test_twilio_retries_an_unanswered_callback_once(sender: WebhookSender) -> None:
    """Without overrides a connection that fails is tried once more, with the same token."""
    async with _listening([0, 0, 0]) as (url, heads):
        await sender.now(_callback(url))
    assert len(heads) == 2
    tokens = {line for head in heads for line in head.split(b"\r\n") if b"Idempotency" in line}
    assert len(tokens) == 1


@pytest.mark.parametrize("status", [302, 404, 503])
async def test_twilio_accepts_any_response(sender: WebhookSender, status: int) -> None:
    """Any HTTP response ends a Twilio callback, an error too."""
    async with _listening([status, 200]) as (url, heads):
        await sender.now(_callback(url))
    assert len(heads) == 1


@pytest.mark.parametrize(
    ("fragment", "statuses", "calls"),
    [
        ("rc=2&rp=all", [503, 0, 200], 3),
        ("rc=2&rp=5xx,ct", [503, 404], 2),
        ("rc=0&rp=all", [503], 1),
        ("rc=9&rp=nonsense", [0], 1),
        ("rc=x", [0, 0], 2),
    ],
)
async def test_twilio_retries_as_the_fragment_says(
    sender: WebhookSender, fragment: str, statuses: list[int], calls: int
) -> None:
    """`rc` and `rp` say how often and after what; the fragment is not part of the request."""
    async with _listening([*statuses, 200]) as (url, heads):
        await sender.now(_callback(f"{url}#{fragment}"))
    assert len(heads) == calls
    assert all(head.startswith(b"POST /status?attempt=a HTTP/1.1\r\n") for head in heads)


async def test_nobody_listens() -> None:
    """A webhook to a closed port raises no error."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/"
    sender = WebhookSender(Pace(), enabled=True)
    await sender.start()
    await sender.now(_callback(url))
    await sender.stop()


def test_pauses_grow() -> None:
    """Meta and SendGrid wait longer before each further try."""
    for pauses in (whatsapp_cloud_webhooks.RETRIES, sendgrid.RETRIES):
        assert list(pauses) == sorted(set(pauses))
        assert len(pauses) > 3


async def test_stop_leaves_nothing_running() -> None:
    """Stopping drops what waits, and waits for what it dropped."""
    sender = WebhookSender(Pace(), enabled=True)
    await sender.start()
    with patch.object(WebhookSender, "_post") as post:
        sender.later(30, _callback("http://127.0.0.1:1/"))
        await asyncio.sleep(0)
        await sender.stop()
    assert not post.called
    assert not sender._tasks
