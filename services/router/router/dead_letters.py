"""Dead letters as values: where each came from, why it died, and whose it was. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from herald.bus.deliveries import Delivery
from herald.contracts.commands import MAX_COMMAND_BYTES
from herald.contracts.identifiers import UNKNOWN_TENANT, body_id
from herald.contracts.receipts import AccountReceipt, InboundReceipt, Receipt
from herald.contracts.text import storable
from herald.contracts.topology import (
    COMMANDS,
    CONTROL_KEYS,
    CONTROL_QUEUE,
    OPERATOR_KEYS,
    OUTBOUND,
    QUARANTINE_KEY,
    RECEIPTS,
    UNROUTABLE_QUEUE,
    account_receipt_key,
    attempt_receipt_key,
    commands_queue,
    inbound_receipt_key,
    lane_of,
    receipts_queue,
)
from herald.contracts.vocabulary import CommandAnswer, Lane
from router.commands import Envelope, Rejection, UnusableError

MAX_KEPT_BYTES = 1024 * 1024
START_BYTES = 4096  # kept of what is larger, or than what its queue is for


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """What nobody could handle, with all that it takes to handle it later."""

    id: str
    queue: str  # where it died, or `herald.commands` for a refused command
    reason: str
    exchange: str
    routing_key: str
    headers: str = "{}"  # JSON
    body: bytes
    message_id: str | None = None  # these three are its AMQP properties
    correlation_id: str | None = None
    user: str | None = None
    tenant: str | None = None  # of a command, where it is its user's
    idempotency_key: str | None = None  # of a command, or what stands in for it


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterAct:
    """An answered command about a dead letter, which is None where there is no such letter."""

    envelope: Envelope
    letter_id: str
    letter: DeadLetter | None
    answer: CommandAnswer
    field: str | None = None
    reason: str | None = None
    message_id: UUID | None = None  # of the message that a replayed command made or met


def as_first_published(delivery: Delivery) -> Delivery:
    """Return a dead-lettered message as its queue got it, for its handler."""
    death = last_death(delivery.headers)
    return replace(
        delivery,
        exchange=str(death.get("exchange")),
        routing_key=str((death.get("routing-keys") or [delivery.routing_key])[0]),
        redelivered=True,
        source=None,  # the dead letter is what gets settled
        rejected=False,
        settled=False,
    )


def dead_letter_from_delivery(delivery: Delivery) -> DeadLetter:
    """Read where and why the broker or ingress gave a message up."""
    death = last_death(delivery.headers)
    queue = death.get("queue") or delivery.routing_key
    return _letter(
        name=delivery.message_id or body_id(delivery.body),
        queue=str(queue),
        reason=str(death.get("reason") or delivery.headers.get("reason") or "unknown"),
        exchange=str(death.get("exchange") or delivery.exchange),
        routing_key=str((death.get("routing-keys") or [delivery.routing_key])[0]),
        headers=delivery.headers,
        body=delivery.body,
        message_id=delivery.message_id,
        correlation_id=delivery.correlation_id,
        user=delivery.user_id,
    )


def dead_letter_from_command(rejected: Rejection) -> DeadLetter:
    """Keep a refused command; the same one refused again is the same letter."""
    envelope, context = rejected.envelope, rejected.envelope.context
    mark = body_id(envelope.body)[:8]  # producers may give two commands one message id
    return _letter(
        name=f"command:{context.cause}:{mark}",
        queue=COMMANDS,
        reason=": ".join(filter(None, (rejected.field, rejected.reason))),
        exchange=COMMANDS,
        routing_key=context.routing_key,
        body=envelope.body,
        largest=MAX_COMMAND_BYTES,
        message_id=envelope.message_id,
        correlation_id=context.correlation_id,
        user=context.user,
        tenant=None if rejected.tenant == UNKNOWN_TENANT else rejected.tenant,
        idempotency_key=rejected.idempotency_key or rejected.stand_in,
    )


def dead_letter_from_receipt(receipt: Receipt, reason: str, user: str | None) -> DeadLetter:
    """Keep a receipt that can't be applied; told again, it is the same letter.

    `user`: who told it. Of one that was parked, and so once found to be in order, the router's own.
    """
    body = receipt.model_dump_json().encode()
    if isinstance(receipt, InboundReceipt):
        named, lane, key = True, Lane.NORMAL, inbound_receipt_key(receipt.channel)
    elif isinstance(receipt, AccountReceipt):
        named, lane, key = True, Lane.NORMAL, account_receipt_key(receipt.channel)
    else:
        named = bool(receipt.attempt_id or any(receipt.references))
        lane = receipt.lane or Lane.NORMAL
        key = attempt_receipt_key(receipt.channel, lane)
    receipt_id = receipt.receipt_id if named else None
    return _letter(
        name=f"{receipt_id or body_id(body)}:{reason}",
        queue=receipts_queue(lane),
        reason=reason,
        exchange=RECEIPTS,
        routing_key=key,
        body=body,
        message_id=receipt_id,
        user=user,
    )


def dead_letter_from_unreadable(parked: object) -> DeadLetter:
    """Keep what another version parked for an acceptance, in a form that can't be read."""
    body = to_json(parked)
    return _letter(
        name=body_id(body),
        queue=receipts_queue(Lane.NORMAL),
        reason="unreadable",
        exchange=RECEIPTS,
        routing_key="",
        body=body,
    )


