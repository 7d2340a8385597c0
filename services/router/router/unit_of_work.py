"""One unit of work: a transaction over messages, from its locks to the publishing after its commit.

The order inside the transaction is fixed, so that routers never deadlock with one another or with
workers: provider references first (by the caller), then messages by id, then the channels' rows by
id, then writes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from uuid import UUID

from herald.bus.outgoing_messages import OutgoingMessage
from herald.config.file import RetryRules
from herald.contracts.reasons import UNKNOWN_MESSAGE
from herald.contracts.vocabulary import CommandAnswer
from herald.database.pool import Connection, Database
from router.clearances.source import ChargingSource, ClearanceSource, Found, Hop, charging_among
from router.commands import Candidate, Rejection
from router.consent_changes import changes_in, make_changes
from router.core.consent import ConsentChange, ConsentChanged
from router.core.effects import Answer, Dispatch
from router.core.facts import Fact
from router.core.message import Message
from router.counting import count_answer, count_consent, count_dead_letters, count_decisions
from router.dead_letters import DeadLetter, dead_letter_from_command
from router.decisions import Decisions
from router.outbox import Outbox
from router.outgoing.answers import rejection_event
from router.outgoing.contents import StoredContents, by_channel
from router.outgoing.effects import outgoing_message
from router.outgoing.events import answer_event
from router.outgoing.recipients import recipient_event
from router.outgoing.unsubscribe import UnsubscribeLinks
from router.questions import Questions
from router.quotes import hide_quotes
from router.store.audit import Act, keep_acts
from router.store.dead_letters import insert_dead_letters
from router.store.messages import insert_messages, load_contents, lock_messages, save
from router.traces import UnitTraces, begin_traces, traced

FactsByMessage = Mapping[UUID, Sequence[Fact]]
Guard = Callable[[Message, Fact], str | None]  # why a fact must not touch a message, or None


class UnitsOfWork:
    """Opens units of work."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        rules: RetryRules,
        clearances: Sequence[ClearanceSource] = (),
        links: UnsubscribeLinks | None = None,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._rules = rules
        self._options = clearances, charging_among(clearances), links

    def now(self) -> datetime:
        """Return the database's time."""
        return self._database.now()

    @asynccontextmanager
    async def begin(
        self, now: datetime | None = None, traces: UnitTraces | None = None
    ) -> AsyncIterator[UnitOfWork]:
        """Open a transaction; at the block's end everything is written, committed and published.

        An exception rolls everything back: then nothing is published, counted or traced.
        `traces`: those that the caller began.
        """
        traces = traces or begin_traces()
        async with self._database.transaction() as connection:
            unit = UnitOfWork(
                connection,
                now or self.now(),
                self._outbox,
                self._rules,
                traces,
                *self._options,
            )
            yield unit
            await unit.complete()
        await unit.committed()


