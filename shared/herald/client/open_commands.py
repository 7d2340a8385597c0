"""Commands that were published and wait for their answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from herald.client.answers import Answer, answer_from
from herald.client.commanding import Command, not_answered, not_confirmed, publish
from herald.client.connection import Connection
from herald.client.errors import RejectedError
from herald.contracts.events import CommandData
from herald.contracts.plans import PlannedData

_Arrived = tuple[str, CommandData | PlannedData]  # an answer's event type and data


class OpenCommands:
    """Publishes commands and gives each its answer, once it comes.

    `subscribe` has answers come, where that is still to be done; it runs before every publish, so
    that none is missed.
    """

    def __init__(self, connection: Connection, subscribe: Callable[[], Awaitable[None]]) -> None:
        self._connection = connection
        self._subscribe = subscribe
        self._open: dict[str, tuple[Command, asyncio.Future[_Arrived]]] = {}

    @property
    def commands(self) -> list[Command]:
        """Those that wait: to be published again on a new connection."""
        return [command for command, _ in self._open.values()]

    async def ask(self, command: Command, seconds: float) -> Answer:
        """Publish a command and wait for its answer.

        Raises:
            RejectedError: with the invalid field.
            NoAnswerError: confirmed, but not answered in time; it will be.
            PublishFailedError: not confirmed in time, or refused.
            TopologyMissingError: the broker has no `herald.commands`.
        """
        kind, data = await self._ask(command, seconds)
        assert isinstance(data, CommandData), "only a dry run is answered otherwise"
        return answer_from(kind, data)

    async def ask_plan(self, command: Command, seconds: float) -> PlannedData:
        """Publish a dry run and wait for what would become of it.

        Raises:
            RejectedError, NoAnswerError, PublishFailedError, TopologyMissingError: as `ask`.
        """
        kind, data = await self._ask(command, seconds)
        if isinstance(data, CommandData):
            answer = answer_from(kind, data)
            raise RejectedError([("dry_run", f"was answered `{answer.answer}`")])
        return data

    async def _ask(self, command: Command, seconds: float) -> _Arrived:
        future: asyncio.Future[_Arrived] = asyncio.get_running_loop().create_future()
        self._open[command.message_id] = command, future
        confirmed = False
        try:
            async with asyncio.timeout(seconds):
                await self._subscribe()
                await publish(self._connection, command, seconds)
                confirmed = True
                return await future
        except TimeoutError:
            raise (not_answered if confirmed else not_confirmed)(seconds) from None
        finally:
            del self._open[command.message_id]

    def take_answer(
        self, correlation_id: str | None, kind: str, data: CommandData | PlannedData
    ) -> None:
        """Take an answer in; one that nobody waits for is left alone."""
        if correlation_id in self._open:
            _command, future = self._open[correlation_id]
            if not future.done():
                future.set_result((kind, data))
