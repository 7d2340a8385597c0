"""The operators' client: their commands, for every tenant, many at once."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import structlog
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage

from herald.client.answers import Answer
from herald.client.commanding import PUBLISH_SECONDS, operator_command, publish
from herald.client.connection import Connection
from herald.client.errors import ClientError
from herald.client.open_commands import OpenCommands
from herald.client.subscription import Subscription, settle
from herald.contracts.events import CommandData, HeraldEvent
from herald.contracts.operator_commands import OperatorCommand
from herald.contracts.topology import command_event_key

ANSWER_SECONDS = 30.0  # a thousand of them may wait for one another

_log = structlog.get_logger(__name__)


class Operator:
    """Gives operators' commands over RabbitMQ. Use it as an async context manager.

    The URL's user must be one of `[operators] users`, with an operator's rights. It connects again
    by itself; what waits for its answer is then asked again, which does nothing twice.
    """

    def __init__(self, amqp_url: str, *, name: str = "operator") -> None:
        self._connection = Connection(amqp_url, name)
        # whose a dead letter is, only its answer tells
        self._subscription = Subscription("operator", [command_event_key("*", "*")], self._hear)
        self._open = OpenCommands(self._connection, self._listen)
        self._listening = asyncio.Lock()
        self._listens = False
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
        """Stop listening and close the connection."""
        if self._asking is not None:
            self._asking.cancel()
        await self._subscription.tear_down()
        await self._connection.stop()

    async def give(
        self, key: str, command: OperatorCommand, *, timeout_seconds: float = ANSWER_SECONDS
    ) -> Answer:
        """Give a command under its routing key and return the router's answer.

        Raises:
            RejectedError: with the field at fault; nothing was done.
            NoAnswerError: confirmed, but not answered in time; it will be.
            PublishFailedError: not confirmed in time, or refused.
            TopologyMissingError: the broker has no `herald.commands`.
            ConnectionFailedError: the user may not publish it.
        """
        return await self._open.ask(operator_command(key, command), timeout_seconds)

    async def _listen(self) -> None:
        """Begin to listen, the first time."""
        async with self._listening:
            if not self._listens:
                await self._connection.add(self._set_up)
                self._listens = True

    async def _set_up(self, connection: AbstractConnection) -> None:
        await self._subscription.set_up(connection)
        if self._listens:  # a connection was lost, and maybe answers with it
            if self._asking is not None:
                self._asking.cancel()
            self._asking = asyncio.create_task(self._ask_again())

    async def _ask_again(self) -> None:
        for command in self._open.commands:
            try:
                await publish(self._connection, command, PUBLISH_SECONDS)
            except ClientError as error:
                _log.warning("client.not_asked_again", reason=str(error))

    async def _hear(self, event: HeraldEvent, message: AbstractIncomingMessage) -> None:
        if isinstance(event.data, CommandData):
            self._open.hear(message.correlation_id, event.type, event.data)
        await settle(message)
