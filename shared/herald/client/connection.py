"""One connection to the broker, made again whenever it is lost, and what is set up on each."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from collections.abc import Awaitable, Callable, Iterator

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import (
    AMQPConnectionError,
    AMQPError,
    AuthenticationError,
    ChannelAccessRefused,
    ChannelNotFoundEntity,
    ConnectionNotAllowed,
    InvalidFrameError,
    ProbableAuthenticationError,
)
from yarl import URL

from herald.bus.cancellation import own_cancellation_only
from herald.client.errors import ClientError, ConnectionFailedError, TopologyMissingError
from herald.contracts.topology import EVENTS
from herald.service.server_urls import place_of
from herald.service.tls import tls_problem

CONNECT_SECONDS = 10.0
CLOSE_SECONDS = 2.0  # for each part: a broker that is stuck, as in an alarm, answers nothing
HEARTBEAT_SECONDS = 10
_MISSING_QUEUE = re.compile(r"no queue '([^']+)'")  # in RabbitMQ's reason
_HERALDS_QUEUES = ("router.", "outbound.", "herald.")
_FIRST_PAUSE_SECONDS, _MAX_PAUSE_SECONDS = 0.2, 5.0

Setup = Callable[[AbstractConnection], Awaitable[None]]

_log = structlog.get_logger(__name__)


class Connection:
    """Keeps a connection up; every `setup` runs on each new one before it is used."""

    def __init__(self, url: str, name: str, *, names_user: bool = True) -> None:
        self.url = url
        self.user = URL(url).user if names_user else None  # as the broker knows it
        self._name = name
        self._setups: list[Setup] = []
        self._current: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._connected = asyncio.Event()
        self._lost = asyncio.Event()
        self._opening = asyncio.Lock()
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect for the first time.

        Raises:
            ConnectionFailedError: unreachable, or the user is refused.
            TopologyMissingError: what is to be consumed does not exist.
        """
        await self._connect()
        self._keeper = asyncio.create_task(self._keep(), name="herald-client")

    async def stop(self) -> None:
        """Close the connection for good."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        if self._current is not None:
            await _close(self._current)

    async def add(self, setup: Setup) -> None:
        """Run `setup` on this connection, and on every later one."""
        await self._connected.wait()
        assert self._current is not None
        with explained(self.url):
            await setup(self._current)
        self._setups.append(setup)

    def remove(self, setup: Setup) -> None:
        """Run `setup` no more."""
        self._setups.remove(setup)

    async def channel(self) -> AbstractChannel:
        """Wait until connected; return the channel for publishing, with confirms."""
        async with self._opening:
            await self._connected.wait()
            if self._channel is None or self._channel.is_closed:
                assert self._current is not None
                self._channel = await self._current.channel(on_return_raises=True)
            return self._channel

    async def _connect(self) -> None:
        """Open a connection and set everything up on it."""
        with explained(self.url):
            connection = await aio_pika.connect(
                self.url,
                timeout=CONNECT_SECONDS,
                heartbeat=HEARTBEAT_SECONDS,
                client_properties={"connection_name": self._name},
            )
            lost = asyncio.Event()
            connection.close_callbacks.add(lambda *_: lost.set())
            try:
                for setup in self._setups:
                    await setup(connection)
            except BaseException:
                await _close(connection)
                raise
        self._current, self._channel, self._lost = connection, None, lost
        self._connected.set()

    async def _keep(self) -> None:
        """Connect again whenever the connection is lost."""
        while True:
            await self._lost.wait()
            self._connected.clear()
            _log.warning("client.connection_lost")
            await self._reconnect()
            _log.info("client.reconnected")

    async def _reconnect(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                await self._connect()
            except (ClientError, RuntimeError) as error:  # lost again while it was set up
                _log.warning("client.not_connected", reason=str(error))
            else:
                return
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  jitter
            pause = min(pause * 2, _MAX_PAUSE_SECONDS)


async def _close(connection: AbstractConnection) -> None:
    with (
        contextlib.suppress(AMQPError, OSError, TimeoutError, RuntimeError),
        own_cancellation_only(),
    ):
        await asyncio.wait_for(connection.close(), CLOSE_SECONDS)


@contextlib.contextmanager
def explained(
    url: str, *, only: tuple[type[Exception], ...] = (AMQPError, OSError, TimeoutError)
) -> Iterator[None]:
    """Turn the libraries' errors into ours, which say what to do and hold no password."""
    try:
        with own_cancellation_only():
            yield
    except only as error:
        wants_tls = url.startswith("amqps://")
        if isinstance(error, (AMQPConnectionError, OSError)) and (
            problem := tls_problem(error, wants_tls=wants_tls)
        ):
            raise ConnectionFailedError(f"RabbitMQ at {place_of(url)}: {problem}") from None
        raise _explanation(error, place_of(url)) from None


def _explanation(error: Exception, where: str) -> ClientError:
    match error:
        case AuthenticationError() | ProbableAuthenticationError():
            return ConnectionFailedError(f"RabbitMQ at {where} refuses the user or its password")
        case ConnectionNotAllowed() | InvalidFrameError():  # aiormq awaits OpenOk, and gets Close
            return ConnectionFailedError(
                f"RabbitMQ at {where} has no such virtual host, or the user may not enter it"
            )
        case ChannelNotFoundEntity() if queue := _users_queue(_reason(error)):
            return TopologyMissingError(
                f"RabbitMQ at {where} has no queue {queue}: declare it, and bind it to {EVENTS}"
            )
        case ChannelNotFoundEntity():
            return TopologyMissingError(
                f"RabbitMQ at {where} says {_reason(error)}: has `herald topology apply` been run?"
            )
        case ChannelAccessRefused():
            return ConnectionFailedError(f"RabbitMQ at {where} says {_reason(error)}")
        case _:
            return ConnectionFailedError(
                f"RabbitMQ at {where} can't be reached ({type(error).__name__}): is it running?"
            )


def _users_queue(reason: str) -> str | None:
    """Return the queue that is missing where it is a user's, which Herald never declares."""
    missing = _MISSING_QUEUE.search(reason)
    return missing[1] if missing and not missing[1].startswith(_HERALDS_QUEUES) else None


def _reason(error: Exception) -> str:
    return str(error.args[-1]) if error.args else type(error).__name__