class UnitOfWork:
    """What one transaction decides, writes, publishes and counts."""

    def __init__(
        self,
        connection: Connection,
        now: datetime,
        outbox: Outbox,
        rules: RetryRules,
        traces: UnitTraces | None = None,
        clearances: Sequence[ClearanceSource] = (),
        charging: Sequence[ChargingSource] = (),
        links: UnsubscribeLinks | None = None,
    ) -> None:
        self.connection = connection
        self.now = now
        self.traces = traces  # None: tracing is off
        self._outbox = outbox
        self._links = links  # None: mails have none
        self._decisions = Decisions(now, rules, asks=bool(clearances))
        self._questions = Questions(connection, self._decisions, clearances, charging)
        self._contents: dict[UUID, StoredContents] = {}  # of messages just inserted
        self._outgoing: list[OutgoingMessage] = []
        self.consent: list[ConsentChange] = []  # carried out once every message is locked
        self._dead_letters: list[DeadLetter] = []
        self._acts: list[Act] = []
        self._counts: list[Callable[[], None]] = []
        self._to_publish: list[tuple[UUID, Sequence[OutgoingMessage]]] = []  # by outbox row
        self._confirmed: list[UUID] = []  # outbox rows that this transaction deletes

    async def lock(self, ids: Iterable[UUID]) -> Mapping[UUID, Message]:
        """Lock and load messages that are not held yet; return those of `ids` that exist."""
        held = self._decisions.messages
        wanted = dict.fromkeys(ids)
        if not wanted.keys() <= held.keys():
            found = await lock_messages(self.connection, wanted.keys() - held.keys())
            self._decisions.hold(found.values())
        return {name: held[name] for name in wanted if name in held}

    def hold(self, messages: Iterable[Message]) -> None:
        """Take in messages that a statement of the caller's has locked."""
        self._decisions.hold(messages)

    async def apply(
        self, facts: FactsByMessage, guard: Guard | None = None
    ) -> list[tuple[Fact, str]]:
        """Lock the messages and decide their facts in order; return those refused, and why."""
        facts = await hide_quotes(self.connection, await self.lock(facts), facts)
        messages = self._decisions.messages
        refused: list[tuple[Fact, str]] = []
        for message_id, message_facts in facts.items():
            for fact in message_facts:
                problem = _problem(messages.get(message_id), fact, guard)
                if problem is None:
                    self._decisions.apply(message_id, fact)
                else:
                    refused.append((fact, problem))
        return refused

    async def insert(self, candidates: Sequence[Candidate]) -> set[UUID]:
        """Decide messages' beginnings and insert them so; return those whose id and key are free.

        Nothing is kept of the others.
        """
        begun = await self._questions.begin(candidates)
        if not begun:
            return set()
        rows = [(one.candidate, one.message) for one in begun]
        inserted = await insert_messages(self.connection, rows, self.now)
        await self._questions.take_back(one for one in begun if one.message.id not in inserted)
        for one in begun:
            candidate, message = one.candidate, one.message
            if message.id not in inserted:
                continue
            for before, fact, decision in one.made:
                self._decisions.record(before, fact, decision)
            if message.outcome is None:  # else its end is still to be written
                self._decisions.hold([message])
            self._contents[message.id] = by_channel(candidate.contents)
            for name, text in candidate.notes:
                self.note(message, name, text)
        return inserted

    async def preview(self, hops: Sequence[Hop]) -> Found:
        """Ask whether steps may start that are not about to; nothing comes of the question."""
        return await self._questions.preview(hops)

    def note(self, message: Message, fact: str, text: str) -> None:
        """Write a remark that no fact led to into a message's history."""
        self._decisions.note(message, fact, text)

    def publish(self, *messages: OutgoingMessage) -> None:
        """Publish after the commit, until it is confirmed."""
        self._outgoing += messages

    def answer(self, message: Message, answer: Answer) -> None:
        """Answer a command about a stored message."""
        event = answer_event(message, answer, self.now)
        if self.traces is not None:
            self.traces.answered(answer.context.trace, answer.answer, message)
        self.reply(answer.context.routing_key, answer.answer, event, message.tenant)

    def reply(
        self, routing_key: str, answer: CommandAnswer, event: OutgoingMessage, tenant: str | None
    ) -> None:
        """Answer a command of that routing key, of that tenant, with an event of the caller's."""
        self.publish(event)
        self.after_commit(partial(count_answer, routing_key, answer, tenant))

    def reject(self, rejected: Rejection, *, keep_body: bool = True) -> None:
        """Refuse a command; its body is a dead letter unless the audit has it."""
        event = rejection_event(rejected, self.now)
        if self.traces is not None:
            self.traces.answered(rejected.envelope.trace, CommandAnswer.REJECTED)
        key = rejected.envelope.routing_key
        self.reply(key, CommandAnswer.REJECTED, event, rejected.tenant)
        if keep_body and not rejected.is_dry_run:
            self.dead_letter(dead_letter_from_command(rejected))

    def dead_letter(self, *dead_letters: DeadLetter) -> None:
        """Keep what nobody could handle for the operator."""
        self._dead_letters += dead_letters

    def audit(self, *acts: Act) -> None:
        """Keep what operators did."""
        self._acts += acts

    def publish_consent(self, made: Sequence[ConsentChanged]) -> None:
        """Say which suppressions are new, and which were lifted."""
        self.publish(*(recipient_event(one.change, one.suppression, self.now) for one in made))
        self.after_commit(partial(count_consent, made))

    def after_commit(self, count: Callable[[], None]) -> None:
        """Count something once the transaction is committed."""
        self._counts.append(count)

    async def flush(self) -> None:
        """Withdraw and write all that was decided so far, for statements that build on it."""
        await self._change_consent()
        await self._questions.answer()
        outgoing = [*await self._carried_out(), *self._outgoing]
        row = self._outbox.row_of(outgoing)
        confirmed = [] if self._confirmed else self._outbox.confirmed()
        messages, history = self._decisions.changed, list(self._decisions.history.values())
        if messages or history or row or confirmed:
            await save(
                self.connection,
                messages=messages,
                history=history,
                outbox_row=row,
                confirmed=confirmed,
                now=self.now,
            )
        if row is not None:
            self._to_publish.append((row.id, outgoing))
        self._confirmed += confirmed
        self._outgoing = []
        self._decisions.saved()

    async def complete(self) -> None:
        """Write all that is left to write."""
        await self.flush()
        if self._dead_letters:
            queues = await insert_dead_letters(self.connection, self._dead_letters)
            self.after_commit(partial(count_dead_letters, queues))
        await keep_acts(self.connection, self._acts)

    async def committed(self) -> None:
        """Count what was committed and publish what it promised."""
        if self.traces is not None:
            self.traces.committed()
        count_decisions(self._decisions.made, self.now)
        for count in self._counts:
            count()
        self._outbox.deleted(self._confirmed)
        for row, outgoing in self._to_publish:
            await self._outbox.publish(row, outgoing)
        if self.traces is not None:
            self.traces.end()

    async def _change_consent(self) -> None:
        """Carry out what was asked, and what receipts say, at once; the messages are locked."""
        changes = [*changes_in(self._decisions.effects), *self.consent]
        if changes:
            self.publish_consent(await make_changes(self.connection, changes))
            self.consent = []

    async def _carried_out(self) -> list[OutgoingMessage]:
        """Turn effects into messages to publish; contents of work are loaded where unknown."""
        effects = self._decisions.effects
        wanted = {message.id for message, effect in effects if isinstance(effect, Dispatch)}
        if missing := wanted - self._contents.keys():
            stored = await load_contents(self.connection, missing)
            self._contents |= {name: by_channel(text) for name, text in stored.items()}
        made = [outgoing_message(*item, self._contents, self.now, self._links) for item in effects]
        if self.traces is not None:
            made = traced(made, self.traces.contexts(self._decisions.made))
        return [message for message in made if message is not None]


def _problem(message: Message | None, fact: Fact, guard: Guard | None) -> str | None:
    if message is None:
        return UNKNOWN_MESSAGE
    return guard(message, fact) if guard is not None else None
