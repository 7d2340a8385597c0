"""Ingress's pulse: shows the router, through the receipts, that webhooks can be taken.

While none comes the router takes no silence for an answer. After a time in which nothing could be
published the first pulse says how long that was: providers try again what they could not
deliver.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog

from herald.bus.publishing import Publisher
from herald.bus.receipt_messages import pulse_message
from herald.contracts.receipts import Pulse
from herald.contracts.vocabulary import Lane
from herald.service.background import Background
from ingress.spool.identity import Identity

PULSE_SECONDS = 1.0
PUBLISH_SECONDS = 2.0
_MAY_REPEAT_SECONDS = 2 * (PULSE_SECONDS + PUBLISH_SECONDS)

_log = structlog.get_logger(__name__)


class PulseSender:
    """Publishes a pulse every second for as long as a service runs, and a last one when it ends.

    `holds_something`: whether something that it took waits on disk for the bus still; None: it
    keeps nothing there.
    """

    def __init__(
        self,
        publisher: Publisher,
        identity: Identity,
        holds_something: Callable[[], bool | None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._publisher = publisher
        self._identity = identity
        self._holds_something = holds_something
        self._monotonic = monotonic
        self._confirmed_at: float | None = None
        self._work = Background("the pulse", self._run)

    @property
    def problem(self) -> str | None:
        """What is wrong; a broker that goes away is no problem of its own."""
        if self._identity.is_known:
            return self._work.problem
        return self._work.problem or "no pulse was taken yet: the routers don't know this ingress"

    async def __aenter__(self) -> None:
        self._work.start()

    async def __aexit__(self, *_error: object) -> None:
        await self._work.stop()
        if self._holds_something():
            return  # the routers wait for it, and for whoever starts on the same directory
        self._write(self._identity.forget)
        await self.send(leaving=True)

    async def send(self, *, leaving: bool = False) -> bool:
        """Publish one pulse; return whether it was confirmed."""
        asked_at = self._monotonic()
        silent = 0.0 if self._confirmed_at is None else asked_at - self._confirmed_at
        pulse = Pulse(
            source="ingress",
            instance=self._identity.instance,
            # a pulse that is a little late says nothing about webhooks
            silent_seconds=round(silent, 1) if silent > _MAY_REPEAT_SECONDS else 0.0,
            leaving=leaving,
            holds_something=self._holds_something(),
        )
        taken = await self._publisher.is_taken(pulse_message(pulse, Lane.NORMAL), PUBLISH_SECONDS)
        if taken:
            self._confirmed_at = asked_at
            if not leaving:
                self._write(self._identity.note_known)
        return taken

    def _write(self, change: Callable[[], None]) -> None:
        try:
            change()
        except OSError as error:  # after a crash the routers will take it for another one
            _log.error("spool.failed", error=type(error).__name__, reason=error.strerror)

    async def _run(self) -> None:
        # a first pulse without a connection would make readiness wait for the second
        await self._publisher.connected()
        while True:
            await self.send()
            await asyncio.sleep(PULSE_SECONDS)
