"""What both clients are: a connection, the events that come on it, and commands with answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

import structlog
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage

from herald.client.commanding import PUBLISH_SECONDS, Command, publish
from herald.client.connection import Connection
from herald.client.errors import ClientError
from herald.client.open_commands import OpenCommands
from herald.client.subscription import Subscription, acknowledge
from herald.contracts.events import CommandData, HeraldEvent

_log = structlog.get_logger(__name__)


class BaseClient:
    """An async context manager. It connects again by itself, and asks again what is open then.

    Answers and events come on a queue of its own, which outlives a lost connection for a minute.

    Commands carry the URL's user as `user_id`, for who takes commands of certain users alone.
    `names_user=False`: the broker knows the user under another name (OAuth 2, say). `prefix`
    names the queue, `patterns` and, as far as the user's rights go, `optional` are what is bound.
    """

    def __init__(
        self,
        amqp_url: str,
        *,
        name: str,
        names_user: bool,
        prefix: str,
        patterns: Sequence[str],
        optional: Sequence[str] = (),
    ) -> None:
        self._connection = Connection(amqp_url, name, names_user=names_user)
        self._subscription = Subscription(prefix, patterns, self._receive, optional=optional)
        self._open = OpenCommands(self._connection, self._subscribe)
        self._subscribing = asyncio.Lock()
        self._is_subscribed = False
        self._asking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            ConnectionFailedError: the broker can't be reached, or refuses the user.
        """
        await self._connection.open()
        self._connection.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the subscription and close the connection."""
        if self._asking is not None:
            self._asking.cancel()
        await self._subscription.tear_down()
        await self._connection.stop()

    def _to_ask_again(self) -> Iterable[Command]:
        """Return what to publish again on a new connection, for the present state as answer."""
        return self._open.commands

    async def _take_in(self, event: HeraldEvent, correlation_id: str | None) -> None:
        """Take an answer or an event in; it is acknowledged afterwards."""
        if isinstance(event.data, CommandData):
            self._open.take_answer(correlation_id, event.type, event.data)

    async def _subscribe(self) -> None:
        """Subscribe, the first time."""
        async with self._subscribing:
            if not self._is_subscribed:
                await self._connection.add(self._set_up)
                self._is_subscribed = True

    async def _set_up(self, connection: AbstractConnection) -> None:
        await self._subscription.set_up(connection)
        if self._is_subscribed:  # a connection was lost, and maybe events with it
            if self._asking is not None:
                self._asking.cancel()
            self._asking = asyncio.create_task(self._ask_again(), name="ask again")

    async def _ask_again(self) -> None:
        for command in self._to_ask_again():
            try:
                await publish(self._connection, command, PUBLISH_SECONDS)
            except ClientError as error:
                _log.warning("client.not_asked_again", reason=str(error))

    async def _receive(self, event: HeraldEvent, message: AbstractIncomingMessage) -> None:
        await self._take_in(event, message.correlation_id)
        await acknowledge(message)
