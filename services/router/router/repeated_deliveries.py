"""Deliveries to handle once more: of what the broker gave up, and of dead letters. Pure."""

from __future__ import annotations

from dataclasses import replace

from herald.bus.deliveries import Delivery
from herald.contracts.topology import (
    COMMANDS,
    CONTROL_KEYS,
    CONTROL_QUEUE,
    OF_WORK,
    OPERATOR_KEYS,
    QUARANTINE_KEY,
    UNROUTABLE_QUEUE,
    commands_queue,
    lane_of,
)
from router.commands import UnusableError
from router.dead_letters import DeadLetter, last_death


def as_first_published(delivery: Delivery) -> Delivery:
    """Return a dead-lettered message as its queue got it, for its handler."""
    death = last_death(delivery.headers)
    return replace(
        delivery,
        exchange=str(death.get("exchange")),
        routing_key=str((death.get("routing-keys") or [delivery.routing_key])[0]),
        redelivered=True,
        received_on=None,  # the dead letter is what gets settled
        rejected=False,
        settled=False,
    )


def handling_queue(dead_letter: DeadLetter) -> str:
    """Return the queue whose handler can handle a dead letter once more.

    Raises:
        UnusableError: handling it again would do nothing, or harm.
    """
    if dead_letter.routing_key in OPERATOR_KEYS and dead_letter.exchange == COMMANDS:
        raise UnusableError("id", "an operator's command is not replayed: give it again")
    if dead_letter.queue == QUARANTINE_KEY:
        raise UnusableError("id", "a webhook that ingress did not understand is not replayed")
    if dead_letter.exchange in OF_WORK:
        why = "its attempt has failed: send the message again"
        raise UnusableError("id", f"work for a channel is not replayed, {why}")
    if dead_letter.queue != COMMANDS:
        return dead_letter.queue
    lane = lane_of(dead_letter.routing_key)
    if lane is not None:
        return commands_queue(lane)
    return CONTROL_QUEUE if dead_letter.routing_key in CONTROL_KEYS else UNROUTABLE_QUEUE


def as_delivered(dead_letter: DeadLetter) -> Delivery:
    """Return a dead letter as its queue's handler gets it: as it was published, and by whom."""
    return Delivery(
        body=dead_letter.body,
        exchange=dead_letter.exchange,
        routing_key=dead_letter.routing_key,
        message_id=dead_letter.message_id,
        correlation_id=dead_letter.correlation_id,
        user_id=dead_letter.user,
        redelivered=True,
    )
