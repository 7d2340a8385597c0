"""All links of a fleet and the balancer before it, in a thread of their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from yarl import URL

from chaos.balancer import Balancer
from chaos.links import Link
from herald_local.ports import LOOPBACK

T = TypeVar("T")
PATIENCE_SECONDS = 10


class Network:
    """An event loop in a thread; what belongs to it is asked through `run` and `do`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._links: list[Link] = []
        self._balancers: list[Balancer] = []

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Close everything and end the thread."""
        for link in self._links:
            self.run(link.close())
        for balancer in self._balancers:
            self.run(balancer.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the network's loop and return what it gives."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_SECONDS)

    def do(self, act: Callable[[], T]) -> T:
        """Call a function in the network's loop and return what it gives."""

        async def acting() -> T:
            return act()

        return self.run(acting())

    def link(self, url: str) -> tuple[Link, str]:
        """Open a link to a server; return it and the URL that leads through it."""
        target = URL(url)
        assert target.host is not None
        assert target.port is not None

        async def opened() -> tuple[Link, int]:
            link = Link(str(target.host), int(target.port or 0))
            return link, await link.open()

        link, port = self.run(opened())
        self._links.append(link)
        return link, str(target.with_host(LOOPBACK).with_port(port))

    def balance(self, port: int, backends: Mapping[str, int]) -> Balancer:
        """Open the balancer on `port`, in front of the ports of `backends`."""
        balancer = Balancer(list(backends.values()))
        self.run(balancer.open(port))
        self._balancers.append(balancer)
        return balancer
