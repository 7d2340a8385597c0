"""Operators' `message.resend`: a failed message is sent again, once, as a new one linked to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from herald.bus.deliveries import Delivery
from herald.config.file import HeraldFile
from herald.contracts.identifiers import UNKNOWN_TENANT, resend_id_for
from herald.contracts.operator_commands import ResendMessage
from herald.contracts.reasons import UNKNOWN_MESSAGE
from herald.contracts.topology import RESEND_KEY
from herald.contracts.vocabulary import CommandAnswer
from herald.database.pool import Connection, Database
from router.accepting import accept, contents_of
from router.commands import Candidate, EndedMessage, Envelope, Rejection, UnusableError
from router.committing import Committer
from router.core.effects import Answer
from router.core.message import Message
from router.counting import observe_answer, observe_rejections
from router.handlers.send import answer_repeat, envelope_of, insert_refused_commands, refuse_poison
from router.outgoing.messages import answer_event, rejection_event
from router.parsing.control import read_operator
from router.parsing.resend import resend
from router.poison_isolation import apply_isolated
from router.store.audit import Act, keep_acts
from router.store.messages import find_by_key, find_holders
from router.store.resends import lock_ended, mark_resent
from router.transaction import Batch


@dataclass(frozen=True, slots=True)
class _Asked:
    """An operator's command and the message that it means, where there is one."""

    envelope: Envelope
    command: ResendMessage
    ended: EndedMessage | None

    @property
    def message(self) -> Message:
        assert self.ended is not None, "checked by _judge"
        return self.ended.message


@dataclass(slots=True)
class _Judged:
    """What becomes of a batch's commands."""

    made: dict[UUID, tuple[_Asked, Candidate]] = field(default_factory=dict)  # by the old id
    repeated: list[tuple[_Asked, UUID]] = field(default_factory=list)  # and what was made before
    unread: list[Rejection] = field(default_factory=list)  # no operator's, or not well-formed
    rejected: list[Rejection] = field(default_factory=list)  # the audit has them
    acts: list[Act] = field(default_factory=list)

    def reject(self, asked: _Asked, at: str, reason: str) -> None:
        command, ended = asked.command, asked.ended
        self.rejected.append(
            Rejection(
                envelope=asked.envelope,
                field=at,
                reason=reason,
                tenant=UNKNOWN_TENANT if at == "tenant" else command.tenant,
                idempotency_key=command.idempotency_key,
                message_id=str(ended.message.id) if ended else None,
            )
        )
        self._act(asked, answer=CommandAnswer.REJECTED, field=at, reason=reason)

    def answer(self, asked: _Asked, new: UUID, answer: CommandAnswer) -> None:
        self._act(asked, answer=answer, resent_as=new, force=asked.command.force)

    def _act(self, asked: _Asked, **detail: object) -> None:
        command, ended = asked.command, asked.ended
        self.acts.append(
            Act(
                user=asked.envelope.user or "",
                act=RESEND_KEY,
                tenant=command.tenant,
                subject=str(ended.message.id if ended else command.id or "") or None,
                detail=detail,
            )
        )


