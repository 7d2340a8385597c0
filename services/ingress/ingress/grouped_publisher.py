"""Messages of many requests, published together: one write and one wait for all that is ready.

There is no timer: a group is whatever became ready while the event loop was at its other work or
the groups before were on their way. A lone request goes at once; the more groups are on their way,
the more requests it takes to make another, for one of a single message costs as much as one of
twenty. A request still learns what became of its own messages only.
One of thousands goes by itself and in small parts: a group waits for all of its confirms, and the
broker confirms what it was given first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial

import structlog

from herald.bus.errors import PublishError, UnavailableError
from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.publishing import Publisher
from ingress.receipt_batches import message_of, parts_of_messages

# requests that make a group, by how many groups are on their way: several may be, so that a slow
# confirm does not hold all others
MAKE_A_GROUP = (1, 2, 4, 8)
MAX_GROUPS = len(MAKE_A_GROUP)
MAX_PART = 50  # messages of one request that go together
PARTS_AT_ONCE = 2  # of one request: the next one is on its way while the broker confirms

# a message of a group that ended without saying what became of it
NOT_PUBLISHED = UnavailableError("", "not tried")

_log = structlog.get_logger(__name__)

# is called with what became of each message, in order; raises nothing
Published = Callable[[list[PublishError | None]], None]


class GroupedPublisher:
    """Publishes through a `Publisher`, safe to share between requests."""

    def __init__(self, publisher: Publisher, *, in_batches: bool = True) -> None:
        """Make it; `in_batches`: receipts of a group go several in a message."""
        self._publisher = publisher
        self._in_batches = in_batches
        self._waiting: list[tuple[Sequence[OutgoingMessage], Published]] = []
        self._publishing: set[asyncio.Task[None]] = set()  # each has one group on its way
        self._is_one_starting = False  # it takes whatever is ready by its turn

    def publish(self, messages: Sequence[OutgoingMessage]) -> Awaitable[list[PublishError | None]]:
        """Publish messages; return for each, in order, None (confirmed) or its failure.

        When the bus takes no more, what is left of them is not tried.
        """
        if len(messages) <= MAX_PART:
            return self._publish_with_others(messages)
        return self._publish_in_parts(messages)

    async def _publish_in_parts(
        self, messages: Sequence[OutgoingMessage]
    ) -> list[PublishError | None]:
        parts = [messages[start : start + MAX_PART] for start in range(0, len(messages), MAX_PART)]
        failures: list[list[PublishError | None]] = [[NOT_PUBLISHED] * len(part) for part in parts]
        untried = iter(range(len(parts)))

        async def publish_in_turn() -> None:
            for number in untried:
                failures[number] = await self._publish_together(parts[number])
                if any(failure is not None and failure.retry for failure in failures[number]):
                    list(untried)  # the other one finds none either

        await asyncio.gather(*(publish_in_turn() for _ in range(PARTS_AT_ONCE)))
        return [failure for part in failures for failure in part]

    def _publish_with_others(
        self, messages: Sequence[OutgoingMessage]
    ) -> asyncio.Future[list[PublishError | None]]:
        future: asyncio.Future[list[PublishError | None]]
        future = asyncio.get_running_loop().create_future()
        self.begin(messages, partial(_tell, future))
        return future

    def begin(self, messages: Sequence[OutgoingMessage], published: Published) -> None:
        """Publish `MAX_PART` messages at most, as `publish` does."""
        self._waiting.append((messages, published))
        self._start_if_enough_wait()

    def _start_if_enough_wait(self) -> None:
        on_their_way = len(self._publishing)
        if self._is_one_starting or on_their_way == MAX_GROUPS:
            return
        if len(self._waiting) < MAKE_A_GROUP[on_their_way]:
            return
        self._is_one_starting = True
        task = asyncio.create_task(self._publish_what_waits())
        self._publishing.add(task)
        task.add_done_callback(self._end)

    async def _publish_what_waits(self) -> None:
        self._is_one_starting = False
        while len(self._waiting) >= MAKE_A_GROUP[len(self._publishing) - 1]:
            group, self._waiting = self._waiting, []
            await self._publish(group)

    async def _publish(self, group: list[tuple[Sequence[OutgoingMessage], Published]]) -> None:
        failures: Iterator[PublishError | None] = iter(())
        try:
            failures = iter(
                await self._publish_together([message for item, _ in group for message in item])
            )
        finally:
            for messages, published in group:
                published([next(failures, NOT_PUBLISHED) for _ in messages])

    async def _publish_together(
        self, messages: Sequence[OutgoingMessage]
    ) -> list[PublishError | None]:
        """Publish messages at once; return for each, in order, None (confirmed) or its failure."""
        if not self._in_batches or len(messages) == 1:
            return await self._publisher.publish_many(messages, while_progressing=True)
        parts = parts_of_messages(messages)
        failures = await self._publisher.publish_many(
            [message_of(part) for part in parts], while_progressing=True
        )
        found = {
            id(message): failure
            for part, failure in zip(parts, failures, strict=True)
            for message in part
        }
        return [found[id(message)] for message in messages]

    def _end(self, task: asyncio.Task[None]) -> None:
        self._publishing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("ingress.publish_failed", error=type(error).__name__)
        self._start_if_enough_wait()


def _tell(
    future: asyncio.Future[list[PublishError | None]], failures: list[PublishError | None]
) -> None:
    if not future.done():  # else its request was cancelled
        future.set_result(failures)
