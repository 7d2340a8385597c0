"""What must hold after any fault. Each check gives the problems it finds; none is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from chaos.record import Record, message_of

DELIVERY_LIMIT = 20  # the broker gives a message up after as many deliveries that led to nothing
ACCEPTED = "herald.command.accepted.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a case promises beyond what always holds.

    `redeliveries`: the most that any message may have been delivered before the delivery that
    counted. `cut`: a worker died with calls under way: they are unknown, and fail unless somebody
    hears of them again.
    """

    redeliveries: int
    cut: bool = False


def problems(record: Record, promise: Promise) -> list[str]:
    """Check everything."""
    return [
        *_everything_is_over(record),
        *_each_command_is_accepted_once(record),
        *_each_message_has_one_outcome(record, promise),
        *_success_was_sent(record),
        *_nothing_is_sent_unasked(record),
        *_no_attempt_is_made_twice(record),
        *_each_double_contact_has_a_row(record),
        *_unknown_only_with_a_reason(record, promise),
        *_no_fallback_by_silence(record),
        *_nothing_was_given_up(record),
        *_deliveries_are_not_burnt(record, promise),
    ]


def doubles(record: Record) -> list[str]:
    """Name the messages that reached their recipient more than once."""
    return [name for name, attempts in record.contacts.items() if len(attempts) > 1]


def most_redeliveries(record: Record) -> int:
    """Return how often the worst message had been delivered before."""
    return max((before for _, before in record.deliveries), default=0)


def _everything_is_over(record: Record) -> Iterator[str]:
    if record.left_open:
        yield f"still open: {record.left_open} messages, outbox rows or reports"


def _each_command_is_accepted_once(record: Record) -> Iterator[str]:
    answers: dict[str, set[tuple[str, str]]] = {name: set() for name in record.commands}
    for event in record.events:
        if event["type"].startswith("herald.command."):
            answers.setdefault(event["subject"], set()).add((event["type"], event["id"]))
    for name, given in answers.items():
        if [kind for kind, _ in given] != [ACCEPTED]:
            yield f"{name} was answered {sorted(given)}"


def _each_message_has_one_outcome(record: Record, promise: Promise) -> Iterator[str]:
    ends: dict[str, set[tuple[str, str]]] = {}
    for event in record.events:
        if event["data"].get("terminal"):
            end = (event["id"], event["data"]["outcome"])
            ends.setdefault(event["subject"], set()).add(end)
    for name in record.commands:
        outcome = record.outcomes.get(name)
        if outcome is None:
            yield f"{name} has no outcome"
        elif [ended for _, ended in ends.get(name, ())] != [outcome]:
            yield f"{name} is {outcome}, its terminal events say {ends.get(name)}"
        elif not _is_allowed(outcome, name, record, promise):
            yield f"{name} {outcome}"


def _is_allowed(outcome: str, name: str, record: Record, promise: Promise) -> bool:
    if outcome == "failed":
        return promise.cut and name in record.unknown
    return outcome == "succeeded"


def _success_was_sent(record: Record) -> Iterator[str]:
    for name, outcome in record.outcomes.items():
        if outcome == "succeeded" and name not in record.contacts:
            yield f"{name} succeeded, and no provider took it"


def _nothing_is_sent_unasked(record: Record) -> Iterator[str]:
    for request in record.requests:
        if message_of(request) not in record.commands:
            yield f"{request['attempt']} was sent, and nobody asked for it now"


def _no_attempt_is_made_twice(record: Record) -> Iterator[str]:
    for attempt, times in Counter(request["attempt"] for request in record.requests).items():
        if times > 1:
            yield f"{attempt} was made {times} times"


def _each_double_contact_has_a_row(record: Record) -> Iterator[str]:
    for name in doubles(record):
        *before, _last = record.contacts[name]
        if not record.unknown.get(name, {}).keys() >= set(before):
            yield f"{name} was contacted by {record.contacts[name]}, none of them unknown"


def _unknown_only_with_a_reason(record: Record, promise: Promise) -> Iterator[str]:
    if record.unknown and not promise.cut:
        yield f"unknown without a reason: {record.unknown}"


def _no_fallback_by_silence(record: Record) -> Iterator[str]:
    """Only a provider's word may lead to the next channel: the outage just made news late."""
    for event in record.events:
        data = event["data"]
        reason = (data.get("fallback") or {}).get("reason")
        if reason not in {None, "unreachable"} and event["subject"] not in record.unknown:
            yield f"{event['subject']} fell back: {reason}"


def _nothing_was_given_up(record: Record) -> Iterator[str]:
    for row in record.dead_letters:
        yield f"{row['count']} dead letters of {row['queue']}: {row['reason']}"


def _deliveries_are_not_burnt(record: Record, promise: Promise) -> Iterator[str]:
    if not record.deliveries:
        yield "the broker showed no delivery"
    for (queue, before), times in record.deliveries.items():
        if before > promise.redeliveries:
            yield f"{times} of {queue} had {before} deliveries of {DELIVERY_LIMIT} behind them"
