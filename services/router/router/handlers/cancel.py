"""`message.cancel`: a fact for the message that is meant, or refused because there is none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from herald.config.file import HeraldFile
from herald.contracts.commands import CancelMessage
from herald.contracts.reasons import UNKNOWN_MESSAGE
from router.commands import Envelope, Rejection, UnusableError
from router.core.facts import CancelAsked, Fact
from router.handlers.named_messages import find_named
from router.parsing.control import read_cancel
from router.parsing.refusals import rejection
from router.unit_of_work import UnitOfWork


class CancelCommands:
    """Commands that cancel a message."""

    def __init__(self, configuration: HeraldFile) -> None:
        self._configuration = configuration

    def read(
        self, envelopes: Sequence[Envelope], _now: datetime
    ) -> list[CancelMessage | Rejection]:
        """Read commands."""
        return [read_cancel(envelope, self._configuration) for envelope in envelopes]

    async def apply(
        self, unit: UnitOfWork, commands: Sequence[tuple[Envelope, CancelMessage]]
    ) -> None:
        """Cancel the messages that are meant; a cancel may overtake its send and find none."""
        named = await find_named(unit.connection, [command for _, command in commands])
        held = await unit.lock(name for name in named if name is not None)
        facts: dict[UUID, list[Fact]] = {}
        for (envelope, command), name in zip(commands, named, strict=True):
            message = held.get(name) if name is not None else None
            if message is not None and message.tenant == command.tenant:
                facts.setdefault(message.id, []).append(CancelAsked(context=envelope.context))
            else:
                field = "id" if command.id is not None else "idempotency_key"
                problem = UnusableError(field, UNKNOWN_MESSAGE)
                unit.reject(rejection(envelope, self._configuration, problem))
        await unit.apply(facts)
