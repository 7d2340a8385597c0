"""The client's connection to the broker, and what its errors say."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterator

from aio_pika.abc import AbstractChannel
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
from herald.bus.connection_keeper import ConnectionKeeper, Setup, with_settings
from herald.client.errors import ClientError, ConnectionFailedError, TopologyMissingError
from herald.contracts.topology import EVENTS
from herald.service.server_urls import place_of
from herald.service.tls import tls_problem

_MISSING_QUEUE = re.compile(r"no queue '([^']+)'")  # in RabbitMQ's reason
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
