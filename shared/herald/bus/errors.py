"""What can become of a publish that was not confirmed, and of a topology that can't be applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from herald.bus.drift import Drift

_REFUSALS = (401, 403)  # RabbitMQ says 401 also to a known user without the tag it takes


class PublishError(Exception):
    """A message that was not confirmed. The text names neither its body nor an address."""

    kind = "failed"  # its name in metrics and logs
    retry = True  # the same message under the same id may be published again

    def __init__(self, message_id: str, reason: str) -> None:
        super().__init__(f"{message_id}: {reason}")
        self.message_id = message_id
        self.reason = reason


class NackedError(PublishError):
    """The broker refused it: a bound queue is full. For a public event this is final."""

    kind = "nacked"


class UnroutableError(PublishError):
    """No queue is bound for its key: the topology is not applied, or the key is wrong."""

    kind = "unroutable"


class UnavailableError(PublishError):
    """No connection, or channel and connection were lost before the confirm.

    It may have arrived: keep the message and publish it again under the same id.
    """

    kind = "unavailable"


class TimedOutError(PublishError):
    """No confirm in time. It may still arrive: publish it again under the same id."""

    kind = "timed_out"


class RefusedError(PublishError):
    """It can't be put on the wire (key over 255 bytes, a header without an AMQP type); not sent."""

    kind = "refused"
    retry = False


class TopologyConflictError(Exception):
    """Something exists with other arguments, which only deleting it can change."""

    def __init__(self, conflicts: list[Drift]) -> None:
        super().__init__("; ".join(str(conflict) for conflict in conflicts))
        self.conflicts = conflicts


class ManagementError(Exception):
    """The management API did not answer as it should; `status` is HTTP's, if one came."""

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status

    @property
    def is_refusal(self) -> bool:
        """Whether the URL's user may not ask or do this."""
        return self.status in _REFUSALS
