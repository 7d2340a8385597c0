"""One account's session, as one worker has it.

Its token is used from memory. The next one is asked for ahead of its end, or when the provider
refuses it, by whichever worker gets the lease of the row; the others read what came of it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from herald.database.pool import OUTAGES
from herald.providers.credentials import NoTokenError, Token
from herald.sessions import rows
from herald.sessions.held import Held, hopeless, is_pausing
from herald.sessions.parts import Holding, Parts
from herald.sessions.refreshing import Refresher
from herald.sessions.rows import Row
from herald.sessions.sealing import Sealed, UnreadableError
from herald.sessions.tokens import open_tokens

PATIENCE_SECONDS = 10.0  # how long a call waits for a token that another worker asks for
POLL_SECONDS = 0.2
NO_VERSION = -1

_log = structlog.get_logger(__name__)


class AccountSession:
    """Gives an account's calls their token."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.key = parts.key
        self.row: Row | None = None
        self.holding = Holding()
        self.unreadable: str | None = None
        self._refused = NO_VERSION
        self._refresher = Refresher(parts, self.holding)
        self._pursuit: asyncio.Task[None] | None = None

    def values(self) -> tuple[str, ...]:
        """Give its tokens in clear."""
        return self.holding.values()

    async def token(self) -> Token:
        """Return a token that can be used now; it may have to be waited for.

        Raises:
            NoTokenError: there is none.
        """
        if (token := self._usable()) is not None:
            return token
        if self._pursuit is None or self._pursuit.done():
            self._pursuit = asyncio.create_task(self._pursue(), name="session")
            self._pursuit.add_done_callback(_retrieve)
        await asyncio.shield(self._pursuit)  # one for all that wait; a caller's end ends it not
        token = self._usable()
        if token is None:
            raise NoTokenError("session_ended")
        return token

    async def renewed(self, refused: Token) -> Token:
        """Return another token than one that the provider has just refused.

        Raises:
            NoTokenError: there is none.
        """
        self._refused = max(self._refused, refused.version)
        return await self.token()

    def adopt(self, row: Row, asked_at: float) -> None:
        """Take in the row; `asked_at` is the moment before it was read."""
        self.row = row
        held = self.holding.held
        if held is not None and held.token.version > row.version and not row.is_revoked:
            return  # ours is newer, and about to be stored
        if row.is_revoked or not row.has_tokens:
            self.holding.replace(None)
            self._note_unreadable(None)
        elif row.sealed is not None:
            self._open(row, row.sealed, asked_at)

    async def refresh_if_due(self) -> None:
        """Ask for the next token ahead of the present one's end, if nobody else does."""
        row = self.row
        if row is None or row.is_revoked or self.unreadable is not None:
            return
        if is_pausing(row):
            if not await self._refresher.look_for_changes(row):
                return
        elif not row.is_due:
            return
        with suppress(*OUTAGES):
            await self._refresher.refresh(row, refused=False)

    async def finish(self, seconds: float) -> None:
        """Wait until what was obtained is stored, so long at most."""
        tasks = [task for task in (self._pursuit, self._refresher.storing) if task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        for task in tasks:
            task.cancel()

    def _usable(self) -> Token | None:
        held = self.holding.held
        if held is not None and held.is_usable(self.parts.clock(), self._refused):
            return held.token
        return None

    async def _pursue(self) -> None:
        """Read the row, or ask the endpoint, until there is a token or no hope of one.

        Raises:
            NoTokenError: there is none.
        """
        give_up_at = self.parts.clock() + PATIENCE_SECONDS
        while True:
            try:
                row = await self._look()
                if self._usable() is not None:
                    return
                changed = is_pausing(row) and await self._refresher.look_for_changes(row)
                error = hopeless(row, self.unreadable, self._refused, changed=changed)
                if error is not None:
                    raise error
                refused = row.version == self._refused
                if await self._refresher.refresh(row, refused=refused):
                    continue
            except OUTAGES:
                raise NoTokenError("session_database") from None
            if self.parts.clock() >= give_up_at:
                raise NoTokenError("session_wait")
            await asyncio.sleep(POLL_SECONDS)

    async def _look(self) -> Row:
        """Read the row now."""
        asked_at = self.parts.clock()
        account = self.key.account
        async with self.parts.database.connection() as connection:
            found = await rows.read(connection, self.key.channel, {account: self.holding.known})
            if account not in found:
                begun = (account, self.parts.provider, self.parts.oauth.grant)
                await rows.begin(connection, self.key.channel, [begun])
                found = await rows.read(connection, self.key.channel, {account: self.holding.known})
        self.adopt(found[account], asked_at)
        return found[account]

    def _open(self, row: Row, sealed: Sealed, asked_at: float) -> None:
        try:
            tokens = open_tokens(self.parts.keys.current, sealed, row.id, self.key.account)
        except UnreadableError as error:
            self._note_unreadable(str(error))
            return
        self._note_unreadable(None)
        if row.left is not None:
            self.holding.replace(Held.of(tokens, row.version, row.key_id, row.left, asked_at))

    def _note_unreadable(self, problem: str | None) -> None:
        if problem is not None and problem != self.unreadable:
            _log.error("session.unreadable", reason=problem, **self.parts.names)
        self.unreadable = problem


def _retrieve(task: asyncio.Task[None]) -> None:
    """Take the exception, which whoever waits has got, too."""
    if not task.cancelled():
        task.exception()
