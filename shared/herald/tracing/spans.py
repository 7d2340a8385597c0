"""What the services record as spans, and where: nowhere, unless tracing was started.

A span has attributes of a closed list. None of them is an address, a user's word or a text.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NamedTuple, NewType, Protocol

from herald.contracts.trace_context import TraceContext


class Kind(Enum):
    """What a span is of, in OpenTelemetry's words."""

    SERVER = "server"  # a request that is answered
    CLIENT = "client"  # a call that waits for its answer
    CONSUMER = "consumer"  # a message from the bus that is handled
    INTERNAL = "internal"


Name = NewType("Name", str)  # plain strings: members of an enumeration are slow keys


class Attribute:
    """Everything that a span may say."""

    MESSAGE = Name("herald.message.id")
    ATTEMPT = Name("herald.attempt.id")
    TENANT = Name("herald.tenant")
    CHANNEL = Name("herald.channel")
    LANE = Name("herald.lane")
    PROVIDER = Name("herald.provider")
    ACCOUNT = Name("herald.account")
    STATUS = Name("herald.status")  # of the attempt, as a receipt has it
    RESULT = Name("herald.result")  # of a call, or of work that led to none
    REASON = Name("herald.reason")  # why work was given back, or why a channel was left
    FAILURE_CLASS = Name("herald.failure.class")
    ANSWER = Name("herald.answer")  # to a command
    RESENT_FROM = Name("herald.resent_from")  # the message that it sends again
    OUTCOME = Name("herald.outcome")  # of the message, on the span that ended it
    FALLBACK_FROM = Name("herald.fallback.from")
    FALLBACK_TO = Name("herald.fallback.to")
    RECEIPTS = Name("herald.receipts")  # how many a webhook became
    SYSTEM = Name("messaging.system")
    QUEUE = Name("messaging.destination.name")
    BATCH = Name("messaging.batch.message_count")
    METHOD = Name("http.request.method")
    ROUTE = Name("http.route")
    STATUS_CODE = Name("http.response.status_code")


ATTRIBUTES = frozenset(name for key, name in vars(Attribute).items() if key.isupper())
Attributes = Mapping[Name, str | int | None]


class Moment(NamedTuple):
    """When a span began; its end is measured from there with the clock that nobody sets."""

    epoch_ns: int
    monotonic_ns: int

    @classmethod
    def now(cls) -> Moment:
        return cls(time.time_ns(), time.monotonic_ns())

    def later_ns(self) -> int:
        """Return the present time in nanoseconds since the epoch, never before the moment."""
        return self.epoch_ns + time.monotonic_ns() - self.monotonic_ns


class Span(Protocol):
    """A span under way. One that is never ended is not recorded."""

    @property
    def context(self) -> TraceContext:
        """The span as its children name it."""

    def note(self, attributes: Attributes) -> None:
        """Add attributes; None says nothing."""

    def event(self, name: str, attributes: Attributes = ...) -> None:
        """Note that something happened in it, now."""

    def link(self, other: TraceContext) -> None:
        """Name a span of another trace that has to do with it; nothing where that is unsampled."""

    def end(self, *, failed: str | None = None) -> None:
        """End it, now; `failed`: in what way it failed, in a word."""


class Tracer(Protocol):
    """Makes spans."""

    def begin(
        self,
        name: str,
        kind: Kind,
        parent: TraceContext | None,
        attributes: Attributes,
        *,
        links: Sequence[TraceContext] = (),
        at: Moment | None = None,
    ) -> Span:
        """Begin a span, now or as of `at`; without a parent it is the first of a trace."""


_active: Tracer | None = None


def tracer() -> Tracer | None:
    """Return this process's tracer; None while tracing is off."""
    return _active


def use_tracer(tracer: Tracer | None) -> None:
    """Trace this process with a tracer, or with none."""
    global _active  # noqa: PLW0603  one a process, as its logs are
    _active = tracer


def trace_of(context: TraceContext | None) -> dict[str, str]:
    """Return the field by which a log line names its trace, if it is of one."""
    return {} if context is None else {"trace_id": context.trace_id}
