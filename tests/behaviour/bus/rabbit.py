"""What the tests of the bus kit do to a broker behind Herald's back."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aio_pika
import aiohttp
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from yarl import URL

from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.receipt_messages import PULSE_TYPE
from herald.contracts import topology
from herald.contracts.vocabulary import Lane


@dataclass(frozen=True, slots=True)
class Rabbit:
    """One virtual host, seen from outside."""

    amqp_url: str
    management_url: str
    vhost: str

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[AbstractChannel]:
        connection = await aio_pika.connect(self.amqp_url)
        async with connection, connection.channel(on_return_raises=True) as channel:
            yield channel

    async def fill(self, exchange: str, key: str, bodies: Sequence[bytes]) -> None:
        """Publish persistent messages with confirms."""
        async with self.channel() as channel:
            target = await channel.get_exchange(exchange)
            for number, body in enumerate(bodies):
                message = aio_pika.Message(body, delivery_mode=2, message_id=f"m{number}")
                await target.publish(message, key)

    async def ready(self, queue: str) -> int:
        """Count the messages that wait in a queue."""
        async with self.channel() as channel:
            declared = await channel.get_queue(queue)
            return declared.declaration_result.message_count or 0

    async def drain(
        self, queue: str, *, expect: int | None = None, quiet_seconds: float = 1.0
    ) -> list[AbstractIncomingMessage]:
        """Take `expect` messages out of a queue, or all that come until it has been quiet.

        Pulses of running services are left out. One that brings several receipts counts as those.
        """
        taken: list[AbstractIncomingMessage] = []
        count = 0
        arrived = asyncio.Event()

        async def take(message: AbstractIncomingMessage) -> None:
            nonlocal count
            if message.type != PULSE_TYPE:
                taken.append(message)
                count += int(str(message.headers.get("receipts", 1)))
                arrived.set()

        async with self.channel() as channel:
            await (await channel.get_queue(queue)).consume(take, no_ack=True)
            with contextlib.suppress(TimeoutError):
                while expect is None or count < expect:
                    async with asyncio.timeout(quiet_seconds):
                        await arrived.wait()
                    arrived.clear()
        return taken

    async def delete_queue(self, name: str) -> None:
        async with self.channel() as channel:
            await channel.queue_delete(name, if_unused=False, if_empty=False)

    async def close_connections(self, name: str) -> int:
        """Close every connection whose name contains `name`, as an operator would."""
        closed = 0
        deadline = time.monotonic() + 10
        while not closed and time.monotonic() < deadline:
            for row in await self.call("GET", f"vhosts/{quote(self.vhost, safe='')}/connections"):
                if name in row.get("client_properties", {}).get("connection_name", ""):
                    await self.call("DELETE", f"connections/{quote(row['name'], safe='')}")
                    closed += 1
            await asyncio.sleep(0.1)
        return closed

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the management API."""
        async with aiohttp.ClientSession() as session:
            url = f"{self.management_url}/api/{path}"
            async with session.request(method, URL(url, encoded=True), json=body) as r:
                r.raise_for_status()
                return await r.json() if method == "GET" else None


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """One test's own queue of the real topology, and how to reach it."""

    channel: str

    @property
    def queue(self) -> str:
        return topology.outbound_queue(self.channel, Lane.NORMAL)

    @property
    def key(self) -> str:
        return topology.outbound_key(self.channel, Lane.NORMAL)

    def message(self, message_id: str, **changes: Any) -> OutgoingMessage:
        """Make a message that arrives in this queue."""
        values = {
            "exchange": topology.OUTBOUND,
            "routing_key": self.key,
            "body": message_id.encode(),
            "message_id": message_id,
            "type": "test",
        }
        return OutgoingMessage(**(values | changes))


async def until(holds: Callable[[], object], *, within_seconds: float = 10.0) -> None:
    """Wait until something holds; fail when it does not in time."""
    deadline = time.monotonic() + within_seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.01)
