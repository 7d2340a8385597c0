"""The operators' client: their commands, for every tenant, many at once."""

from __future__ import annotations

from herald.client.answers import Answer
from herald.client.base_client import BaseClient
from herald.client.commanding import operator_command
from herald.contracts.operator_commands import OperatorCommand
from herald.contracts.topology import command_event_key

ANSWER_SECONDS = 30.0  # a thousand of them may wait for one another


class Operator(BaseClient):
    """Gives operators' commands over RabbitMQ. Use it as an async context manager.

    The URL's user must be one of `[operators] users`, with an operator's rights. It connects again
    by itself; what waits for its answer is then asked again, which does nothing twice.
    """

    def __init__(self, amqp_url: str, *, name: str = "operator", names_user: bool = True) -> None:
        super().__init__(
            amqp_url,
            name=name,
            names_user=names_user,
            prefix="operator",
            patterns=[command_event_key("*", "*")],  # only its answer says whose a dead letter is
        )

    async def give(
        self, key: str, command: OperatorCommand, *, timeout_seconds: float = ANSWER_SECONDS
    ) -> Answer:
        """Give a command under its routing key and return the router's answer.

        Raises:
            RejectedError: with the invalid field; nothing was done.
            NoAnswerError: confirmed, but not answered in time; it will be.
            PublishFailedError: not confirmed in time, or refused.
            TopologyMissingError: the broker has no `herald.commands`.
            ConnectionFailedError: the user may not publish it.
        """
        return await self._open.ask(operator_command(key, command), timeout_seconds)
