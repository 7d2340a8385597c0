"""Providers over HTTPS whose certificate an authority of our own signed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from behaviour.http_client.raw_server import OK, Serve, calling, served
from herald.http.errors import NotSentError
from private_authority import Authority


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(OK + b'{"id":1}')
    await writer.drain()
    writer.close()


@asynccontextmanager
async def provider(
    authority: Authority, address: str, *, expired: bool = False, serve: Serve = _answer
) -> AsyncIterator[str]:
    """Serve HTTPS under an address's certificate; give the URL."""
    pair = authority.server(address, expired=expired)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
    finally:
        server.close()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Give an authority of the test's own."""
    return Authority(tmp_path / "authority")


async def test_its_authority_may_be_trusted(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`SSL_CERT_FILE` names it, as it does for SMTP."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    async with provider(authority, "127.0.0.1") as url, calling() as caller:
        assert (await caller.post(url, headers={}, body=b"")).status == 200


async def test_another_authority_is_not_trusted(authority: Authority) -> None:
    """Nothing is sent to whom we can't verify."""
    async with provider(authority, "127.0.0.1") as url, calling() as caller:
        with pytest.raises(NotSentError) as caught:
            await caller.post(url, headers={}, body=b"")
    assert caught.value.code == "tls"


async def test_another_hosts_certificate_is_not_trusted(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though its authority is."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    async with provider(authority, "127.0.0.2") as url, calling() as caller:
        with pytest.raises(NotSentError) as caught:
            await caller.post(url, headers={}, body=b"")
    assert caught.value.code == "tls"


async def test_an_expired_certificate_is_not_trusted(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it was its server's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    async with provider(authority, "127.0.0.1", expired=True) as url, calling() as caller:
        with pytest.raises(NotSentError) as caught:
            await caller.post(url, headers={}, body=b"")
    assert caught.value.code == "tls"


async def test_a_handshake_that_never_ends_was_not_sent() -> None:
    """TLS has its part of the time to connect; the request is written after it."""
    async with served(_silence) as url, calling(timedelta(seconds=0.4)) as caller:
        with pytest.raises(NotSentError) as caught:
            await caller.post(url.replace("http:", "https:"), headers={}, body=b"")
    assert caught.value.code == "connect_timeout"


async def _silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def test_a_tls_connection_is_used_again(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handshake costs more than a call; what TLS itself sends after it is no server's word."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    handshakes: list[object] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handshakes.append(writer.get_extra_info("ssl_object"))
        with suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(OK + b'{"id":1}')
        writer.close()

    async with provider(authority, "127.0.0.1", serve=serve) as url, calling() as caller:
        for _ in range(3):
            assert (await caller.post(url, headers={}, body=b"")).status == 200
    assert len(handshakes) == 1


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer what is not read, and close a moment later, as servers do."""
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.3)
        writer.transport.abort()


@pytest.mark.parametrize("tls", [False, True])
async def test_a_connection_that_still_sends_its_request_is_not_used_again(
    tls: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next call would be written behind what the server, which has answered, never reads."""
    authority = Authority(tmp_path / "authority")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    serving = provider(authority, "127.0.0.1", serve=refuse) if tls else served(refuse)
    async with serving as url, calling(timedelta(seconds=5)) as caller:
        for _ in range(2):
            answer = await caller.post(url, headers={}, body=b"x" * 20_000_000)
            assert answer.status == 413