def _letter(
    *,
    name: str,
    queue: str,
    reason: str,
    exchange: str,
    routing_key: str,
    body: bytes,
    headers: Mapping[str, Any] | None = None,
    largest: int = MAX_KEPT_BYTES,
    **about: str | None,
) -> DeadLetter:
    kept = dict(headers or {})
    if len(body) > largest:
        kept["body_bytes"] = len(body)
        body = body[:START_BYTES]
    clean = storable(
        {"name": name, "queue": queue, "reason": reason, "exchange": exchange, "key": routing_key}
    )
    return DeadLetter(
        id=f"{clean['queue']}:{clean['name']}"[:512],
        queue=clean["queue"][:255],
        reason=clean["reason"][:255],
        exchange=clean["exchange"][:255],
        routing_key=clean["key"][:255],
        headers=to_json(storable(kept), fallback=str, inf_nan_mode="null").decode(),
        body=body,
        **storable(about),
    )


def handling_queue(letter: DeadLetter) -> str:
    """Return the queue whose handler can handle a dead letter once more.

    Raises:
        UnusableError: handling it again would do nothing, or harm.
    """
    if letter.routing_key in OPERATOR_KEYS and letter.exchange == COMMANDS:
        raise UnusableError("id", "an operator's command is not replayed: give it again")
    if letter.queue == QUARANTINE_KEY:
        raise UnusableError("id", "a webhook that ingress did not understand is not replayed")
    if letter.exchange == OUTBOUND:
        why = "its attempt has failed: send the message again"
        raise UnusableError("id", f"work for a channel is not replayed, {why}")
    if letter.queue != COMMANDS:
        return letter.queue
    lane = lane_of(letter.routing_key)
    if lane is not None:
        return commands_queue(lane)
    return CONTROL_QUEUE if letter.routing_key in CONTROL_KEYS else UNROUTABLE_QUEUE


def as_delivered(letter: DeadLetter) -> Delivery:
    """Return a dead letter as its queue's handler gets it: as it was published, by whom it was."""
    return Delivery(
        body=letter.body,
        exchange=letter.exchange,
        routing_key=letter.routing_key,
        message_id=letter.message_id,
        correlation_id=letter.correlation_id,
        user_id=letter.user,
        redelivered=True,
    )


def last_death(headers: Mapping[str, Any]) -> Mapping[str, Any]:
    deaths = headers.get("x-death")
    first = deaths[0] if isinstance(deaths, list) and deaths else {}
    return first if isinstance(first, Mapping) else {}
