"""Commands about messages that exist, and commands nobody knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from herald.bus.batches import Handler
from herald.bus.deliveries import Delivery
from herald.config.file import HeraldFile
from herald.contracts.commands import CancelMessage
from herald.contracts.reasons import UNKNOWN_MESSAGE
from herald.contracts.topology import CANCEL_KEY
from herald.database.pool import Connection, Database
from router.commands import Envelope, Rejection, UnusableError
from router.committing import Committer
from router.core.facts import CancelAsked, Fact
from router.counting import observe_rejections
from router.handlers.send import envelope_of, insert_refused_commands, refuse, refuse_poison
from router.outgoing.messages import rejection_event
from router.parsing.control import read_cancel
from router.parsing.refusals import rejection, unknown_command
from router.poison_isolation import apply_isolated
from router.store.messages import find_by_key, lock_messages


class ControlHandler:
    """Handles batches of `router.control`: cancels itself, operators' commands by `acts`."""

    def __init__(
        self,
        database: Database,
        committer: Committer,
        configuration: HeraldFile,
        acts: Mapping[str, Handler],  # by routing key
    ) -> None:
        self._database = database
        self._committer = committer
        self._configuration = configuration
        self._acts = acts

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Answer every command of a batch; one that breaks us is refused alone."""
        others = [one for one in deliveries if one.routing_key not in self._acts]
        if others:
            await apply_isolated(others, self._apply, self._refuse_poison)
        for key, act in self._acts.items():
            asked = [one for one in deliveries if one.routing_key == key]
            if asked:
                await act(asked)

    async def _apply(self, deliveries: Sequence[Delivery]) -> None:
        now = self._database.now()
        cancels: list[tuple[Envelope, CancelMessage]] = []
        rejections: list[Rejection] = []
        for delivery in deliveries:
            envelope = envelope_of(delivery)
            read = self._read(envelope)
            if isinstance(read, Rejection):
                rejections.append(read)
            else:
                cancels.append((envelope, read))
        async with self._database.transaction() as connection:
            facts, unknown = await self._locate(connection, cancels)
            rejections += unknown
            committed = await self._committer.apply(
                connection, facts, now, also=[rejection_event(item, now) for item in rejections]
            )
            buried = await insert_refused_commands(connection, rejections)
        observe_rejections(rejections, buried)
        await self._committer.keep(committed)

    def _read(self, envelope: Envelope) -> CancelMessage | Rejection:
        if envelope.routing_key == CANCEL_KEY:
            return read_cancel(envelope, self._configuration)
        return unknown_command(envelope, self._configuration)

    async def _locate(
        self, connection: Connection, cancels: Sequence[tuple[Envelope, CancelMessage]]
    ) -> tuple[dict[UUID, list[Fact]], list[Rejection]]:
        """Find the messages that are meant; a cancel may overtake its send and find none."""
        keys = [
            (cancel.tenant, cancel.idempotency_key)
            for _, cancel in cancels
            if cancel.idempotency_key is not None
        ]
        by_key = await find_by_key(connection, keys) if keys else {}
        named = [
            (
                envelope,
                cancel,
                cancel.id or by_key.get((cancel.tenant, cancel.idempotency_key or "")),
            )
            for envelope, cancel in cancels
        ]
        held = await lock_messages(connection, {name for _, _, name in named if name is not None})
        facts: dict[UUID, list[Fact]] = {}
        unknown: list[Rejection] = []
        for envelope, cancel, name in named:
            message = held.get(name) if name is not None else None
            if message is not None and message.tenant == cancel.tenant:
                facts.setdefault(message.id, []).append(CancelAsked(context=envelope.context))
            else:
                field = "id" if cancel.id is not None else "idempotency_key"
                problem = UnusableError(field, UNKNOWN_MESSAGE)
                unknown.append(rejection(envelope, self._configuration, problem))
        return facts, unknown

    async def _refuse_poison(self, delivery: Delivery, _error: Exception) -> None:
        await refuse_poison(self._database, self._committer, self._configuration, delivery)


class UnroutableHandler:
    """Handles batches of `router.unroutable`: commands under a key that nobody knows."""

    def __init__(self, database: Database, committer: Committer, configuration: HeraldFile) -> None:
        self._database = database
        self._committer = committer
        self._configuration = configuration

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Refuse every command of a batch."""
        await apply_isolated(deliveries, self._apply, self._refuse_poison)

    async def _apply(self, deliveries: Sequence[Delivery]) -> None:
        rejections = [
            unknown_command(envelope_of(delivery), self._configuration) for delivery in deliveries
        ]
        await refuse(self._database, self._committer, rejections)

    async def _refuse_poison(self, delivery: Delivery, _error: Exception) -> None:
        await refuse_poison(self._database, self._committer, self._configuration, delivery)
