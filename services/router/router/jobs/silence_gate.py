"""The silence gate of this router: up to when silence may be judged, worked out twice a second.

Pulses are sent through every lane's receipts. How far they came back is written to one row a lane,
and the other routers' rows are read; `core.silence_gate` judges by all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog
from msgspec import Struct, field
from msgspec.structs import replace

from herald.bus.connections import Connections
from herald.bus.receipt_messages import pulse_message
from herald.bus.subscribers import BatchSubscriber
from herald.contracts.receipts import Pulse
from herald.contracts.vocabulary import Lane
from herald.database.pool import OUTAGES, Connection, Database
from herald.service.background import run_together
from herald.service.periodic import Periodic
from router import metrics
from router.core.ingresses import Ingress, after_pulse
from router.core.listeners import Listener, lapsed, progress_of
from router.core.outage_hold import OutageHold
from router.core.silence_gate import STRICTEST, gates_of
from router.jobs.lane_progress import LaneProgress
from router.store.listeners import (
    load_ingresses,
    remove_listeners,
    renew_listeners,
    save_ingresses,
)

INTERVAL_SECONDS = 0.5
PUBLISH_SECONDS = 2.0
SHUT_LONG = timedelta(seconds=60)  # how far behind silence may be judged before readiness says so

_log = structlog.get_logger(__name__)


class _IngressPulse(Struct):
    """A pulse of an ingress, and how far the receipts were when it was handled."""

    pulse: Pulse
    progress: datetime | None  # None: not known yet


class _Known(Struct):
    """What was read last."""

    gates: Mapping[str, datetime] = field(default_factory=dict)
    others: Sequence[Listener] = ()
    ingresses: dict[UUID, Ingress] = field(default_factory=dict)


class SilenceGate:
    """Sends pulses, renews this router's rows, and knows up to when silence may be judged."""

    def __init__(
        self,
        connections: Connections,
        database: Database,
        receipts: Mapping[Lane, BatchSubscriber],
        *,
        retry_gap: timedelta | None,
    ) -> None:
        """Make it; `retry_gap`: the longest of the accounts' providers, None without webhooks."""
        self._connections = connections
        self._database = database
        self._retry_gap = retry_gap
        self._router = uuid4()
        self._lanes = {lane: LaneProgress(lane, consumer) for lane, consumer in receipts.items()}
        self._pulses: list[_IngressPulse] = []
        self._known = _Known()
        self._outage_hold = OutageHold()
        self._is_taking: bool | None = None  # not asked yet
        self._pulsing = Periodic("pulses", self._send_pulses, INTERVAL_SECONDS)
        self._renewing = Periodic("silence_gate", self._renew, INTERVAL_SECONDS)

    @property
    def gates(self) -> Mapping[str, datetime]:
        """The latest deadline that each gate lets through; one that is shut is missing.

        What was true once stays true: an old answer judges less, never too much.
        """
        return self._known.gates

    @property
    def problem(self) -> str | None:
        """What is wrong beside the connections, which say so themselves; None when all is well."""
        if not self._is_taking and self._connections.is_connected:
            if self._is_taking is None:
                return "nothing was published yet"
            return "the broker takes nothing that is published: has it an alarm, or no topology?"
        return self._pulsing.problem

    @property
    def warning(self) -> str | None:
        """Why silence can't be judged, when that lasts."""
        until = self.gates.get(STRICTEST)
        if until is not None and self._database.now() - until <= SHUT_LONG:
            return None
        if self._retry_gap is not None and not self._known.ingresses:
            return "no ingress was seen yet: fallback_after waits"
        return "receipts or webhooks are held up somewhere: fallback_after and start_within wait"

    def take_pulses(self, lane: Lane, pulses: Sequence[Pulse]) -> None:
        """Take in pulses, in order: they and all that came before them are handled."""
        own = self._lanes[lane]
        own.note_losses(self._database.now())  # first: these pulses may have come after a loss
        for pulse in pulses:
            if pulse.source == "ingress":
                # nobody says a second time that an ingress has left
                if own.progress is not None or pulse.leaving:
                    self._pulses.append(_IngressPulse(pulse, own.progress))
            elif pulse.sent_at is not None:
                own.handle_pulse(pulse.sent_at)

    async def run(self) -> None:
        """Send pulses and renew the rows until cancelled."""
        await run_together(self._send, self._renewing.run)

    async def leave(self) -> None:
        """Write what pulses said last, and drop the rows if everything sent here was handled.

        Else they lapse: what a link that is dead kept from this router is still to go back to the
        queue.
        """
        now = self._database.now()
        for own in self._lanes.values():
            own.note_losses(now)
        try:
            async with self._database.connection() as connection:
                await self._note_pulses(connection, now)
                if all(own.is_over for own in self._lanes.values()):
                    await remove_listeners(connection, self._router)
        except OUTAGES as error:
            _log.warning("silence_gate.rows_not_removed", error=type(error).__name__)

    async def _send(self) -> None:
        # a first pulse without a connection would make readiness wait for the second
        await self._connections.publisher.connected()
        await self._pulsing.run()

    async def _send_pulses(self) -> None:
        taken = await asyncio.gather(*(self._send_pulse(lane) for lane in Lane))
        self._is_taking = all(taken)

    async def _send_pulse(self, lane: Lane) -> bool:
        pulse = Pulse(source="router", instance=self._router, sent_at=self._database.now())
        return await self._connections.publisher.is_taken(
            pulse_message(pulse, lane), PUBLISH_SECONDS
        )

    async def _renew(self) -> None:
        now, rows = self._database.now(), self._rows()
        gone = lapsed([*rows, *self._known.others], now)
        async with self._database.connection() as connection:
            others = await renew_listeners(connection, self._router, rows, gone)
            ingresses = await self._note_pulses(connection, now)
        self._conclude(rows, others, ingresses)

    def _rows(self) -> list[Listener]:
        """Return what this router says of each lane that may hold receipts of it."""
        now = self._database.now()
        for own in self._lanes.values():
            own.note_losses(now)
        return [own.row(self._router, now) for own in self._lanes.values() if own.counts]

    async def _note_pulses(self, connection: Connection, now: datetime) -> dict[UUID, Ingress]:
        """Write what pulses said of ingresses; return what is known of each then."""
        pulses = list(self._pulses)
        known = {one.ingress: one for one in await load_ingresses(connection)}
        changed = self._after_pulses(known, pulses, now)
        if changed:
            await save_ingresses(connection, list(changed.values()))
        del self._pulses[: len(pulses)]
        return known | changed

    def _after_pulses(
        self,
        known: Mapping[UUID, Ingress],
        pulses: Sequence[_IngressPulse],
        now: datetime,
    ) -> dict[UUID, Ingress]:
        changed: dict[UUID, Ingress] = {}
        for item in pulses:
            pulse, before = item.pulse, {**known, **changed}
            if item.progress is None:
                if (left := before.get(pulse.instance)) is not None:
                    changed[pulse.instance] = replace(left, has_left=True)
                continue
            changed[pulse.instance] = after_pulse(
                before,
                pulse.instance,
                item.progress,
                now,
                silent=timedelta(seconds=pulse.silent_seconds),
                leaving=pulse.leaving,
                retry_gap=self._retry_gap or timedelta(0),
                holds_something=pulse.holds_something,
            )
        return changed

    def _conclude(
        self, rows: Sequence[Listener], others: Sequence[Listener], ingresses: dict[UUID, Ingress]
    ) -> None:
        """Work out what may be judged now, and end holds whose receipts are handled."""
        now = self._database.now()
        gone = lapsed([*rows, *others], now)
        counted = [row for row in (*rows, *others) if row not in gone]
        gates: Mapping[str, datetime] = gates_of(
            counted, list(ingresses.values()), now, has_webhooks=self._retry_gap is not None
        )
        gates = self._outage_hold.held(gates, now)
        self._known = _Known(gates=gates, others=others, ingresses=ingresses)
        for lane, own in self._lanes.items():
            own.end_hold(counted, self._router)
            behind = progress_of(counted, lane)
            if behind is not None:
                metrics.RECEIPTS_LAG_SECONDS.labels(lane.value).set((now - behind).total_seconds())
        if STRICTEST in gates:
            metrics.SILENCE_LAG_SECONDS.set((now - gates[STRICTEST]).total_seconds())
