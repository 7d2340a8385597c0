"""Dead letters as values: what could not be handled, why, and whose it was. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from msgspec import Struct
from pydantic_core import to_json

from herald.bus.deliveries import Delivery
from herald.contracts.commands import MAX_COMMAND_BYTES
from herald.contracts.identifiers import UNKNOWN_TENANT, body_id
from herald.contracts.receipts import AccountReceipt, InboundReceipt, Receipt
from herald.contracts.text import storable
from herald.contracts.topology import (
    COMMANDS,
    RECEIPTS,
    account_receipt_key,
    attempt_receipt_key,
    inbound_receipt_key,
    receipts_queue,
)
from herald.contracts.vocabulary import CommandAnswer, Lane
from router.commands import Envelope, Rejection

MAX_KEPT_BYTES = 1024 * 1024
REJECTED = "rejected"  # as the broker says of what a consumer gave up
START_BYTES = 4096  # kept of what is larger, or than what its queue is for


class DeadLetter(Struct, frozen=True, kw_only=True):
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


class DeadLetterAct(Struct, frozen=True, kw_only=True):
    """An answered command about a dead letter, which is None where there is no such one."""

    envelope: Envelope
    dead_letter_id: str
    dead_letter: DeadLetter | None
    answer: CommandAnswer
    field: str | None = None
    reason: str | None = None
    message_id: UUID | None = None  # of the message that a replayed command made or met


def dead_letter_from_delivery(delivery: Delivery) -> DeadLetter:
    """Read where and why the broker or ingress gave a message up."""
    death = last_death(delivery.headers)
    queue = death.get("queue") or delivery.routing_key
    return _dead_letter(
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
    """Keep a refused command; the same one refused again is the same dead letter."""
    envelope, context = rejected.envelope, rejected.envelope.context
    mark = body_id(envelope.body)[:8]  # producers may give two commands one message id
    return _dead_letter(
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
    """Keep a receipt that can't be applied; a repeat is the same dead letter.

    `user`: who published it; the router's own of one that was parked, and so found in order before.
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
    return _dead_letter(
        name=f"{receipt_id or body_id(body)}:{reason}",
        queue=receipts_queue(lane),
        reason=reason,
        exchange=RECEIPTS,
        routing_key=key,
        body=body,
        message_id=receipt_id,
        user=user,
    )


def dead_letter_from_part(delivery: Delivery, body: bytes) -> DeadLetter:
    """Keep one receipt of several that can't be read, as if it had come alone."""
    key = delivery.routing_key
    lane = next((each for each in Lane if key.endswith(f".{each}")), Lane.NORMAL)
    return _dead_letter(
        name=body_id(body),
        queue=receipts_queue(lane),
        reason=REJECTED,
        exchange=delivery.exchange,
        routing_key=key,
        body=body,
        message_id=delivery.message_id,
        user=delivery.user_id,
    )


def dead_letter_from_unreadable(parked: object) -> DeadLetter:
    """Keep what another version parked for an acceptance, in a form that can't be read."""
    body = to_json(parked)
    return _dead_letter(
        name=body_id(body),
        queue=receipts_queue(Lane.NORMAL),
        reason="unreadable",
        exchange=RECEIPTS,
        routing_key="",
        body=body,
    )


def _dead_letter(
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


def last_death(headers: Mapping[str, Any]) -> Mapping[str, Any]:
    deaths = headers.get("x-death")
    first = deaths[0] if isinstance(deaths, list) and deaths else {}
    return first if isinstance(first, Mapping) else {}
