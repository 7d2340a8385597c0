"""Publishing messages, or keeping them on disk where their provider would not send them again."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from herald.bus.errors import PublishError
from herald.bus.outgoing_messages import OutgoingMessage
from herald.service.rate_limited_log import RateLimitedLog
from ingress import metrics
from ingress.grouped_publisher import GroupedPublisher, Published
from ingress.spool.identity import Identity
from ingress.spool.spool import NotKeptError, Spool


class Placement(Enum):
    """Where messages are now."""

    ON_THE_BUS = auto()
    ON_DISK = auto()
    NOWHERE = auto()  # their provider has to send them again


class PublishOrSpool:
    """Publishes, and keeps what can't be published where there is a spool. Shared by requests."""

    def __init__(
        self,
        publisher: GroupedPublisher,
        spool: Spool | None,
        identity: Identity,
        rate_limited: RateLimitedLog,
    ) -> None:
        self._publisher = publisher
        self._identity = identity
        self._spool = spool
        self._rate_limited = rate_limited

    async def place(
        self, messages: Sequence[OutgoingMessage], provider: str, *, retries_on_5xx: bool
    ) -> Placement:
        """Publish messages; keep those that fail where their provider won't send them again."""
        if not messages:
            return Placement.ON_THE_BUS
        failures = await self._publisher.publish(messages)
        if failures.count(None) == len(messages):
            return Placement.ON_THE_BUS
        return await self.keep(messages, failures, provider, retries_on_5xx=retries_on_5xx)

    def publish(self, messages: Sequence[OutgoingMessage], published: Published) -> None:
        """Publish a few messages; `published` gets what became of each, and `keep` goes on."""
        if messages:
            self._publisher.begin(messages, published)
        else:
            published([])

    async def keep(
        self,
        messages: Sequence[OutgoingMessage],
        failures: Sequence[PublishError | None],
        provider: str,
        *,
        retries_on_5xx: bool,
    ) -> Placement:
        """Keep those of some messages that failed, where their provider won't send them again."""
        failed = [
            (message, failure)
            for message, failure in zip(messages, failures, strict=True)
            if failure is not None
        ]
        self._rate_limited.warning("ingress.not_published", about=failed[0][1].kind)
        may_be_kept = all(failure.retry for _, failure in failed)
        if retries_on_5xx or self._spool is None or not may_be_kept or not self._identity.is_known:
            return Placement.NOWHERE
        return await self._spooled(self._spool, [message for message, _ in failed], provider)

    async def _spooled(
        self, spool: Spool, messages: Sequence[OutgoingMessage], provider: str
    ) -> Placement:
        try:
            await spool.keep(messages)
        except NotKeptError as error:
            self._rate_limited.warning("ingress.not_kept", about="spool", reason=str(error))
            return Placement.NOWHERE
        metrics.SPOOL_KEPT.labels(provider).inc(len(messages))
        return Placement.ON_DISK
