"""`message.send`: accepted and dispatched, or answered for the message that has its id or key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from herald.config.file import HeraldFile
from herald.contracts.vocabulary import Lane
from router.commands import Candidate, Envelope, Rejection
from router.handlers.plans import plan_messages
from router.handlers.replies import Replies
from router.handlers.taken import part_taken
from router.parsing.send import read_sends
from router.unit_of_work import UnitOfWork


class SendCommands:
    """The send commands of one lane."""

    def __init__(self, configuration: HeraldFile, lane: Lane) -> None:
        self._configuration = configuration
        self._lane = lane
        self._replies = Replies(configuration)

    def read(self, envelopes: Sequence[Envelope], now: datetime) -> list[Candidate | Rejection]:
        """Read commands into the messages that they ask for."""
        return read_sends(envelopes, self._configuration, self._lane, now)

    async def apply(self, unit: UnitOfWork, commands: Sequence[tuple[Envelope, Candidate]]) -> None:
        """Insert what is new, and answer what is not."""
        candidates = await self._replies.resolve(unit, [candidate for _, candidate in commands])
        dry_runs = [candidate for candidate in candidates if candidate.is_dry_run]
        waiting = [candidate for candidate in candidates if not candidate.is_dry_run]
        while waiting:  # once, but for commands of one batch that share an id or a key
            first, repeats = _first_of_each(waiting)
            inserted = await unit.insert(first)
            taken = [one for one in first if one.message.id not in inserted] + repeats
            waiting = await _answer_taken(unit, taken)
        if dry_runs:
            await plan_messages(unit, dry_runs)


async def _answer_taken(unit: UnitOfWork, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Answer commands whose id or key is held by a message; return those that are free.

    A command is free when only a refused one of its batch has the same id or key.
    """
    free, taken = await part_taken(unit.connection, candidates)
    for _candidate, holder, answer in taken:
        if isinstance(answer, Rejection):
            unit.reject(answer)
        elif holder is not None:
            unit.answer(holder.message, answer)
    return free


def _first_of_each(
    candidates: Sequence[Candidate],
) -> tuple[list[Candidate], list[Candidate]]:
    """Part the first command of each id and key from its repeats within the batch."""
    seen: set[object] = set()
    first: list[Candidate] = []
    repeats: list[Candidate] = []
    for candidate in candidates:
        message = candidate.message
        names = {message.id, (message.tenant, message.idempotency_key)}
        (repeats if names & seen else first).append(candidate)
        seen |= names
    return first, repeats
