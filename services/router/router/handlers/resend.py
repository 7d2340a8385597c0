"""`message.resend`: an operator sends a failed message again, once, as a new one linked to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from herald.config.file import HeraldFile
from herald.contracts.identifiers import UNKNOWN_TENANT, resend_id_for
from herald.contracts.operator_commands import ResendMessage
from herald.contracts.reasons import UNKNOWN_MESSAGE
from herald.contracts.topology import RESEND_KEY
from herald.contracts.vocabulary import CommandAnswer
from router.commands import Candidate, EndedMessage, Envelope, Rejection, UnusableError
from router.handlers.named_messages import find_named
from router.handlers.taken import answer_repeat
from router.parsing.control import read_operator
from router.parsing.resend import resend
from router.store.audit import Act
from router.store.messages import find_holders
from router.store.resends import lock_ended, mark_resent
from router.unit_of_work import UnitOfWork


class _Asked(Struct, frozen=True):
    """An operator's command and the message that it means, where there is one."""

    envelope: Envelope
    command: ResendMessage
    ended: EndedMessage | None

    def conclude(self, unit: UnitOfWork, **detail: object) -> None:
        """Keep in the audit what became of the command."""
        subject = self.ended.message.id if self.ended else self.command.id
        unit.audit(
            Act(
                user=self.envelope.user or "",
                act=RESEND_KEY,
                tenant=self.command.tenant,
                subject=str(subject) if subject else None,
                detail=detail,
            )
        )

    def accept(self, unit: UnitOfWork, new: UUID, answer: CommandAnswer) -> None:
        """Keep in the audit which message is, or was, sent instead."""
        self.conclude(unit, answer=answer, resent_as=new, force=self.command.force)

    def reject(self, unit: UnitOfWork, at: str, reason: str) -> None:
        """Refuse the command; its body is no dead letter, for the audit has it."""
        command, ended = self.command, self.ended
        rejected = Rejection(
            envelope=self.envelope,
            field=at,
            reason=reason,
            tenant=UNKNOWN_TENANT if at == "tenant" else command.tenant,
            idempotency_key=command.idempotency_key,
            message_id=str(ended.message.id) if ended else None,
        )
        unit.reject(rejected, keep_body=False)
        self.conclude(unit, answer=CommandAnswer.REJECTED, field=at, reason=reason)


class ResendCommands:
    """Commands that send a message again."""

    def __init__(self, configuration: HeraldFile) -> None:
        self._configuration = configuration

    def read(
        self, envelopes: Sequence[Envelope], _now: datetime
    ) -> list[ResendMessage | Rejection]:
        """Read commands."""
        return [
            read_operator(envelope, self._configuration, ResendMessage) for envelope in envelopes
        ]

    async def apply(
        self, unit: UnitOfWork, commands: Sequence[tuple[Envelope, ResendMessage]]
    ) -> None:
        """Make the new messages; the first command of a batch that means a message makes its."""
        made: dict[UUID, tuple[_Asked, EndedMessage, Candidate]] = {}  # by the old message's id
        repeated: list[tuple[_Asked, UUID]] = []  # and the message made before
        for asked in await _find(unit, commands):
            try:
                ended = self._check(asked)
                old = ended.message.id
                if ended.resent_as is not None or old in made:
                    repeated.append((asked, ended.resent_as or resend_id_for(old)))
                else:
                    new = resend(
                        asked.envelope, asked.command, ended, self._configuration, unit.now
                    )
                    made[old] = asked, ended, new
            except UnusableError as error:
                asked.reject(unit, error.field, error.reason)
        if made:
            await _insert(unit, list(made.values()))
        if repeated:
            await _answer_repeats(unit, repeated)

    def _check(self, asked: _Asked) -> EndedMessage:
        """Return the message that a command means.

        Raises:
            UnusableError: there is no such tenant, or no such message.
        """
        command = asked.command
        if command.tenant not in self._configuration.tenants:
            raise UnusableError("tenant", "no such tenant")
        if asked.ended is None:
            raise UnusableError("id" if command.id else "idempotency_key", UNKNOWN_MESSAGE)
        return asked.ended


async def _find(
    unit: UnitOfWork, commands: Sequence[tuple[Envelope, ResendMessage]]
) -> list[_Asked]:
    """Lock the messages that are meant, each if it is of the tenant that its command names."""
    named = await find_named(unit.connection, [command for _, command in commands])
    held = await lock_ended(unit.connection, {name for name in named if name is not None})
    found = (held.get(name) if name is not None else None for name in named)
    return [
        _Asked(
            envelope,
            command,
            ended if ended is not None and ended.message.tenant == command.tenant else None,
        )
        for (envelope, command), ended in zip(commands, found, strict=True)
    ]


async def _insert(unit: UnitOfWork, made: Sequence[tuple[_Asked, EndedMessage, Candidate]]) -> None:
    """Insert the new messages, and link old and new in their histories."""
    inserted = await unit.insert([candidate for _, _, candidate in made])
    linked: dict[UUID, UUID] = {}
    for asked, ended, candidate in made:
        old, new = ended.message, candidate.message
        if new.id not in inserted:
            taken = f"another message has the key {new.idempotency_key}"
            asked.reject(unit, "idempotency_key", taken)
            continue
        linked[old.id] = new.id
        steps = " -> ".join(step.channel for step in new.plan.steps)
        unit.note(new, f"resent_from:{old.id}", f"sends {old.id} again: {steps}")
        by = f"sent again as {new.id} by {asked.envelope.user}"
        unit.note(old, f"resent_as:{new.id}", by)
        asked.accept(unit, new.id, CommandAnswer.ACCEPTED)
    await mark_resent(unit.connection, linked)


async def _answer_repeats(unit: UnitOfWork, repeated: Sequence[tuple[_Asked, UUID]]) -> None:
    """Answer commands whose message was sent again before, by naming the new one."""
    holders = await find_holders(unit.connection, {new for _, new in repeated})
    for asked, new in repeated:
        holder = holders.get(new)
        if holder is None:
            asked.reject(unit, "id", f"it was sent again as {new}, which is gone")
            continue
        answer = answer_repeat(asked.envelope, holder)
        unit.answer(holder.message, answer)
        asked.accept(unit, new, answer.answer)
