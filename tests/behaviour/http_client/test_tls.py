"""Providers over HTTPS whose certificate an authority of our own signed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from behaviour.http_client.raw_server import OK, calling
from herald.http.errors import NotSentError
from private_authority import Authority


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(OK + b'{"id":1}')
    await writer.drain()
    writer.close()


@asynccontextmanager
async def provider(authority: Authority, address: str) -> AsyncIterator[str]:
    """Serve HTTPS under an address's certificate; give the URL."""
    pair = authority.server(address)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, ssl=context)
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
