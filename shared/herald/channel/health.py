"""The accounts' breakers, shared with other workers, and shown in logs, metrics and readiness.

A worker goes by what it found out itself at once, and by what others did within a second. While the
rows can't be read it goes by what it knows, and probes by its own clock.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import structlog

from herald.channel import account_rows, metrics
from herald.channel.account_rows import Finding, SharedState
from herald.channel.accounts import SendingAccount
from herald.channel.breaker import FIRST_PAUSE_SECONDS, Down, Trouble
from herald.database.pool import Connection, Database
from herald.service.periodic import Periodic

INTERVAL_SECONDS = 1.0
TURN_SECONDS = 5.0  # a database that takes longer counts as away

_log = structlog.get_logger(__name__)


class AccountHealth:
    """Keeps the breakers of one channel's accounts as all its workers have them."""

    def __init__(
        self,
        channel: str,
        accounts: Sequence[SendingAccount],
        database: Database,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._channel = channel
        self._accounts = accounts
        self._database = database
        self._clock = clock
        self._periodic = Periodic("accounts", self._share, INTERVAL_SECONDS)
        self._logged: dict[str, tuple[bool, bool]] = {}  # down and paused, as last logged
        self._show_changes()

    @property
    def warning(self) -> str | None:
        """Name the accounts that take no calls, for readiness; the others do the work."""
        states = filter(None, (_state(account) for account in self._accounts))
        return "; ".join(states) or None

    def changed(self) -> None:
        """Note that a breaker opened or closed here, so that the others learn of it at once."""
        self._show_changes()
        self._periodic.wake()

    async def run(self) -> None:
        """Share until cancelled."""
        await self._periodic.run()

    async def turn(self) -> None:
        """Share once, as far as the rows can be read and written."""
        await self._periodic.turn()

    async def _share(self) -> None:
        """Write what is new here and read what is new elsewhere."""
        try:
            async with asyncio.timeout(TURN_SECONDS), self._database.connection() as connection:
                await self._save(connection)
                await self._read(connection)
        except Exception:
            self._probe_by_own_clock()  # it goes by what it knows
            raise
        finally:
            self._show_changes()

    async def _save(self, connection: Connection) -> None:
        unsaved = [
            (account, account.breaker.changes)
            for account in self._accounts
            if account.breaker.unsaved
        ]
        if not unsaved:
            return
        now = self._clock()
        findings = [_finding(account, now) for account, _ in unsaved]
        await account_rows.save(connection, self._channel, findings)
        for account, changes in unsaved:
            account.breaker.unsaved = account.breaker.changes != changes

    async def _read(self, connection: Connection) -> None:
        changes = {account.name: account.breaker.changes for account in self._accounts}
        leases = {account.name: account.lease for account in self._accounts}
        asked_at = self._clock()
        rows = await account_rows.read(connection, self._channel, leases)
        await self._refresh_credentials(rows)
        for account in self._accounts:
            # what was found out here while the rows were on their way is newer than they are
            if account.breaker.changes == changes[account.name] and not account.breaker.unsaved:
                self._learn(account, rows, asked_at)

    async def _refresh_credentials(self, rows: Mapping[str, SharedState]) -> None:
        """Read secrets again that were refused, and that a probe elsewhere found replaced.

        This must come before the account takes calls: one with the old secrets would bring it down
        for all workers again.
        """
        for account in self._accounts:
            row = rows.get(account.name)
            if account.is_refused and (row is None or row.trouble != Trouble.AUTH):
                await account.refresh_credentials()

    def _learn(
        self, account: SendingAccount, rows: Mapping[str, SharedState], asked_at: float
    ) -> None:
        row, breaker = rows.get(account.name), account.breaker
        if row is None:
            breaker.learn(None, paused=False, now=asked_at)
            return
        breaker.learn(_down(row, asked_at), paused=row.paused, now=asked_at)
        if row.granted:
            breaker.grant_probe(asked_at + account.lease.total_seconds())

    def _probe_by_own_clock(self) -> None:
        now = self._clock()
        for account in self._accounts:
            down = account.breaker.down
            if down is not None and down.probe_at <= now:
                account.breaker.grant_probe(now + account.lease.total_seconds())

    def _show_changes(self) -> None:
        """Log each change once, and set the metric."""
        for account in self._accounts:
            breaker = account.breaker
            is_down, paused = breaker.down is not None, breaker.paused
            was_down, was_paused = self._logged.get(account.name, (False, False))
            self._logged[account.name] = is_down, paused
            log = _log.bind(channel=self._channel, account=account.name)
            if breaker.down is not None and not was_down:
                log.warning("account.down", trouble=breaker.down.trouble, code=breaker.down.code)
            if was_down and not is_down:
                log.info("account.up")
            if paused != was_paused:
                log.info("account.paused" if paused else "account.resumed")
            metrics.ACCOUNT_UP.labels(self._channel, account.name).set(breaker.is_closed)


def _state(account: SendingAccount) -> str | None:
    breaker = account.breaker
    if breaker.paused:
        return f"{account.name} is paused"
    if breaker.down is None:
        return None
    return f"{account.name} is down: {breaker.down.trouble} {breaker.down.code}"


def _finding(account: SendingAccount, now: float) -> Finding:
    down, provider = account.breaker.down, account.options.provider
    if down is None:
        return Finding(account=account.name, provider=provider)
    return Finding(
        account=account.name,
        provider=provider,
        trouble=down.trouble,
        code=down.code,
        pause=timedelta(seconds=down.pause),
        probe_in=timedelta(seconds=down.probe_at - now),
    )


def _down(row: SharedState, asked_at: float) -> Down | None:
    """Read a row; a trouble that a later version knows is treated as an outage."""
    if row.trouble is None:
        return None
    known = row.trouble in set(Trouble)
    pause = row.pause.total_seconds() if row.pause else FIRST_PAUSE_SECONDS
    return Down(
        trouble=Trouble(row.trouble) if known else Trouble.OUTAGE,
        code=row.code or "",
        pause=pause,
        probe_at=asked_at + (row.probe_in.total_seconds() if row.probe_in else pause),
    )
