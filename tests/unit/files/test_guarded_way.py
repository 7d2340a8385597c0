"""Which address a connection goes to, by whatever way."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from herald.files.guarded_way import GuardedWay
from herald.http.errors import NotSentError


class Proxy:
    """A way that has a connection to some addresses; `asked` has all that it was asked for."""

    def __init__(self, *reached: str) -> None:
        self.reached = reached
        self.asked: list[tuple[str, int]] = []

    async def connect(self, host: str, port: int, seconds: float, /) -> socket.socket:  # noqa: ARG002
        self.asked.append((host, port))
        if host in self.reached:
            return object()  # type: ignore[return-value]
        raise NotSentError("proxy_no_route")


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Have every name stand for these addresses."""

    def resolve(_host: str, port: int, **__: Any) -> list[Any]:
        kinds = [socket.AF_INET6 if ":" in one else socket.AF_INET for one in addresses]
        return [
            (kind, socket.SOCK_STREAM, 6, "", (one, port))
            for kind, one in zip(kinds, addresses, strict=True)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


async def test_a_proxy_is_given_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not the name, which the proxy would resolve anew."""
    resolving(monkeypatch, "8.8.8.8")
    proxy = Proxy("8.8.8.8")
    await GuardedWay(ways=[proxy]).connect("files.example.com", 443, 1)
    assert proxy.asked == [("8.8.8.8", 443)]


async def test_a_name_with_private_addresses_is_reached_by_its_public_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The others are never asked for."""
    resolving(monkeypatch, "10.0.0.1", "::1", "8.8.8.8", "169.254.169.254")
    proxy = Proxy()
    with pytest.raises(NotSentError):
        await GuardedWay(ways=[proxy]).connect("files.example.com", 443, 1)
    assert proxy.asked == [("8.8.8.8", 443)]


async def test_the_next_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the first has no connection."""
    resolving(monkeypatch, "8.8.8.8")
    first, second = Proxy(), Proxy("8.8.8.8")
    await GuardedWay(ways=[first, second]).connect("files.example.com", 443, 1)
    assert (len(first.asked), len(second.asked)) == (1, 1)


async def test_a_name_of_private_addresses_alone_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No way is asked at all."""
    resolving(monkeypatch, "192.168.0.1", "fd00::1")
    proxy = Proxy("192.168.0.1")
    with pytest.raises(NotSentError) as caught:
        await GuardedWay(ways=[proxy]).connect("files.example.com", 443, 1)
    assert (caught.value.code, proxy.asked) == ("private_address", [])
