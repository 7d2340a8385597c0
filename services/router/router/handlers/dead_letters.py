"""Dead letters are moved from the broker to PostgreSQL, where reading them destroys nothing.

Taking and returning a message of a quorum queue counts against its delivery limit. Lost work is
also a fact: its attempt is withdrawn and has failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

from pydantic import ValidationError

from herald.bus.batches import Handler
from herald.bus.deliveries import Delivery
from herald.config.file import HeraldFile
from herald.contracts.identifiers import AttemptId, body_id
from herald.contracts.text import storable
from herald.contracts.topology import OF_WORK
from herald.contracts.work import Work
from router import metrics
from router.batches import apply_isolated
from router.core.facts import DeadLettered, Fact
from router.dead_letters import (
    START_BYTES,
    DeadLetter,
    dead_letter_from_delivery,
    last_death,
)
from router.handlers.plans import take_refusals
from router.repeated_deliveries import as_first_published
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
        """Keep a batch; what can't be kept whole is kept without its headers."""
        left, handled = await self._handle_again(deliveries)
        if left:
            await apply_isolated(left, self._apply, self._keep_bare)
        for queue, number in handled.items():
            metrics.HANDLED_AFTER_LIMIT.labels(queue).inc(number)

    async def _handle_again(
        self, deliveries: Sequence[Delivery]
    ) -> tuple[list[Delivery], Counter[str]]:
        """Give handlers what the broker gave up of their queues.

        Returns all else, and how many were handled, by queue.
        """
        left: list[Delivery] = []
        handled: Counter[str] = Counter()
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
            handled[queue] = sum(not copy.rejected for _, copy in pairs)
        return left, handled

    async def _apply(self, deliveries: Sequence[Delivery]) -> None:
        dead_letters: list[DeadLetter] = []
        unanswered: list[AttemptId] = []
        facts: dict[UUID, list[Fact]] = {}
        for delivery in deliveries:
            dead_letter = dead_letter_from_delivery(delivery)
            lost = _lost_work(delivery)
            if lost is None or not self._services.is_routers(delivery.user_id):
                dead_letters.append(dead_letter)
                continue
            work, attempt = lost
            if work.kind == "plan":
                unanswered.append(attempt)  # a question: nothing of it is kept
                continue
            dead_letters.append(dead_letter)
            fact = DeadLettered(attempt=attempt, dispatch=work.dispatch, reason=dead_letter.reason)
            facts.setdefault(attempt.message_id, []).append(fact)
        async with self._units.begin() as unit:
            await unit.apply(facts)
            await take_refusals(unit, unanswered)
            unit.dead_letter(*dead_letters)

    async def _keep_bare(self, delivery: Delivery, error: Exception) -> None:
        dead_letter = DeadLetter(
            id=body_id(delivery.body),
            queue=storable(delivery.routing_key)[:255],
            reason=f"unreadable: {type(error).__name__}",
            exchange="",
            routing_key="",
            headers="{}",
            body=delivery.body[:START_BYTES],
        )
        async with self._units.begin() as unit:
            unit.dead_letter(dead_letter)


def _lost_work(delivery: Delivery) -> tuple[Work, AttemptId] | None:
    """Read the work that was given up, and its attempt; None if it is no work."""
    if last_death(delivery.headers).get("exchange") not in OF_WORK:
        return None
    try:
        work = Work.model_validate_json(delivery.body)
    except ValidationError:
        return None
    attempt = AttemptId.parse(work.attempt_id)
    return None if attempt is None else (work, attempt)
