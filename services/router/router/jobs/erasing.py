"""Erasing what is known of a recipient, step by step, each in a transaction of its own.

How far an erasure is, is in its row: any router goes on where another stopped. Messages are
stopped and erased first; then everything else that mentions the addresses is searched, once at once
and once more when nothing from before can be on its way any more: no receipt in a queue, nothing
on the disk of an ingress.

One whose step fails is put off, so that it delays no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from msgspec import Struct
from msgspec.structs import replace

from herald.bus.batches import where
from herald.config.file import HeraldFile
from herald.database.pool import is_outage
from herald.service.periodic import JITTER, Periodic
from router import metrics
from router.jobs.erasing_messages import erase_stopped, stop_messages
from router.outgoing.answers import erased_event
from router.store import erasures as store
from router.store.audit import Act
from router.store.erasures import Erasure, Page
from router.store.retention import FIRST_MESSAGE
from router.unit_of_work import UnitOfWork, UnitsOfWork

REFERENCES, DEAD_LETTERS, INBOUND, OUTBOX = 5000, 100, 1000, 50  # in one transaction
PUT_OFF = timedelta(minutes=10)  # a bug may be mended by then

_SEARCHES = ("messages", "provider_refs", "dead_letters", "inbound")
STEPS = (*_SEARCHES, "wait", *_SEARCHES, "finish")
_WAIT = STEPS.index("wait")
_UNKNOWN_USER = "unknown"  # who asked gave no user_id

_log = structlog.get_logger(__name__)


class ErasingPace(Struct, frozen=True, kw_only=True):
    """How often erasures are gone on with, and how much is done in one transaction."""

    scan_seconds: float = 0.5
    look_again: timedelta = timedelta(seconds=1)  # at what an erasure waits for
    # from a receipt's coming to its being in a queue, at most
    under_way: timedelta = timedelta(seconds=2)
    messages: int = 100


DEFAULT_PACE = ErasingPace()


class _Turn(Struct, frozen=True, kw_only=True):
    """What a step came to: the erasure as it is now, and when to go on with it."""

    erasure: Erasure
    pause: timedelta = timedelta(0)


class Erasing:
    """Carries out erasures; any number of routers may run it."""

    def __init__(
        self, units: UnitsOfWork, configuration: HeraldFile, pace: ErasingPace = DEFAULT_PACE
    ) -> None:
        self._units = units
        self._pace = pace
        self._accounts = configuration.accounts

    async def run(self) -> None:
        """Carry out erasures until cancelled."""
        await Periodic("erasing", self.turn, self._pace.scan_seconds, jitter=JITTER).run()

    async def turn(self) -> bool:
        """Do a step of one erasure; False when there is none to go on with."""
        taken: Erasure | None = None
        try:
            async with self._units.begin() as unit:
                taken = await store.take_erasure(unit.connection)
                if taken is None:
                    return False
                turn = await self._step(unit, taken)
                await store.save_erasure(unit.connection, turn.erasure, turn.pause)
        except Exception as error:
            if taken is None or (is_outage(error) and not _took_too_long(error)):
                raise
            await self._put_off(taken, error)
        return True

    async def _put_off(self, erasure: Erasure, error: Exception) -> None:
        """Leave an erasure alone for a while; with the database away that fails, too."""
        async with self._units.begin() as unit:
            await store.put_off_erasure(unit.connection, erasure, PUT_OFF)
        metrics.ERASURES_PUT_OFF.inc()
        _log.error(
            "erasing.put_off",
            erasure=str(erasure.asked.id),
            step=STEPS[erasure.step],
            error=type(error).__name__,
            where=where(error),
        )

    async def _step(self, unit: UnitOfWork, erasure: Erasure) -> _Turn:
        connection = unit.connection
        match STEPS[erasure.step]:
            case "messages":
                return await self._messages(unit, erasure)
            case "provider_refs":
                accounts = self._accounts_of(erasure.asked.tenant)
                page = await store.erase_references(connection, erasure, accounts, REFERENCES)
                return _searched(erasure, page)
            case "dead_letters":
                page = await store.erase_dead_letters(connection, erasure, DEAD_LETTERS)
                return _searched(erasure, page)
            case "inbound":
                return _searched(erasure, await store.erase_inbound(connection, erasure, INBOUND))
            case "wait":
                return await self._wait(unit, erasure)
            case _:
                return await self._finish(unit, erasure)

    def _accounts_of(self, tenant: str | None) -> list[str] | None:
        if tenant is None:
            return None
        return [name for name, account in self._accounts.items() if tenant in account.tenants]

    async def _messages(self, unit: UnitOfWork, erasure: Erasure) -> _Turn:
        """Stop and erase the next messages; those with a call under way are left for later."""
        after = UUID(erasure.place[0]) if erasure.place else FIRST_MESSAGE
        ids = await store.find_by_address(unit.connection, erasure, after, self._pace.messages)
        if not ids:
            return _searched(erasure, Page(place=None, erased=0))
        messages = await stop_messages(unit, erasure.asked, ids)
        erased = await erase_stopped(unit.connection, messages)
        place = (str(ids[-1]),)
        return _Turn(erasure=replace(erasure, place=place, erased=_sum(erasure.erased, erased)))

    async def _wait(self, unit: UnitOfWork, erasure: Erasure) -> _Turn:
        """Go on once nothing can come any more; meanwhile erase messages whose calls ended."""
        again = await self._messages(unit, replace(erasure, place=()))
        under_way = self._pace.under_way
        obstacles = await store.find_obstacles(unit.connection, erasure.asked_at, under_way)
        if await store.find_by_address(unit.connection, erasure, FIRST_MESSAGE, 1):
            obstacles.append("messages")
        if obstacles:
            waits_for = ", ".join(obstacles)
            waiting = replace(again.erasure, step=_WAIT, place=(), waits_for=waits_for)
            return replace(again, erasure=waiting, pause=self._pace.look_again)
        ready = replace(again.erasure, step=_WAIT + 1, place=(), waits_for=None)
        return replace(again, erasure=ready)

    async def _finish(self, unit: UnitOfWork, erasure: Erasure) -> _Turn:
        """End it once the outbox was searched to its end, a page in a turn.

        What comes into a page searched before is not from before the erasure.
        """
        if await store.find_by_address(unit.connection, erasure, FIRST_MESSAGE, 1):
            return _Turn(erasure=replace(erasure, step=_WAIT, place=()))
        page = await store.search_outbox(unit.connection, erasure, OUTBOX)
        if page.is_mentioning:
            waiting = replace(erasure, waits_for="outbox")
            return _Turn(erasure=waiting, pause=self._pace.look_again)
        if page.place is not None:
            return _Turn(erasure=replace(erasure, place=page.place))
        await self._end(unit, erasure)
        return _Turn(erasure=erasure)

    async def _end(self, unit: UnitOfWork, erasure: Erasure) -> None:
        """Say that it is complete, and forget the addresses."""
        asked = erasure.asked
        act = Act(
            user=asked.user or _UNKNOWN_USER,
            act=asked.routing_key,
            tenant=asked.tenant,
            subject=str(asked.id),
            detail={
                "address_hashes": asked.hashes,
                "asked_at": erasure.asked_at,
                "erased": erasure.erased,
            },
        )
        unit.audit(act)
        await store.finish_erasure(unit.connection, erasure)
        unit.publish(erased_event(asked, erasure.erased, unit.now))
        finished = partial(_log.info, "erasing.finished", erasure=str(asked.id), **erasure.erased)
        unit.after_commit(finished)


def _took_too_long(error: Exception) -> bool:
    """Whether a statement ran into its timeout, the server's or ours."""
    return isinstance(error, TimeoutError | asyncpg.QueryCanceledError)


def _searched(erasure: Erasure, page: Page) -> _Turn:
    """Count what a page gave, and go on with the next, or with the next step."""
    found = {STEPS[erasure.step]: page.erased} if page.erased else {}
    counted = replace(erasure, erased=_sum(erasure.erased, found))
    if page.place is None:
        return _Turn(erasure=_next(counted))
    return _Turn(erasure=replace(counted, place=page.place))


def _next(erasure: Erasure) -> Erasure:
    return replace(erasure, step=erasure.step + 1, place=())


def _sum(before: Mapping[str, int], more: Mapping[str, int]) -> dict[str, Any]:
    return {name: before.get(name, 0) + more.get(name, 0) for name in {**before, **more}}
