"""A producer of its own thread: a rush first, then steadily until the fault is over, then the rest.

It publishes as any user's should: with confirms, and what was not confirmed once more, as it was.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange

from chaos.commands import Command
from herald.contracts.identifiers import read_attempt_tag
from herald_local.stack import Stack

CONFIRM_SECONDS = 10
REPEAT_SECONDS = 0.2
RUSH = 3  # a third of all comes at once, so that a fault meets work at every stage
LAST_PACE_SECONDS = 0.005
POLL_SECONDS = 0.002
UNDER_WAY_SECONDS = 30


class Producer:
    """Publishes commands until the broker has confirmed them."""

    def __init__(self, amqp_url: str) -> None:
        self._amqp_url = amqp_url
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._exchange: AbstractExchange | None = None
        self._connecting = asyncio.Lock()
        self.repeated = 0
        self.confirmed: dict[str, float] = {}  # when, in seconds since 1970, by the command's id

    async def publish(self, command: Command) -> None:
        """Return once the command is confirmed, however often it takes."""
        while not await self._is_confirmed(command):
            self.repeated += 1
            await asyncio.sleep(REPEAT_SECONDS)
        self.confirmed[command.id] = time.time()

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _is_confirmed(self, command: Command) -> bool:
        message = aio_pika.Message(
            command.body,
            message_id=command.message_id,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                exchange = await self._connected()
                await exchange.publish(message, command.routing_key)
        except asyncio.CancelledError:  # a lost connection leaks it: nobody cancelled us
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return False
        except Exception:  # noqa: BLE001  whatever it was, the command is not confirmed
            return False
        return True

    async def _connected(self) -> AbstractExchange:
        async with self._connecting:
            if self._exchange is None or self._channel is None or self._channel.is_closed:
                self._connection = await self._new_connection()
                self._channel = await self._connection.channel(on_return_raises=True)
                self._exchange = await self._channel.get_exchange("herald.commands", ensure=False)
            return self._exchange

    async def _new_connection(self) -> AbstractConnection:
        try:
            return await aio_pika.connect(self._amqp_url)
        except OSError:
            await asyncio.sleep(REPEAT_SECONDS)  # hundreds wait for their turn to try
            raise


class Load:
    """Commands on their way to the broker while a test does its harm."""

    def __init__(self, stack: Stack, commands: Sequence[Command], seconds: float) -> None:
        self.commands = commands
        self.started, self.began_at = time.monotonic(), time.time()
        self.repeated = 0
        self.lasted = False  # it was still publishing when the fault was over
        self.confirmed: dict[str, float] = {}  # when, in seconds since 1970, by the command's id
        self._stack = stack
        self._rush = len(commands) // RUSH
        self._pace = 2 * seconds / (len(commands) - self._rush)  # enough for twice as long
        self._over = threading.Event()
        self._already = _length(stack)

    async def run(self) -> None:
        """Publish everything."""
        producer = Producer(self._stack.amqp_url)
        self.confirmed = producer.confirmed
        async with asyncio.TaskGroup() as group:
            for number, command in enumerate(self.commands):
                if number >= self._rush:
                    await asyncio.sleep(LAST_PACE_SECONDS if self._over.is_set() else self._pace)
                self.lasted = not self._over.is_set() or self.lasted
                group.create_task(producer.publish(command))
            self.lasted = self._over.is_set()
        self.repeated = producer.repeated
        await producer.close()

    def finish(self) -> None:
        """Say that the fault is over: what is left comes at once."""
        self._over.set()

    def wait_until_under_way(self, channel: str) -> None:
        """Return in the middle of the rush: a provider has got the first requests."""
        deadline = time.monotonic() + UNDER_WAY_SECONDS
        while self._asked(channel) < self._rush // 10:
            assert time.monotonic() < deadline, "no load reached the providers"
            time.sleep(POLL_SECONDS)

    def wait_until_confirmed(self, number: int) -> None:
        """Return when so many commands are confirmed."""
        deadline = time.monotonic() + UNDER_WAY_SECONDS
        while len(self.confirmed) < number:
            assert time.monotonic() < deadline, f"{len(self.confirmed)} were confirmed"
            time.sleep(POLL_SECONDS)

    def requests(self) -> list[dict[str, Any]]:
        """List what providers were asked for since the load began, refused requests too."""
        with self._stack.requests_file.open("rb") as file:
            file.seek(self._already)
            return [read_request(line) for line in file if line.endswith(b"\n")]

    def _asked(self, channel: str) -> int:
        return sum(1 for request in self.requests() if request["channel"] == channel)


@contextmanager
def under_load(stack: Stack, commands: Sequence[Command], *, seconds: float) -> Iterator[Load]:
    """Publish commands over the time of a `with` block, which takes about `seconds`."""
    load = Load(stack, commands, seconds)
    with ThreadPoolExecutor(max_workers=1) as thread:
        running = thread.submit(asyncio.run, load.run())
        try:
            yield load
        finally:
            load.finish()
        running.result()


def read_request(line: bytes) -> dict[str, Any]:
    """Read a request that the sandbox noted; providers carry an attempt's lane beside its id."""
    request: dict[str, Any] = json.loads(line)
    named = read_attempt_tag(request["attempt"] or "")
    return request if named is None else request | {"attempt": str(named[0])}


def _length(stack: Stack) -> int:
    return stack.requests_file.stat().st_size if stack.requests_file.exists() else 0
