"""Asking for an account's next token as the one worker that has the lease, and keeping it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import structlog

from herald.contracts.masking import address_hash
from herald.database.pool import OUTAGES
from herald.providers.credentials import CredentialsError
from herald.providers.oauth import OAuthSecrets
from herald.sessions import metrics, rows
from herald.sessions.asking import ask_for_token
from herald.sessions.grants import Granted, GrantRefused, refresh_after
from herald.sessions.held import LAPSE_SECONDS, YOUNGEST, Held
from herald.sessions.parts import Holding, Parts
from herald.sessions.rows import Row
from herald.sessions.tokens import Tokens, origin_of, seal_tokens

LEASE = timedelta(seconds=30)  # two requests, and what is around them
STORE_AGAIN_SECONDS = 0.5
CHANGES_SECONDS = 5.0  # between looks at the secrets file while the endpoint is not asked
# before the endpoint is asked again: the first pause and the longest
PASSING_PAUSES = timedelta(seconds=5), timedelta(minutes=5)
LASTING_PAUSES = timedelta(minutes=1), timedelta(minutes=15)

_log = structlog.get_logger(__name__)


class Refresher:
    """Asks for the tokens of one session."""

    def __init__(self, parts: Parts, holding: Holding) -> None:
        self._parts = parts
        self._holding = holding
        self._holder = uuid4()
        self._lapsed: tuple[UUID, float] | None = None  # whose lease, since when we see it so
        self._looked_at = float("-inf")
        self._is_changed = False
        self.storing: asyncio.Task[None] | None = None

    async def look_for_changes(self, row: Row) -> bool:
        """Say whether a person has changed what the session is asked for with, since it failed."""
        now = self._parts.clock()
        if now >= self._looked_at + CHANGES_SECONDS:
            self._looked_at = now
            self._is_changed = row.tried != _tried(self._origin(await self._secrets()))
        return self._is_changed

    async def refresh(self, row: Row, *, refused: bool) -> bool:
        """Ask for the token after the row's; return False where another worker does, or nobody may.

        `refused`: the provider refuses the present one.

        Raises:
            one of OUTAGES: the database is away.
        """
        if row.is_leased or self._is_stored_late() or self._has_just_lapsed(row):
            return False
        parts = self._parts
        secrets = await self._secrets()
        tried = _tried(self._origin(secrets))
        async with parts.database.connection() as connection:
            lease = await rows.take_lease(
                connection,
                parts.key,
                row.version,
                self._holder,
                LEASE,
                changed=row.tried is not None and row.tried != tried,
                refused=refused,
                youngest=YOUNGEST,
            )
        if lease is None:
            return False
        self._is_changed = False
        await self._ask(row, secrets, tried)
        return True

    async def _ask(self, row: Row, secrets: OAuthSecrets, tried: int) -> None:
        parts, held = self._parts, self._holding.held
        kept = held.tokens if held is not None and row.has_tokens else None
        now, asked_at = parts.database.now(), parts.clock()
        answer = await ask_for_token(parts.post, parts.oauth, secrets, kept, now)
        names = parts.names
        if isinstance(answer, GrantRefused):
            result = metrics.REFUSED if answer.is_lasting else metrics.FAILED
            metrics.REFRESHES.labels(*names.values(), result).inc()
            _log.warning(
                "session.not_refreshed", code=answer.code, lasting=answer.is_lasting, **names
            )
            await self._note_trouble(row, answer, tried)
            return
        metrics.REFRESHES.labels(*names.values(), metrics.REFRESHED).inc()
        _log.info("session.refreshed", seconds=answer.lifetime.total_seconds(), **names)
        tokens = Tokens(
            origin=self._origin(secrets),
            access_token=answer.access_token,
            refresh_token=answer.refresh_token,
        )
        new = Held.of(tokens, row.version + 1, None, answer.lifetime, asked_at)
        self._holding.replace(new)
        self.storing = asyncio.create_task(self._store(row, new, answer, tried), name="store")
        await asyncio.shield(self.storing)

    async def _note_trouble(self, row: Row, refused: GrantRefused, tried: int) -> None:
        parts = self._parts
        async with parts.database.connection() as connection:
            await rows.note_trouble(
                connection,
                parts.key,
                row.version,
                self._holder,
                refused.code,
                is_lasting=refused.is_lasting,
                pauses=LASTING_PAUSES if refused.is_lasting else PASSING_PAUSES,
                wait=refused.wait or timedelta(0),
                tried=tried,
            )

    async def _store(self, row: Row, new: Held, granted: Granted, tried: int) -> None:
        """Keep the new tokens, however long the database is away: the old ones may be void now."""
        parts = self._parts
        while True:
            left = timedelta(seconds=new.ends_at - parts.clock())
            ahead = granted.lifetime - refresh_after(granted.lifetime)
            sealed = seal_tokens(parts.keys.current, new.tokens, row.id, parts.key.account)
            try:
                async with parts.database.connection() as connection:
                    is_ours = await rows.store(
                        connection,
                        parts.key,
                        row.version,
                        sealed,
                        left=left,
                        refresh_in=left - ahead,
                        tried=tried,
                    )
            except OUTAGES:
                await asyncio.sleep(STORE_AGAIN_SECONDS)
                continue
            if self._holding.held is new:
                # another one's token stands in the row: that is read next
                kept = replace(new, key_id=sealed.key_id) if is_ours else None
                self._holding.replace(kept)
            return

    def _is_stored_late(self) -> bool:
        return self.storing is not None and not self.storing.done()

    def _has_just_lapsed(self, row: Row) -> bool:
        """Whether another worker's lease is over, but it may be about to store what it obtained."""
        if row.lease_holder is None or row.lease_holder == self._holder:
            self._lapsed = None
            return False
        now = self._parts.clock()
        if self._lapsed is None or self._lapsed[0] != row.lease_holder:
            self._lapsed = row.lease_holder, now
        return now < self._lapsed[1] + LAPSE_SECONDS

    async def _secrets(self) -> OAuthSecrets:
        """Read the secrets file: a person may have put another token there."""
        credentials, account = self._parts.credentials, self._parts.key.account
        try:
            return await credentials.refresh()
        except CredentialsError as error:
            _log.warning("account.credentials_unreadable", account=account, error=str(error))
            return credentials.current

    def _origin(self, secrets: OAuthSecrets) -> str:
        return origin_of(self._parts.oauth, secrets)


def _tried(origin: str) -> int:
    """Hash an origin so that the database's column says nothing of it."""
    return address_hash(f"session {origin}")
