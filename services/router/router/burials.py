"""Dead letters: what nobody could handle is kept in PostgreSQL, where it can be read in peace.

Looking into a quorum queue by taking and returning counts against its delivery limit; a row does
not. Lost work is also a fact: its attempt is taken back and has failed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import to_json

from herald.bus.deliveries import Delivery
from herald.database.pool import Database
from herald.identifiers import AttemptId, body_id
from herald.receipts import AttemptReceipt, InboundReceipt
from herald.text import storable
from herald.topology import (
    OUTBOUND,
    RECEIPTS,
    RECEIPTS_QUEUE,
    attempt_receipt_key,
    inbound_receipt_key,
)
from herald.work import Work
from router import metrics
from router.committing import Committer
from router.core.facts import DeadLettered, Fact
from router.poison_isolation import apply_isolated
from router.store.dead_letters import DeadLetter, bury

MAX_KEPT_BYTES = 1024 * 1024


class DeadLetterHandler:
    """Drains `herald.dead` into `router.dead_letters`."""

    def __init__(self, database: Database, committer: Committer) -> None:
        self._database = database
        self._committer = committer

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Keep a batch; a letter that can't be kept whole is kept without its headers."""
        await apply_isolated(deliveries, self._apply, self._keep_bare)

    async def _apply(self, deliveries: Sequence[Delivery]) -> None:
        letters = [letter_of(delivery) for delivery in deliveries]
        facts: dict[UUID, list[Fact]] = {}
        for delivery, letter in zip(deliveries, letters, strict=True):
            metrics.DEAD_LETTERS.labels(_queue_label(letter.queue)).inc()
            fact = _lost_work(delivery, letter.reason)
            if fact is not None:
                facts.setdefault(fact.attempt.message_id, []).append(fact)
        async with self._database.transaction() as connection:
            committed = await self._committer.apply(connection, facts, datetime.now(UTC))
            await bury(connection, letters)
        await self._committer.keep(committed)

    async def _keep_bare(self, delivery: Delivery, error: Exception) -> None:
        letter = DeadLetter(
            id=body_id(delivery.body),
            queue=storable(delivery.routing_key)[:255],
            reason=f"unreadable: {type(error).__name__}",
            exchange="",
            routing_key="",
            headers="{}",
            body=delivery.body[:MAX_KEPT_BYTES],
        )
        async with self._database.connection() as connection:
            await bury(connection, [letter])


def letter_of(delivery: Delivery) -> DeadLetter:
    """Read where and why the broker or ingress gave a message up."""
    death = _last_death(delivery.headers)
    queue = death.get("queue") or delivery.routing_key
    return _letter(
        name=delivery.message_id or body_id(delivery.body),
        queue=str(queue),
        reason=str(death.get("reason") or delivery.headers.get("reason") or "unknown"),
        exchange=str(death.get("exchange") or delivery.exchange),
        routing_key=str((death.get("routing-keys") or [delivery.routing_key])[0]),
        headers=delivery.headers,
        body=delivery.body,
    )


def refused_command(
    *, cause: str, reason: str, routing_key: str, exchange: str, body: bytes
) -> DeadLetter:
    """Keep a refused command's body for the operator."""
    return _letter(
        name=f"command:{cause}",
        queue=exchange,
        reason=reason,
        exchange=exchange,
        routing_key=routing_key,
        headers={},
        body=body,
    )


def letter_from(receipt: AttemptReceipt | InboundReceipt, reason: str) -> DeadLetter:
    """Keep a receipt that can't be applied; told again, it is the same letter."""
    body = receipt.model_dump_json().encode()
    if isinstance(receipt, InboundReceipt):
        named, key = True, inbound_receipt_key(receipt.channel)
    else:
        named = bool(receipt.attempt_id or any(receipt.references))
        key = attempt_receipt_key(receipt.channel)
    return _letter(
        name=f"{receipt.frame_id if named else body_id(body)}:{reason}",
        queue=RECEIPTS_QUEUE,
        reason=reason,
        exchange=RECEIPTS,
        routing_key=key,
        headers={},
        body=body,
    )


def _letter(
    *,
    name: str,
    queue: str,
    reason: str,
    exchange: str,
    routing_key: str,
    headers: Mapping[str, Any],
    body: bytes,
) -> DeadLetter:
    clean = storable(
        {"name": name, "queue": queue, "reason": reason, "exchange": exchange, "key": routing_key}
    )
    return DeadLetter(
        id=f"{clean['queue']}:{clean['name']}"[:512],
        queue=clean["queue"][:255],
        reason=clean["reason"][:255],
        exchange=clean["exchange"][:255],
        routing_key=clean["key"][:255],
        headers=to_json(storable(dict(headers)), fallback=str, inf_nan_mode="null").decode(),
        body=body[:MAX_KEPT_BYTES],
    )


def _last_death(headers: Mapping[str, Any]) -> Mapping[str, Any]:
    deaths = headers.get("x-death")
    first = deaths[0] if isinstance(deaths, list) and deaths else {}
    return first if isinstance(first, Mapping) else {}


def _lost_work(delivery: Delivery, reason: str) -> DeadLettered | None:
    """Read the attempt whose work was given up; None when the letter is no work."""
    if _last_death(delivery.headers).get("exchange") != OUTBOUND:
        return None
    try:
        work = Work.model_validate_json(delivery.body)
    except ValidationError:
        return None
    attempt = AttemptId.parse(work.attempt_id)
    if attempt is None:
        return None
    return DeadLettered(attempt=attempt, dispatch=work.dispatch, reason=reason)


def _queue_label(queue: str) -> str:
    """Bound the label: our queues' families, and everything else as one."""
    family = queue.split(".", maxsplit=1)[0]
    return family if family in {"router", "outbound", "ingress"} else "other"
