"""Dead letters: what nobody could handle is kept in PostgreSQL, where it can be read in peace.

Looking into a quorum queue by taking and returning counts against its delivery limit; a row does
not. Lost work is also a fact: its attempt is taken back and has failed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from pydantic import ValidationError

from herald.bus.batches import Handler
from herald.bus.deliveries import Delivery
from herald.config.file import HeraldFile
from herald.contracts.identifiers import AttemptId, body_id
from herald.contracts.text import storable
from herald.contracts.topology import (
    OUTBOUND,
)
from herald.contracts.work import Work
from router import metrics
from router.batches import apply_isolated
from router.core.facts import DeadLettered, Fact
from router.dead_letters import (
    START_BYTES,
    DeadLetter,
    as_first_published,
    dead_letter_from_delivery,
    last_death,
)
from router.unit_of_work import UnitsOfWork

DELIVERY_LIMIT = "delivery_limit"  # RabbitMQ's word in `x-death`


class DeadLetterHandler:
    """Drains `herald.dead` into `router.dead_letters`.

    What the broker gave up only because it was delivered too often is no bad message: routers were
    killed, or lost their links. `handlers`, by queue, get it once more, and what they don't reject
    is handled.
    """

    def __init__(
        self,
        units: UnitsOfWork,
        configuration: HeraldFile,
        handlers: Mapping[str, Handler],
    ) -> None:
        self._units = units
        self._services = configuration.services
        self._handlers = handlers
        for queue in handlers:
            metrics.HANDLED_AFTER_LIMIT.labels(queue)

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Keep a batch; a letter that can't be kept whole is kept without its headers."""
        left = await self._handle_again(deliveries)
        if left:
            await apply_isolated(left, self._apply, self._keep_bare)

    async def _handle_again(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Give each handler what the broker gave up of its queue; return all else."""
        left: list[Delivery] = []
        again: dict[str, list[tuple[Delivery, Delivery]]] = {}
        for delivery in deliveries:
            death = last_death(delivery.headers)
            queue = str(death.get("queue"))
            if death.get("reason") == DELIVERY_LIMIT and queue in self._handlers:
                again.setdefault(queue, []).append((delivery, as_first_published(delivery)))
            else:
                left.append(delivery)
        for queue, pairs in again.items():
            await self._handlers[queue]([copy for _, copy in pairs])
            left += [delivery for delivery, copy in pairs if copy.rejected]
            metrics.HANDLED_AFTER_LIMIT.labels(queue).inc(sum(not c.rejected for _, c in pairs))
        return left

    async def _apply(self, deliveries: Sequence[Delivery]) -> None:
        letters = [dead_letter_from_delivery(delivery) for delivery in deliveries]
        facts: dict[UUID, list[Fact]] = {}
        for delivery, letter in zip(deliveries, letters, strict=True):
            fact = _lost_work(delivery, letter.reason)
            if fact is not None and self._services.is_routers(delivery.user_id):
                facts.setdefault(fact.attempt.message_id, []).append(fact)
        async with self._units.begin() as unit:
            await unit.apply(facts)
            unit.dead_letter(*letters)

    async def _keep_bare(self, delivery: Delivery, error: Exception) -> None:
        letter = DeadLetter(
            id=body_id(delivery.body),
            queue=storable(delivery.routing_key)[:255],
            reason=f"unreadable: {type(error).__name__}",
            exchange="",
            routing_key="",
            headers="{}",
            body=delivery.body[:START_BYTES],
        )
        async with self._units.begin() as unit:
            unit.dead_letter(letter)


def _lost_work(delivery: Delivery, reason: str) -> DeadLettered | None:
    """Read the attempt whose work was given up; None when the letter is no work."""
    if last_death(delivery.headers).get("exchange") != OUTBOUND:
        return None
    try:
        work = Work.model_validate_json(delivery.body)
    except ValidationError:
        return None
    attempt = AttemptId.parse(work.attempt_id)
    if attempt is None:
        return None
    return DeadLettered(attempt=attempt, dispatch=work.dispatch, reason=reason)
