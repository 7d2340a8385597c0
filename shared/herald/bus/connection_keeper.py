"""One connection to the broker, made again whenever it is lost, and what is set up on each."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable

import aio_pika
import aiormq.abc
import structlog
from aio_pika.abc import AbstractConnection
from aiormq.exceptions import AMQPError
from yarl import URL

from herald.bus.cancellation import own_cancellation_only, raise_own_cancellation
from herald.bus.explanations import broker_problem
from herald.bus.wire.connecting import Wire, WiredConnection

HEARTBEAT_SECONDS = 10  # a dead peer is noticed after 33 s; at aiormq's default of 60 after 183 s
CONNECT_SECONDS = 10.0
CLOSE_SECONDS = 3.0  # a broker that is stuck, as in an alarm, answers nothing; aiormq waits 2 s
MAX_PAUSE_SECONDS = 1.0  # between two tries to connect
_FIRST_PAUSE_SECONDS = 0.2
_CANCELLATIONS, _CANCELLED_SECONDS = 5, 0.1

Setup = Callable[[AbstractConnection], Awaitable[None]]

_log = structlog.get_logger(__name__)


class ConnectionKeeper:
    """Keeps a connection up; every setup runs on each new one before it is used.

    `name` is what its log lines call it.
    """

    def __init__(
        self, url: str, name: str, *, max_pause_seconds: float = MAX_PAUSE_SECONDS
    ) -> None:
        self._url = url
        self._name = name
        self._max_pause_seconds = max_pause_seconds
        self._setups: list[Setup] = []
        self._connection: AbstractConnection | None = None
        self._connected = asyncio.Event()
        self._lost = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self.failure: str | None = None  # why the last try to connect came to nothing

    @property
    def connection(self) -> AbstractConnection | None:
        """The connection that is up; None while there is none."""
        connection = self._connection
        if connection is None or (amqp := amqp_connection(connection)) is None or amqp.is_closed:
            return None
        return connection

    async def connected(self) -> AbstractConnection:
        """Wait until there is a connection, and return it."""
        while (connection := self.connection) is None:
            self._connected.clear()
            await self._connected.wait()
        return connection

    def add_setup(self, setup: Setup) -> None:
        """Run `setup` on every later connection; one that raises has it closed and made again."""
        self._setups.append(setup)

    def remove_setup(self, setup: Setup) -> None:
        """Run `setup` no more."""
        self._setups.remove(setup)

    def start(self) -> None:
        """Connect, as often as it takes, in the background."""
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep(), name=f"{self._name} connection")

    async def stop(self) -> None:
        """Close the connection, within `CLOSE_SECONDS`; it can be started again."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
            self._keeping = None
        connection, self._connection = self._connection, None
        if connection is not None:
            await _close(connection)

    async def open(self) -> None:
        """Open a connection and set everything up on it, in one try.

        Raises:
            AMQPError, OSError, TimeoutError: the broker can't be reached or refuses the user.
        """
        with own_cancellation_only():
            connection = await aio_pika.connect(
                self._url, timeout=CONNECT_SECONDS, connection_class=WiredConnection
            )
            lost = asyncio.Event()
            connection.close_callbacks.add(lambda *_: lost.set())
            try:
                for setup in tuple(self._setups):
                    await setup(connection)
                raise_own_cancellation()
            except BaseException:
                await _close(connection)
                raise
        self._connection, self._lost = connection, lost
        self._connected.set()

    def reason(self, error: Exception) -> str:
        """Say why there is no connection, without the password that the URL holds."""
        return broker_problem(error, self._url)

    async def _keep(self) -> None:
        if self.connection is None:
            await self._open_until_up()
        while True:
            await self._lost.wait()
            _log.warning("bus.connection_lost", connection=self._name)
            await self._open_until_up()
            _log.info("bus.reconnected", connection=self._name)

    async def _open_until_up(self) -> None:
        pause_seconds = _FIRST_PAUSE_SECONDS
        while True:
            try:
                await self.open()
            except Exception as error:  # noqa: BLE001  what the broker refuses now it may allow later
                if self.failure != (reason := self.reason(error)):
                    self.failure = reason
                    _log.warning("bus.not_connected", connection=self._name, reason=reason)
            else:
                self.failure = None
                return
            await asyncio.sleep(pause_seconds * random.uniform(0.5, 1.0))  # noqa: S311  jitter
            pause_seconds = min(pause_seconds * 2, self._max_pause_seconds)


def with_settings(amqp_url: str, *, name: str) -> str:
    """Add the heartbeat and the connection's name to a broker's URL, keeping the query it has.

    An operator's own `heartbeat` or `name` in the URL stands.
    """
    url = URL(amqp_url)
    return str(url.with_query({"heartbeat": str(HEARTBEAT_SECONDS), "name": name, **url.query}))


def amqp_connection(connection: AbstractConnection) -> aiormq.abc.AbstractConnection | None:
    """Return aiormq's connection under aio-pika's; None once it was closed by us."""
    return None if connection.transport is None else connection.transport.connection


def wire_of(connection: AbstractConnection) -> Wire:
    """Return the bytes under a keeper's connection."""
    assert isinstance(connection, WiredConnection), "a keeper makes no other"
    return connection.wire


async def _close(connection: AbstractConnection) -> None:
    """Close it; cut that short when it takes long.

    A broker that reads no more would hold the close, and with it the end of the process, for ever.
    Each cancellation ends one of the things that aio-pika and aiormq wait for on their way out.
    """
    closing = asyncio.create_task(_closed(connection), name="close a connection")
    await asyncio.wait([closing], timeout=CLOSE_SECONDS)
    for _ in range(_CANCELLATIONS):
        if closing.cancel():
            await asyncio.wait([closing], timeout=_CANCELLED_SECONDS)


async def _closed(connection: AbstractConnection) -> None:
    with (
        contextlib.suppress(AMQPError, OSError, TimeoutError, RuntimeError),
        own_cancellation_only(),
    ):
        await connection.close()
