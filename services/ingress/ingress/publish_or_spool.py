"""Handing frames over for good: to the bus, or to the spool where nobody would tell them again."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from herald.bus.outgoing_messages import OutgoingMessage
from herald.service.rate_limited_log import RateLimitedLog
from ingress import metrics
from ingress.outgoing import Outgoing
from ingress.spool.identity import Identity
from ingress.spool.spool import NotKeptError, Spool


class Handed(Enum):
    """Where frames are now."""

    ON_THE_BUS = auto()
    ON_DISK = auto()
    NOWHERE = auto()  # their provider has to tell them again


class Handover:
    """Publishes, and keeps what can't be published, where there is a spool. Shared by calls."""

    def __init__(
        self, outgoing: Outgoing, spool: Spool | None, identity: Identity, seldom: RateLimitedLog
    ) -> None:
        self._outgoing = outgoing
        self._identity = identity
        self._spool = spool
        self._seldom = seldom

    async def hand(
        self, frames: Sequence[OutgoingMessage], provider: str, *, retries_on_5xx: bool
    ) -> Handed:
        """Publish frames; where some fail and their provider won't repeat them, keep those."""
        if not frames:
            return Handed.ON_THE_BUS
        outcomes = await self._outgoing.publish(frames)
        failed = [
            (frame, failure)
            for frame, failure in zip(frames, outcomes, strict=True)
            if failure is not None
        ]
        if not failed:
            return Handed.ON_THE_BUS
        self._seldom.warning("ingress.not_published", about=failed[0][1].kind)
        may_be_kept = all(failure.retry for _, failure in failed)
        if retries_on_5xx or self._spool is None or not may_be_kept or not self._identity.is_known:
            return Handed.NOWHERE
        return await self._keep(self._spool, [frame for frame, _ in failed], provider)

    async def _keep(self, spool: Spool, frames: Sequence[OutgoingMessage], provider: str) -> Handed:
        try:
            await spool.keep(frames)
        except NotKeptError as error:
            self._seldom.warning("ingress.not_kept", about="spool", reason=str(error))
            return Handed.NOWHERE
        metrics.SPOOL_KEPT.labels(provider).inc(len(frames))
        return Handed.ON_DISK
