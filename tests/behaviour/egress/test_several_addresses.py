"""Names with several addresses, the first of which answers nothing at all."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from behaviour.http_client.raw_server import served
from herald.egress.configuration import Member, ProxySecrets
from herald.egress.tunnels import Direct, Tunnel, make_tunnel
from herald.providers.credentials import Credentials
from silent_ports import silent_port

NAME = "several.example.com"
SECONDS = 3.0  # to connect, as a call with a time limit of ten has them


def resolve_to(monkeypatch: pytest.MonkeyPatch, *ports: int) -> None:
    """Have `NAME` found at these ports of loopback, in this order."""
    loop = asyncio.get_running_loop()
    resolve = loop.getaddrinfo

    async def found(host: str, port: int, **hints: Any) -> list[Any]:
        if host != NAME:
            return await resolve(host, port, **hints)
        stream = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*stream, ("127.0.0.1", each)) for each in ports]

    monkeypatch.setattr(loop, "getaddrinfo", found)


def proxy(kind: str, port: int) -> Tunnel:
    """Make the way through a proxy that asks for no password."""
    member = Member.model_validate({"kind": kind, "host": NAME, "port": port})
    tunnel = make_tunnel(member, Credentials(ProxySecrets(), ProxySecrets))
    assert tunnel is not None
    return tunnel


async def tunnelled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer as either kind of proxy does that has reached the server."""
    if await reader.readexactly(1) == b"\x05":
        await reader.readexactly(2)  # how many ways to log in: none
        writer.write(b"\x05\x00")
        await reader.readuntil(b"example.com")
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
    else:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    await reader.read()
    writer.close()


@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_a_dead_address_of_a_proxy_hides_no_other(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one is tried a quarter of a second later, within the time of the same call."""
    async with served(tunnelled) as url:
        with silent_port() as port:
            resolve_to(monkeypatch, port, int(url.split(":")[2].split("/")[0]))
            sock = await proxy(kind, port).connect("relay.example.com", 443, SECONDS)
            sock.close()


@pytest.mark.parametrize("local", [None, "127.0.0.77"])
async def test_a_dead_address_of_a_provider_hides_no_other(
    local: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor where calls leave from a chosen address of this machine."""
    async with served(tunnelled) as url:
        with silent_port() as port:
            resolve_to(monkeypatch, port, int(url.split(":")[2].split("/")[0]))
            sock = await Direct(local).connect(NAME, 443, SECONDS)
            assert local is None or sock.getsockname()[0] == local
            sock.close()
