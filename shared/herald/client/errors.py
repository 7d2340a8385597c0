"""What can go wrong for a client, each with a text that says what to do."""

from __future__ import annotations

from collections.abc import Sequence


class ClientError(Exception):
    """Every error of the client is one of these."""


class ConnectionFailedError(ClientError):
    """The broker can't be reached, or refuses the user. The text never holds the password."""


class TopologyMissingError(ClientError):
    """The broker has none of Herald's exchanges: `herald topology apply` was not run there."""


class PublishFailedError(ClientError):
    """The command was not confirmed; publish it again under the same key."""


class RejectedError(ClientError):
    """The command was refused; nothing was sent. `field` and `reason` are those of the first fault.

    `faults`: every field at fault with its reason. `message_id`: of the message that holds the
    key, where there is one.
    """

    def __init__(self, faults: Sequence[tuple[str, str]], *, message_id: str | None = None) -> None:
        super().__init__("; ".join(": ".join(filter(None, fault)) for fault in faults))
        self.faults = tuple(faults)
        self.field, self.reason = faults[0]
        self.message_id = message_id


class NoAnswerError(ClientError, TimeoutError):
    """It did not come in time. A confirmed command is kept and will be answered."""
