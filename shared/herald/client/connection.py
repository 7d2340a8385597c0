"""The client's connection to the broker, and what its errors say."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from aio_pika.abc import AbstractChannel
from aiormq.exceptions import AMQPError, ChannelNotFoundEntity
from yarl import URL

from herald.bus.cancellation import own_cancellation_only
from herald.bus.connection_keeper import ConnectionKeeper, Setup, with_settings
from herald.bus.explanations import broker_problem, missing_queue
from herald.client.errors import ClientError, ConnectionFailedError, TopologyMissingError
from herald.contracts.topology import EVENTS
from herald.service.server_urls import place_of

_HERALDS_QUEUES = ("router.", "outbound.", "herald.")
_MAX_PAUSE_SECONDS = 5.0  # between two tries to connect


class Connection(ConnectionKeeper):
    """The client's connection: its errors are the client's, and commands share one channel."""

    def __init__(self, url: str, name: str, *, names_user: bool = True) -> None:
        super().__init__(with_settings(url, name=name), name, max_pause_seconds=_MAX_PAUSE_SECONDS)
        self.url = url
        self.user = URL(url).user if names_user else None  # as the broker knows it
        self._channel: AbstractChannel | None = None
        self._opening = asyncio.Lock()

    async def open(self) -> None:
        """Open a connection and set everything up on it, in one try.

        Raises:
            ConnectionFailedError: unreachable, or the user is refused.
            TopologyMissingError: what is to be consumed does not exist.
        """
        with explained(self.url):
            await super().open()

    def reason(self, error: Exception) -> str:
        """Say why there is no connection, in the client's words."""
        return str(error) if isinstance(error, ClientError) else super().reason(error)

    async def add(self, setup: Setup) -> None:
        """Run `setup` on this connection, and on every later one."""
        connection = await self.connected()
        with explained(self.url):
            await setup(connection)
        self.add_setup(setup)

    async def channel(self) -> AbstractChannel:
        """Wait until connected; return the channel for publishing, with confirms."""
        async with self._opening:
            connection = await self.connected()
            if self._channel is None or self._channel.is_closed:
                self._channel = await connection.channel(on_return_raises=True)
            return self._channel


@contextlib.contextmanager
def explained(
    url: str, *, only: tuple[type[Exception], ...] = (AMQPError, OSError, TimeoutError)
) -> Iterator[None]:
    """Turn the libraries' errors into ours, which say what to do and hold no password."""
    try:
        with own_cancellation_only():
            yield
    except only as error:
        raise _explanation(error, url) from None


def _explanation(error: Exception, url: str) -> ClientError:
    if not isinstance(error, ChannelNotFoundEntity):
        return ConnectionFailedError(broker_problem(error, url))
    queue = missing_queue(error)
    if queue is None or queue.startswith(_HERALDS_QUEUES):
        return TopologyMissingError(broker_problem(error, url))
    return TopologyMissingError(  # a user's, which Herald never declares
        f"RabbitMQ at {place_of(url)} has no queue {queue}: declare it, and bind it to {EVENTS}"
    )
