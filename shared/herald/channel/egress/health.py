"""The members' health, shared with other workers, and shown in logs, metrics and readiness.

A worker goes by what it found out itself at once, and by what others did within a second. While the
rows can't be read it goes by what it knows, and checks what is in quarantine by its own clock.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from herald.channel.egress import metrics, rows
from herald.channel.egress.checking import Checked
from herald.channel.egress.quarantine import FIRST_PAUSE_SECONDS, MemberHealth, Quarantine
from herald.channel.egress.rows import Finding, Pair, SharedState
from herald.database.pool import Connection, Database
from herald.service.periodic import Periodic

INTERVAL_SECONDS = 1.0
TURN_SECONDS = 5.0  # a database that takes longer counts as away
CHECK_EVERY = timedelta(seconds=15)  # of a member that is well; longer than a check takes

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A member and a server, as the worker goes by them, and the providers that are there."""

    checked: Checked
    providers: Sequence[str]

    @property
    def health(self) -> MemberHealth:
        return self.checked.health


class EgressHealth:
    """Keeps the members of one channel's pools as all workers have them."""

    def __init__(
        self,
        channel: str,
        watched: Mapping[Pair, Watched],
        pools: Mapping[tuple[str, str], Sequence[Pair]],
        database: Database,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make it; `pools` are the pairs of each pool, by its name and the server they reach."""
        self._channel = channel
        self._watched = watched
        self._pools = pools
        self._database = database
        self._clock = clock
        self._periodic = Periodic("egress", self._share, INTERVAL_SECONDS)
        self._checks: dict[Pair, asyncio.Task[None]] = {}
        self._logged: dict[Pair, tuple[str | None, bool]] = {}  # code and draining, as last logged
        self._show_changes()

    @property
    def warning(self) -> str | None:
        """Name the members that take no calls, for readiness, and first the pools without any."""
        empty = [
            f"{name} has no healthy member for {server}"
            for (name, server), pairs in self._pools.items()
            if not any(self._watched[pair].health.is_usable for pair in pairs)
        ]
        states = (_state(pair, watched.health) for pair, watched in self._watched.items())
        return "; ".join([*empty, *dict.fromkeys(filter(None, states))]) or None

    def changed(self) -> None:
        """Note that a member went into quarantine here, so that the others learn of it at once."""
        self._show_changes()
        self._periodic.wake()

    async def run(self) -> None:
        """Share and check until cancelled."""
        try:
            await self._periodic.run()
        finally:
            for check in self._checks.values():
                check.cancel()

    async def turn(self) -> None:
        """Share once, as far as the rows can be read and written."""
        await self._periodic.turn()

    async def _share(self) -> None:
        """Write what is new here and read what is new elsewhere."""
        if not self._watched:
            return
        try:
            async with asyncio.timeout(TURN_SECONDS), self._database.connection() as connection:
                await self._save(connection)
                await self._read(connection)
        except Exception:
            self._check_by_own_clock()  # it goes by what it knows
            raise
        finally:
            self._show_changes()

    async def _save(self, connection: Connection) -> None:
        unsaved = {
            pair: watched.health.changes
            for pair, watched in self._watched.items()
            if watched.health.unsaved
        }
        if not unsaved:
            return
        now = self._clock()
        await rows.save(connection, [self._finding(pair, now) for pair in unsaved])
        for pair, changes in unsaved.items():
            health = self._watched[pair].health
            health.unsaved = health.changes != changes

    async def _read(self, connection: Connection) -> None:
        pairs = list(self._watched)
        changes = {pair: self._watched[pair].health.changes for pair in pairs}
        asked_at = self._clock()
        found = await rows.read(connection, pairs, CHECK_EVERY)
        for pair, row in found.items():
            health = self._watched[pair].health
            # what was found out here while the rows were on their way is newer than they are
            if health.changes == changes[pair] and not health.unsaved:
                health.learn(_quarantine(row, asked_at), draining=row.draining, now=asked_at)
            if row.granted:
                self._begin_check(pair)
        if new := [pair for pair, row in found.items() if not row.known]:
            await rows.begin(connection, new)

    def _finding(self, pair: Pair, now: float) -> Finding:
        quarantine = self._watched[pair].health.quarantine
        if quarantine is None:
            return Finding(pair=pair, code=None, pause=None, check_in=CHECK_EVERY)
        return Finding(
            pair=pair,
            code=quarantine.code,
            pause=timedelta(seconds=quarantine.pause),
            check_in=timedelta(seconds=quarantine.check_at - now),
        )

    def _check_by_own_clock(self) -> None:
        now = self._clock()
        for pair, watched in self._watched.items():
            quarantine = watched.health.quarantine
            if quarantine is not None and quarantine.check_at <= now:
                self._begin_check(pair)

    def _begin_check(self, pair: Pair) -> None:
        if pair not in self._checks:
            self._checks[pair] = asyncio.create_task(self._check(pair))

    async def _check(self, pair: Pair) -> None:
        watched = self._watched[pair]
        changes = watched.health.changes
        try:
            code = await watched.checked.check()
            if code is not None:
                metrics.FAILURES.labels(self._channel, pair.egress, code).inc()
            # a connection made before a call failed says nothing of how things are now
            if code is not None or watched.health.changes == changes:
                watched.health.note_checked(code, self._clock())
        finally:
            del self._checks[pair]
        if watched.health.unsaved:
            self.changed()

    def _show_changes(self) -> None:
        """Log each change once, and set the metric."""
        up: dict[tuple[str, str], bool] = {}
        for pair, watched in self._watched.items():
            health = watched.health
            code = None if health.quarantine is None else health.quarantine.code
            was_code, was_draining = self._logged.get(pair, (None, False))
            self._logged[pair] = code, health.draining
            log = _log.bind(channel=self._channel, egress=pair.egress, server=pair.server)
            if code is not None and was_code is None:
                log.warning("egress.quarantined", code=code)
            if code is None and was_code is not None:
                log.info("egress.restored")
            if health.draining != was_draining:
                log.info("egress.drained" if health.draining else "egress.drain_ended")
            for provider in watched.providers:
                key = pair.egress, provider
                up[key] = up.get(key, True) and health.is_usable
        for (egress, provider), is_up in up.items():
            metrics.UP.labels(self._channel, egress, provider).set(is_up)


def _state(pair: Pair, health: MemberHealth) -> str | None:
    if health.draining:
        return f"{pair.egress} is drained"
    if health.quarantine is None:
        return None
    return f"{pair.egress} is in quarantine for {pair.server}: {health.quarantine.code}"


def _quarantine(row: SharedState, asked_at: float) -> Quarantine | None:
    if row.code is None:
        return None
    pause = row.pause.total_seconds() if row.pause else FIRST_PAUSE_SECONDS
    check_in = row.check_in.total_seconds() if row.check_in else pause
    return Quarantine(code=row.code, pause=pause, check_at=asked_at + check_in)