class ResendHandler:
    """Handles batches of `message.resend`."""

    def __init__(self, database: Database, committer: Committer, configuration: HeraldFile) -> None:
        self._database = database
        self._committer = committer
        self._configuration = configuration

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Answer every command of a batch; one that breaks us is refused alone."""
        await apply_isolated(deliveries, self._apply, self._refuse_poison)

    async def _apply(self, deliveries: Sequence[Delivery]) -> None:
        now = self._database.now()
        judged = _Judged()
        async with self._database.transaction() as connection:
            for asked in await self._read(connection, deliveries, judged):
                self._judge(asked, judged, now)
            candidates = [candidate for _, candidate in judged.made.values()]
            batch, inserted = await accept(connection, candidates, now, self._committer.rules)
            frames = await batch.frames(connection, contents_of(candidates))
            await mark_resent(connection, _link(judged, batch, inserted))
            repeats = await _answer_repeats(connection, judged)
            frames += [answer_event(message, answer, now) for message, answer in repeats]
            rejections = [*judged.unread, *judged.rejected]
            frames += [rejection_event(rejected, now) for rejected in rejections]
            history = list(batch.history.values())
            committed = await self._committer.save(
                connection, [], history, frames, now, decided=batch.decided
            )
            buried = await insert_refused_commands(connection, judged.unread)
            await keep_acts(connection, judged.acts)
        for _message, answer in repeats:
            observe_answer(RESEND_KEY, answer.answer)
        observe_rejections(rejections, buried)
        await self._committer.keep(committed)

    async def _read(
        self, connection: Connection, deliveries: Sequence[Delivery], judged: _Judged
    ) -> list[_Asked]:
        """Read the commands and lock the messages that they mean, in the order of their ids."""
        commands: list[tuple[Envelope, ResendMessage]] = []
        for envelope in map(envelope_of, deliveries):
            read = read_operator(envelope, self._configuration, ResendMessage)
            if isinstance(read, ResendMessage):
                commands.append((envelope, read))
            else:
                judged.unread.append(read)
        keys = [(c.tenant, c.idempotency_key) for _, c in commands if c.idempotency_key is not None]
        by_key = await find_by_key(connection, keys) if keys else {}
        named = [
            (envelope, c, c.id or by_key.get((c.tenant, c.idempotency_key or "")))
            for envelope, c in commands
        ]
        held = await lock_ended(connection, {name for _, _, name in named if name is not None})
        return [_Asked(envelope, c, _own(c, held, name)) for envelope, c, name in named]

    def _judge(self, asked: _Asked, judged: _Judged, now: datetime) -> None:
        """Decide on a command; the first of a batch that means a message makes the new one."""
        ended, command = asked.ended, asked.command
        try:
            if command.tenant not in self._configuration.tenants:
                raise UnusableError("tenant", "no such tenant")
            if ended is None:
                raise UnusableError("id" if command.id else "idempotency_key", UNKNOWN_MESSAGE)
            old = ended.message.id
            if ended.resent_as is not None or old in judged.made:
                judged.repeated.append((asked, ended.resent_as or resend_id_for(old)))
            else:
                made = resend(asked.envelope, command, ended, self._configuration, now)
                judged.made[old] = asked, made
        except UnusableError as error:
            judged.reject(asked, error.field, error.reason)

    async def _refuse_poison(self, delivery: Delivery, _error: Exception) -> None:
        await refuse_poison(self._database, self._committer, self._configuration, delivery)


def _own(
    command: ResendMessage, held: Mapping[UUID, EndedMessage], name: UUID | None
) -> EndedMessage | None:
    """Return the message that a command means, if it is of the tenant that the command names."""
    ended = held.get(name) if name is not None else None
    return ended if ended is not None and ended.message.tenant == command.tenant else None


def _link(judged: _Judged, batch: Batch, inserted: set[UUID]) -> dict[UUID, UUID]:
    """Tell the histories of old and new messages of one another; return new ids by old ones."""
    linked: dict[UUID, UUID] = {}
    for old, (asked, candidate) in judged.made.items():
        new = candidate.message
        if new.id not in inserted:
            taken = f"another message has the key {new.idempotency_key}"
            judged.reject(asked, "idempotency_key", taken)
            continue
        linked[old] = new.id
        steps = " -> ".join(step.channel for step in new.plan.steps)
        batch.note(new, f"resent_from:{old}", f"sends {old} again: {steps}")
        batch.note(
            asked.message, f"resent_as:{new.id}", f"sent again as {new.id} by {asked.envelope.user}"
        )
        judged.answer(asked, new.id, CommandAnswer.ACCEPTED)
    return linked


async def _answer_repeats(connection: Connection, judged: _Judged) -> list[tuple[Message, Answer]]:
    """Answer commands whose message was sent again before, by naming the new one."""
    holders = await find_holders(connection, {new for _, new in judged.repeated})
    answers: list[tuple[Message, Answer]] = []
    for asked, new in judged.repeated:
        holder = holders.get(new)
        if holder is None:
            judged.reject(asked, "id", f"it was sent again as {new}, which is gone")
            continue
        answer = answer_repeat(asked.envelope, holder)
        answers.append((holder.message, answer))
        judged.answer(asked, new, answer.answer)
    return answers
