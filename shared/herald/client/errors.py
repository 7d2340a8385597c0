"""What can go wrong for a client, each with a text that says what to do."""

from __future__ import annotations


class ClientError(Exception):
    """Every error of the client is one of these."""


class ConnectionFailedError(ClientError):
    """The broker can't be reached, or refuses the user. The text never holds the password."""


class TopologyMissingError(ClientError):
    """The broker has none of Herald's exchanges: `herald topology apply` was not run there."""


class PublishFailedError(ClientError):
    """The command was not confirmed; publish it again under the same key."""


class RejectedError(ClientError):
    """The router refused the command; nothing was sent."""

    def __init__(self, field: str, reason: str, *, message_id: str | None = None) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason
        self.message_id = message_id  # of the message that holds the key, where there is one


class NoAnswerError(ClientError, TimeoutError):
    """It did not come in time. A confirmed command is kept and will be answered."""
