"""What must be known before a step starts: whether it may, when, and with what. Values only.

The core asks for it each time a step is about to start, for a recipient may have opted out since
the message was accepted. The unit of work finds it out for all steps of a batch together.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from herald.contracts.failures import Failure


class Refusal(Struct, frozen=True):
    """Why a step is skipped: a word for events and metrics, and the failure if no step is left."""

    reason: str
    failure: Failure


class Wait(Struct, frozen=True):
    """A step must not start before `until`; `reason` is a word for the timeline."""

    until: datetime
    reason: str


class Clearance(Struct, frozen=True, kw_only=True):
    """What was found out about a step that is about to start; by default nothing is in its way."""

    refusal: Refusal | None = None
    wait: Wait | None = None
    is_queued: bool = False  # its channel has no room: it waits in the backlog, without an attempt
    fallback_after: timedelta | None = None  # instead of the step's own
    says_template: bool = False  # the template for who may get nothing else now
    only_account: str | None = None  # of those that serve the step
    notes: tuple[str, ...] = ()  # for the timeline, if the step starts

    @property
    def lets_start(self) -> bool:
        """Whether the step may start now, as far as is known."""
        return self.refusal is None and self.wait is None and not self.is_queued

    def and_also(self, other: Clearance) -> Clearance:
        """Return what both say together: the first refusal, the longest wait."""
        waits = [wait for wait in (self.wait, other.wait) if wait is not None]
        return replace(
            self,
            refusal=self.refusal or other.refusal,
            wait=max(waits, key=lambda wait: wait.until, default=None),
            is_queued=self.is_queued or other.is_queued,
            fallback_after=self.fallback_after or other.fallback_after,
            says_template=self.says_template or other.says_template,
            only_account=self.only_account or other.only_account,
            notes=self.notes + other.notes,
        )


CLEAR = Clearance()
