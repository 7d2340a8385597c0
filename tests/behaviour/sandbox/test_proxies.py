"""The sandbox's own proxies: what they pass on, and whom they refuse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from pydantic import SecretStr

from herald.egress.configuration import Member, ProxySecrets
from herald.egress.tunnels import Tunnel, make_tunnel
from herald.http.client import HttpClient
from herald.http.errors import NotSentError
from herald.providers.credentials import Credentials
from herald_local.ports import free_port
from sandbox.proxies import Proxy
from sandbox.settings import ProxySettings

ADDRESS = "127.0.0.23"


@asynccontextmanager
async def proxied(password: str) -> AsyncIterator[Tunnel]:
    """Run a proxy, and give the way through it with a password."""
    port = free_port()
    proxy = Proxy(
        ProxySettings(port=port, username="herald", password=SecretStr("right"), address=ADDRESS)
    )
    secrets = ProxySecrets(username=SecretStr("herald"), password=SecretStr(password))
    member = Member(kind="http", host="127.0.0.1", port=port)
    tunnel = make_tunnel(member, Credentials(secrets, lambda: secrets))
    assert tunnel is not None
    await proxy.start()
    try:
        yield tunnel
    finally:
        await proxy.stop()


async def test_it_calls_from_its_own_address() -> None:
    """Whoever is called sees the proxy's address."""
    peers: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peers.append(writer.get_extra_info("peername")[0])
        await reader.readuntil(b"hello")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, proxied("right") as tunnel:
        client = HttpClient(timedelta(seconds=2), way=tunnel)
        await client.start()
        response = await client.post(f"http://127.0.0.1:{port}/", headers={}, body=b"hello")
        await client.stop()
    assert (response.status, peers) == (200, [ADDRESS])


@pytest.mark.parametrize(
    ("password", "code"), [("wrong", "proxy_auth"), ("right", "proxy_no_route")]
)
async def test_it_says_why_not(password: str, code: str) -> None:
    """A wrong password is 407; nobody at the other end is 502."""
    async with proxied(password) as tunnel:
        with pytest.raises(NotSentError) as caught:
            await tunnel.connect("127.0.0.1", free_port(), 2)
    assert caught.value.code == code
