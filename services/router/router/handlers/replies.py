"""Commands whose messages answer what a recipient sent."""

from __future__ import annotations

from collections.abc import Sequence

from herald.config.file import HeraldFile
from router.commands import Candidate, Rejection, UnusableError
from router.parsing.replies import answer, possible_ids
from router.store.inbound import find_inbound
from router.store.messages import find_taken
from router.unit_of_work import UnitOfWork


class Replies:
    """Finds what commands answer; one that answers nothing known is refused."""

    def __init__(self, configuration: HeraldFile) -> None:
        self._configuration = configuration

    async def resolve(self, unit: UnitOfWork, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Return those that may be accepted, with what they answer."""
        replies = [one for one in candidates if one.in_reply_to is not None]
        if not replies:
            return list(candidates)
        ids = {one for reply in replies for one in possible_ids(reply, self._configuration)}
        found = await find_inbound(unit.connection, sorted(ids)) if ids else {}
        resolved: list[Candidate] = []
        unusable: list[tuple[Candidate, UnusableError]] = []
        for candidate in candidates:
            try:
                reply = candidate.in_reply_to is not None
                resolved.append(
                    answer(candidate, found, self._configuration) if reply else candidate
                )
            except UnusableError as error:
                unusable.append((candidate, error))
        return resolved + await self._judge(unit, unusable)

    async def _judge(
        self, unit: UnitOfWork, unusable: Sequence[tuple[Candidate, UnusableError]]
    ) -> list[Candidate]:
        """Refuse them, but for repeats: what their messages answered may be forgotten by now."""
        if not unusable:
            return []
        taken = await find_taken(unit.connection, [candidate for candidate, _ in unusable])
        keys = {(one.message.tenant, one.message.idempotency_key) for one in taken}
        repeats: list[Candidate] = []
        for candidate, error in unusable:
            message = candidate.message
            if (message.tenant, message.idempotency_key) in keys:
                repeats.append(candidate)
                continue
            unit.reject(
                Rejection(
                    envelope=candidate.envelope,
                    field=error.field,
                    reason=error.reason,
                    tenant=message.tenant,
                    idempotency_key=message.idempotency_key,
                ),
                keep_body=not candidate.is_dry_run,
            )
        return repeats
