"""`recipient.suppress` and `recipient.unsuppress`: done at once, and answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from herald.config.file import HeraldFile
from herald.contracts.vocabulary import CommandAnswer
from router.commands import ConsentRequest, Envelope, Rejection
from router.consent_changes import make_changes
from router.outgoing.answers import consent_answer
from router.parsing.consent import read_consent
from router.store.suppressions import find_causes
from router.unit_of_work import UnitOfWork


class ConsentCommands:
    """Commands that change who is written to."""

    def __init__(
        self, configuration: HeraldFile, kind: Literal["suppressed", "unsuppressed"]
    ) -> None:
        self._configuration = configuration
        self._kind: Literal["suppressed", "unsuppressed"] = kind

    def read(
        self, envelopes: Sequence[Envelope], _now: datetime
    ) -> list[ConsentRequest | Rejection]:
        """Read commands."""
        return [read_consent(envelope, self._configuration, self._kind) for envelope in envelopes]

    async def apply(
        self, unit: UnitOfWork, commands: Sequence[tuple[Envelope, ConsentRequest]]
    ) -> None:
        """Change what is asked; a command that finds it so already is a duplicate.

        The same command again gets the same answer.
        """
        changes = [change for _, asked in commands for change in asked.changes]
        made = await make_changes(unit.connection, changes)
        unit.publish_consent(made)
        effective = {it.change.cause for it in made}
        idle = [change for change in changes if change.cause not in effective]
        if idle:
            effective |= await find_causes(unit.connection, idle)
        for envelope, asked in commands:
            has_effect = envelope.context.cause in effective
            answer = CommandAnswer.ACCEPTED if has_effect else CommandAnswer.DUPLICATE
            event = consent_answer(envelope, asked.tenant, answer, unit.now)
            unit.reply(envelope.routing_key, answer, event, asked.tenant)
