"""Names are resolved once for many connections, and again after a while."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from herald.http import names
from herald.http.names import Names

HOST = ("api.example.com", 443)


class Resolver:
    """Answers with these addresses, after a turn of the loop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
        self.addresses = addresses
        self.asked = 0
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", self.resolve)

    async def resolve(self, _host: str, port: int, **_: Any) -> list[Any]:
        self.asked += 1
        await asyncio.sleep(0)
        if not self.addresses:
            raise socket.gaierror
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in self.addresses
        ]


async def first(resolving: Names) -> str:
    return str((await resolving.addresses(*HOST))[0][4][0])


async def test_a_name_is_asked_for_once_by_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of connections are opened at once when a worker starts."""
    resolver, resolving = Resolver(monkeypatch, "192.0.2.1"), Names()
    await asyncio.gather(*(first(resolving) for _ in range(100)))
    await first(resolving)
    assert resolver.asked == 1


async def test_all_addresses_share_the_load(monkeypatch: pytest.MonkeyPatch) -> None:
    Resolver(monkeypatch, "192.0.2.1", "192.0.2.2")
    resolving = Names()
    assert {await first(resolving) for _ in range(4)} == {"192.0.2.1", "192.0.2.2"}


async def test_a_name_may_move(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while it is asked for again, and at once where its addresses led nowhere."""
    resolver, resolving = Resolver(monkeypatch, "192.0.2.1"), Names()
    await first(resolving)
    resolver.addresses = ("192.0.2.2",)
    assert await first(resolving) == "192.0.2.1"
    resolving.forget(*HOST)
    assert await first(resolving) == "192.0.2.2"
    resolver.addresses = ("192.0.2.3",)
    monkeypatch.setattr(names, "KEPT_SECONDS", -1.0)
    resolving.forget(*HOST)
    await first(resolving)
    resolver.addresses = ("192.0.2.4",)
    assert await first(resolving) == "192.0.2.4"


async def test_no_address_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next call asks again."""
    resolver, resolving = Resolver(monkeypatch), Names()
    for _ in range(2):
        with pytest.raises(socket.gaierror):
            await first(resolving)
    assert resolver.asked == 2


async def test_who_gives_up_does_not_end_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others wait for the same answer."""
    resolver, resolving = Resolver(monkeypatch, "192.0.2.1"), Names()
    asking = [asyncio.create_task(first(resolving)) for _ in range(2)]
    await asyncio.sleep(0)
    asking[0].cancel()
    assert await asking[1] == "192.0.2.1"
    assert resolver.asked == 1
