"""The batch loop: hand over whatever has arrived, settle it, go on. Knows nothing of FastStream."""

from __future__ import annotations

import asyncio
import random
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

import structlog
from prometheus_client import REGISTRY, CollectorRegistry

from herald.bus.buffers import Buffer, Count, Group
from herald.bus.byte_budget import MAX_BATCH_BYTES
from herald.bus.cancellation import own_cancellation_only
from herald.bus.deliveries import Delivery, settle
from herald.bus.metrics import queue_metrics

Handler = Callable[[Sequence[Delivery]], Awaitable[None]]
Settle = Literal["batch", "single"]

_FIRST_RETRY_SECONDS = 0.1
_MAX_RETRY_SECONDS = 5.0
_FRAMES_LOGGED = 4
_LAST_BATCHES = 2  # that a shared buffer hands over when it is closed; the others are given back

_log = structlog.get_logger(__name__)


class BatchLoop:
    """Feeds one handler from one queue, one batch at a time.

    `settle="batch"`: when the handler returns, what it marked rejected is rejected and the rest
    is acknowledged at once. `settle="single"`: what it marked is rejected; the rest it settles
    itself, later, one by one. A handler that raises gets the same batch again after a pause,
    without the deliveries whose channel was lost meanwhile. `group`: deliveries of its groups take
    turns when more wait than a batch takes. `count`: how many of what is handled a delivery brings.
    """

    def __init__(
        self,
        queue: str,
        handler: Handler,
        *,
        max_batch: int,
        settle: Settle = "batch",
        group: Group | None = None,
        count: Count | None = None,
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self.queue = queue
        self.problem: str | None = None  # why the batch in hand is being retried
        self._handler = handler
        self._max_batch = max_batch
        self._settle = settle
        self._metrics = queue_metrics(queue, registry)
        self._buffer = Buffer(group, count)
        self.left = 0  # received, and not to be handled any more since the close
        self._hand: list[Delivery] = []  # outlives a loop that died, so that nothing is forgotten
        self._arrived = asyncio.Event()
        self._closing = False
        self._abandoned = 0  # how often; a run that began before the last time must end

    @property
    def buffered(self) -> int:
        """Deliveries received and not yet handled, the batch in hand included."""
        return len(self._buffer) + len(self._hand)

    def receive(self, delivery: Delivery) -> None:
        """Take a delivery in. Never blocks: prefetch bounds how many can come."""
        if delivery.redelivered and delivery.delivery_count:
            self._metrics.redeliveries.inc()
        self._buffer.append(delivery)
        self._arrived.set()

    def reopen(self) -> None:
        """Make ready to run again after a stop; what it still held came on a lost channel."""
        self._closing = False
        self.left = 0

    def close(self) -> None:
        """Let `run` end once everything received so far is handled.

        Of a buffer whose groups take turns, which may be long, that is the next batches: the rest
        goes to another consumer at once.
        """
        self._closing = True
        if self._buffer.is_shared:
            self.left += self._buffer.shorten(_LAST_BATCHES * self._max_batch)
            self._count("lost", self.left)
        self._arrived.set()

    def abandon(self) -> None:
        """Drop what was received and not handled: it is given back. A run in progress must end.

        Cancel its task, too: the run ends by itself only once its handler has ended.
        """
        self._count("lost", self.buffered)
        self._buffer.clear()
        self._hand = []
        self.problem = None
        self._abandoned += 1
        self._arrived.set()

    async def run(self) -> None:
        """Handle batches until closed and drained, or abandoned."""
        begun = self._abandoned
        while begun == self._abandoned:
            await self._arrived.wait()
            await asyncio.sleep(0)  # let in what came in the same read
            self._hand = self._hand or self._take()
            if self._hand:
                await self._handle()
            elif self._closing:
                return
            else:
                self._arrived.clear()

    def _take(self) -> list[Delivery]:
        """Take what one multiple acknowledgement may cover: live deliveries of one channel."""
        self._count("lost", self._buffer.drop_dead())
        return self._buffer.take(self._max_batch, MAX_BATCH_BYTES)

    async def _handle(self) -> None:
        started = time.monotonic()
        self._metrics.batch_size.observe(len(self._hand))
        self._metrics.buffered.set(len(self._buffer))
        self._metrics.observe_delays(self._hand, time.time())
        failures = 0
        while self._hand and not await self._try_hand(failures):
            failures += 1
            await asyncio.sleep(_pause_seconds(failures))
            self._drop_from_hand()
        self.problem = None
        await self._settle_hand()
        self._metrics.batch_seconds.observe(time.monotonic() - started)

    async def _try_hand(self, failures: int) -> bool:
        try:
            with own_cancellation_only():
                await self._handler(tuple(self._hand))
        except Exception as error:  # noqa: BLE001  whatever it is, the batch must not be lost
            self._note(error, failures)
        else:
            return True
        return False

    def _note(self, error: Exception, failures: int) -> None:
        """Say what went wrong, without the error's text: it may hold a message's content."""
        self.problem = f"retrying a batch of {self.queue}: {type(error).__name__}"
        self._metrics.handler_failures.inc()
        _log.error(
            "batch.failed",
            queue=self.queue,
            size=len(self._hand),
            failures=failures + 1,
            error=type(error).__name__,
            where=where(error),
        )

    def _drop_from_hand(self) -> None:
        kept = [d for d in self._hand if d.is_live and not d.settled]
        self._count("lost", sum(1 for d in self._hand if not d.is_live))
        for delivery in kept:
            delivery.rejected = False  # the next try decides afresh
        self._hand = kept

    async def _settle_hand(self) -> None:
        hand = self._hand
        rejected = [d for d in hand if d.rejected and not d.settled]
        acked = 0
        if self._settle == "batch":
            acked = sum(1 for d in hand if not d.rejected and not d.settled)
            if await settle(hand) == 0 and (acked or rejected):
                self._count("lost", acked + len(rejected))
                acked, rejected = 0, []
        else:
            await settle(rejected)
        self._count("acked", acked)
        self._count("rejected", len(rejected))
        self._hand = []

    def _count(self, result: str, number: int) -> None:
        if number:
            self._metrics.deliveries[result].inc(number)


def _pause_seconds(failures: int) -> float:
    ceiling = min(_MAX_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2.0 ** min(failures, 10))
    return ceiling * random.uniform(0.5, 1.0)  # noqa: S311  jitter, not a secret


def where(error: BaseException) -> str:
    """Say where an error was raised, innermost first, without its text."""
    # `traceback.extract_tb` would read every source file, a tenth of a second of no other work
    calls = list(traceback.walk_tb(error.__traceback__))[-_FRAMES_LOGGED:]
    return " < ".join(
        f"{frame.f_code.co_filename}:{line} {frame.f_code.co_name}"
        for frame, line in reversed(calls)
    )
