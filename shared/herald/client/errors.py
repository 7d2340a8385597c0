"""What can go wrong for a client, each with a text that says what to do."""

from __future__ import annotations

from collections.abc import Sequence

from herald.contracts.reasons import in_words


class ClientError(Exception):
    """Every error of the client is one of these."""


class ConnectionFailedError(ClientError):
    """The broker can't be reached, or refuses the user. The text never holds the password."""


class TopologyMissingError(ClientError):
    """The broker lacks Herald's exchanges (`herald topology apply`), or a queue of the user's."""


class PublishFailedError(ClientError):
    """The command was not confirmed; publish it again under the same key."""


class RejectedError(ClientError):
    """The command was refused; nothing was sent. `field` and `reason` are the first error's.

    `errors`: every invalid field with its reason. `message_id`: of the message that holds the key,
    where there is one.
    """

    def __init__(self, errors: Sequence[tuple[str, str]], *, message_id: str | None = None) -> None:
        super().__init__("; ".join(in_words_of(error) for error in errors))
        self.errors = tuple(errors)
        self.field, self.reason = errors[0]
        self.message_id = message_id


def in_words_of(error: tuple[str, str]) -> str:
    """Say in one line which field is invalid, and why."""
    field, reason = error
    return ": ".join(filter(None, (field, in_words(reason))))


class NoAnswerError(ClientError, TimeoutError):
    """It did not come in time. A confirmed command is kept and will be answered."""
