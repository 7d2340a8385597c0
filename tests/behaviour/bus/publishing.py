"""One message at a time, for tests and measurements."""

from __future__ import annotations

from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.publishing import PUBLISH_TIMEOUT_SECONDS, Publisher


async def publish_confirmed(
    publisher: Publisher,
    message: OutgoingMessage,
    timeout_seconds: float = PUBLISH_TIMEOUT_SECONDS,
) -> None:
    """Publish one message and return once the broker has confirmed it.

    Raises:
        PublishError: it was not confirmed.
    """
    [failure] = await publisher.publish_many([message], timeout_seconds)
    if failure is not None:
        raise failure
