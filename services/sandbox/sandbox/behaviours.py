"""What can happen to a message, in words that belong to no provider. Pure.

A provider's module says with which status code, error code and form it happens there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Handling(Enum):
    """How the provider's API handles a valid request."""

    ACCEPT = "accepts it"
    REFUSE = "refuses it"
    THROTTLE_ONCE = "refuses the first try as too fast, with Retry-After, and accepts the next"
    THROTTLE = "refuses every try as too fast, with Retry-After"
    ERROR_ONCE = "fails the first try with an error of its own, and accepts the next"
    ERROR_BARE = "responds 500 with a page of HTML, having accepted nothing"
    RESET = "accepts it and resets the connection instead of responding"
    SLOW = "accepts it and responds too slowly"
    GARBAGE = "accepts it and responds 200 with garbage"


ACCEPTED = frozenset({Handling.ACCEPT, Handling.RESET, Handling.SLOW, Handling.GARBAGE})
ONCE = frozenset({Handling.THROTTLE_ONCE, Handling.ERROR_ONCE})


class Failure(Enum):
    """Why a message fails. Every provider has a code or a reply for those of its channels."""

    NOT_ON_NETWORK = "not on the network"
    NOT_MOBILE = "not a mobile number"
    UNREACHABLE = "phone unreachable"
    UNKNOWN_RECIPIENT = "unknown recipient"
    OPTED_OUT = "opted out"
    OUTSIDE_WINDOW = "outside the service window, unless it is a template"
    BAD_CREDENTIALS = "bad credentials"
    BAD_MEDIA = "unusable media"


class Status(Enum):
    """What a webhook reports of an accepted message."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    CLICKED = "clicked"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What happens to one message on one channel."""

    handling: Handling = Handling.ACCEPT
    statuses: tuple[Status, ...] = (Status.SENT, Status.DELIVERED)  # reported after the acceptance
    failure: Failure | None = None  # with REFUSE, and with the status FAILED: why
    early: bool = False  # the first status comes before the API's response
    late: bool = False  # the statuses come after `late_seconds`
    shuffled: bool = False  # the statuses come backwards, each of them twice
    reply: str | None = None  # what the recipient writes back

    def __str__(self) -> str:
        why = f": {self.failure.value}" if self.failure else ""
        refused = self.handling is Handling.REFUSE
        words = [self.handling.value + (why if refused else "")]
        if self.handling in ACCEPTED | ONCE:
            statuses = ", ".join(status.value for status in self.statuses) or "silence"
            how = [name for name in ("early", "late", "shuffled") if getattr(self, name)]
            words.append(f"then {statuses}{why}" + (f" ({', '.join(how)})" if how else ""))
        if self.reply:
            words.append(f"then the recipient writes {self.reply!r}")
        return ", ".join(words)


def refused(failure: Failure) -> Behaviour:
    """Refuse with the provider's own error."""
    return Behaviour(handling=Handling.REFUSE, failure=failure)


def failed(failure: Failure) -> Behaviour:
    """Accept, then report by webhook that it failed."""
    return Behaviour(statuses=(Status.FAILED,), failure=failure)


DELIVERED = Behaviour()
READ = Behaviour(statuses=(Status.SENT, Status.DELIVERED, Status.READ))
SILENT = Behaviour(statuses=())
MAILED = Behaviour(statuses=(Status.DELIVERED,))
