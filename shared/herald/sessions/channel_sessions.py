"""The sessions of one channel's accounts: read together, refreshed ahead, shown in readiness."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from herald.database.pool import Database
from herald.service.periodic import Periodic
from herald.sessions import metrics, rows
from herald.sessions.key_ring import KeyRing
from herald.sessions.session import AccountSession

INTERVAL_SECONDS = 1.0
TURN_SECONDS = 5.0  # a database that takes longer counts as away
STOP_SECONDS = 10.0


class ChannelSessions:
    """Keeps the sessions of one channel's accounts."""

    def __init__(
        self,
        channel: str,
        sessions: Sequence[AccountSession],
        database: Database,
        keys: KeyRing | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._channel = channel
        self._sessions = sessions
        self._database = database
        self._keys = keys
        self._clock = clock
        self._periodic = Periodic("sessions", self._turn, INTERVAL_SECONDS)
        self._refreshes: dict[str, asyncio.Task[None]] = {}
        metrics.initialise(channel, [session.key.account for session in sessions])

    @property
    def warning(self) -> str | None:
        """Name the sessions that are not as they should be, for readiness."""
        return "; ".join(filter(None, map(self._problem, self._sessions))) or None

    async def run(self) -> None:
        """Read and refresh until cancelled."""
        if not self._sessions:
            await asyncio.Event().wait()
        await self._periodic.run()

    async def stop(self) -> None:
        """Keep what is being obtained: a token that is lost costs a login."""
        tasks = list(self._refreshes.values())
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_SECONDS)
        await asyncio.gather(*(session.finish(STOP_SECONDS) for session in self._sessions))

    async def _turn(self) -> None:
        assert self._keys is not None, "there are sessions"
        await self._keys.look()
        try:
            await self._read()
        finally:
            self._show()
        for session in self._sessions:
            task = self._refreshes.get(session.key.account)
            if task is None or task.done():
                self._refreshes[session.key.account] = asyncio.create_task(
                    session.refresh_if_due(), name="refresh"
                )

    async def _read(self) -> None:
        known = {session.key.account: session.holding.known for session in self._sessions}
        asked_at = self._clock()
        async with asyncio.timeout(TURN_SECONDS), self._database.connection() as connection:
            found = await rows.read(connection, self._channel, known)
            if len(found) < len(known):
                missing = [one for one in self._sessions if one.key.account not in found]
                begun = [(s.key.account, s.parts.provider, s.parts.oauth.grant) for s in missing]
                await rows.begin(connection, self._channel, begun)
                found = await rows.read(connection, self._channel, known)
        for session in self._sessions:
            if session.holding.known == known[session.key.account]:  # else it is newer than this
                session.adopt(found[session.key.account], asked_at)

    def _problem(self, session: AccountSession) -> str | None:
        """Say what is wrong with a session, and how long its token lasts."""
        account, row = session.key.account, session.row
        if session.unreadable is not None:
            return f"the session of {account} can't be opened: {session.unreadable}"
        if row is None:
            return None  # the database says why
        if row.is_revoked:
            return f"the session of {account} is revoked"
        if row.trouble is None:
            return None
        left = session.holding.seconds_left(self._clock())
        ends = f"its token ends in {left:.0f} s" if left > 0 else "it has no token"
        return f"the session of {account} can't be refreshed: {row.trouble}; {ends}"

    def _show(self) -> None:
        for session in self._sessions:
            labels = self._channel, session.key.account
            age = session.row.age if session.row is not None else None
            metrics.UP.labels(*labels).set(
                session.holding.seconds_left(self._clock()) > 0 and not self._problem(session)
            )
            metrics.AGE.labels(*labels).set(age.total_seconds() if age is not None else 0.0)
            metrics.LEFT.labels(*labels).set(session.holding.seconds_left(self._clock()))
