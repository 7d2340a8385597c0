"""The spans of an attempt at its worker: the work that came, and the call that was made for it."""

from __future__ import annotations

from collections.abc import Iterable

from herald.bus.deliveries import Delivery
from herald.channel.attempts import Attempt
from herald.channel.finished import Finished
from herald.contracts.topology import outbound_queue
from herald.contracts.trace_context import TraceContext
from herald.contracts.work import Work
from herald.providers.sending import Refused, SendResult
from herald.tracing.spans import Attribute, Kind, Span, Tracer, tracer


def begin_work(active: Tracer, work: Work, delivery: Delivery) -> Span | None:
    """Begin the span of work that was received; None where its message is of no sampled trace."""
    parent = TraceContext.read(delivery.headers)
    if parent is None or not parent.is_sampled:
        return None
    queue = outbound_queue(work.channel, work.lane)
    about = {
        Attribute.SYSTEM: "rabbitmq",
        Attribute.QUEUE: queue,
        Attribute.MESSAGE: work.message_id,
        Attribute.ATTEMPT: work.attempt_id,
        Attribute.TENANT: work.tenant,
        Attribute.CHANNEL: work.channel,
        Attribute.LANE: work.lane.value,
    }
    return active.begin(f"process {queue}", Kind.CONSUMER, parent, about)


def note_claimed(attempt: Attempt) -> None:
    """Say that no other worker makes the call."""
    if attempt.span is not None:
        attempt.span.event("claimed")


def begin_call(attempt: Attempt) -> Span | None:
    """Begin the span of a provider's call. The provider gets no header of it."""
    active = tracer()
    if active is None or attempt.span is None:
        return None
    about = {
        Attribute.MESSAGE: attempt.work.message_id,
        Attribute.ATTEMPT: attempt.id,
        Attribute.CHANNEL: attempt.work.channel,
        Attribute.PROVIDER: attempt.provider,
        Attribute.ACCOUNT: attempt.account,
    }
    return active.begin(f"send {attempt.provider}", Kind.CLIENT, attempt.span.context, about)


def end_call(span: Span, result: SendResult, word: str) -> None:
    """Say how a call ended; `word`: as the metrics call it."""
    failure = result.failure.failure_class.value if isinstance(result, Refused) else None
    span.note({Attribute.RESULT: word, Attribute.FAILURE_CLASS: failure})
    span.end(failed=failure)


def end_idle(attempt: Attempt, word: str) -> None:
    """End the span of work that led to no call and no report here."""
    if attempt.span is not None:
        attempt.span.note({Attribute.RESULT: word})
        attempt.span.end()


def end_reported(group: Iterable[Finished]) -> None:
    """End the spans of work whose reports are recorded, and published or left to the sweeper."""
    for item in group:
        if item.span is None:
            continue
        receipt, failure = item.receipt, item.receipt.failure
        item.span.note(
            {
                Attribute.STATUS: receipt.status.value,
                Attribute.PROVIDER: receipt.provider or None,
                Attribute.ACCOUNT: receipt.account or None,
                Attribute.FAILURE_CLASS: failure.failure_class.value if failure else None,
                Attribute.REASON: receipt.returned.reason if receipt.returned else None,
            }
        )
        item.span.end()
