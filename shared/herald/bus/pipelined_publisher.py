"""Pipelined publishing on one AMQP channel: write many messages at once, then await their confirms.

Goes under aio-pika and under aiormq's own `basic_publish`, which spend a task, two futures and a
write on each message; here a batch costs one write and one future for up to 64 messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from aiormq.exceptions import AMQPError, ChannelInvalidStateError

from herald.bus.channels import ConfirmingChannel
from herald.bus.errors import (
    NackedError,
    PublishError,
    TimedOutError,
    UnavailableError,
    UnroutableError,
)
from herald.bus.library_internals import write
from herald.bus.wire.confirms import Outcome, Write

_CHANNEL_GONE = (ChannelInvalidStateError, AMQPError, OSError)
_MESSAGES_A_WRITE = 64  # heartbeats and other writers get their turn in between


@dataclass(frozen=True, slots=True)
class Encoded:
    """A message's id and its bytes, ready to be written."""

    message_id: str
    payload: bytes


async def publish_batch(
    channel: ConfirmingChannel,
    batch: Sequence[Encoded],
    deadline: float,
    renewal_seconds: float | None = None,
) -> list[PublishError | None]:
    """Publish messages with distinct ids; return for each None (confirmed) or what became of it.

    `deadline` is in the event loop's time; with `renewal_seconds`, it is set anew as long as some
    confirm came before it. One not confirmed by then is timed out: it may still arrive. Never
    raises but for the caller's own cancellation.
    """
    writes: list[Write] = []
    stopped = await _write_all(channel, batch, writes, deadline)
    await _wait_for_all(writes, deadline, renewal_seconds)
    outcomes = [outcome for write in writes for outcome in write.outcomes]
    reason = channel.confirms.closed_because or "channel closed"
    sent = [
        _result(encoded.message_id, outcome, reason)
        for encoded, outcome in zip(batch, outcomes, strict=False)
    ]
    return sent + [stopped(encoded.message_id) for encoded in batch[len(sent) :]]


async def _wait_for_all(
    writes: Sequence[Write], deadline: float, renewal_seconds: float | None
) -> None:
    clock = asyncio.get_running_loop().time
    waiting = {write.done for write in writes}
    left = sum(write.left for write in writes)
    while waiting:
        _, waiting = await asyncio.wait(waiting, timeout=max(0.0, deadline - clock()))
        before, left = left, sum(write.left for write in writes)
        if renewal_seconds is None or left == before:
            return
        deadline = clock() + renewal_seconds


async def _write_all(
    channel: ConfirmingChannel,
    batch: Sequence[Encoded],
    writes: list[Write],
    deadline: float,
) -> Callable[[str], PublishError]:
    """Write until all is written or nothing more can be; return what became of the rest."""
    try:
        async with asyncio.timeout_at(deadline):
            for chunk in _chunks(batch):
                writes.append(await _write(channel, chunk))  # noqa: PERF401  kept if one fails
    except TimeoutError:
        return partial(TimedOutError, reason="the connection takes no more bytes")
    except _CHANNEL_GONE as error:
        return partial(UnavailableError, reason=_reason(error))
    return partial(UnavailableError, reason="not written")  # of nothing: all was written


async def _write(channel: ConfirmingChannel, chunk: Sequence[Encoded]) -> Write:
    confirms = channel.confirms
    async with confirms.lock:
        if confirms.closed_because is not None:
            raise ChannelInvalidStateError(confirms.closed_because)
        expected = confirms.expect([encoded.message_id for encoded in chunk])
        try:
            await write(channel.amqp, b"".join(encoded.payload for encoded in chunk))
        except BaseException:  # nothing was queued
            confirms.take_back(expected)
            raise
        return expected


def _result(message_id: str, outcome: Outcome, reason: str) -> PublishError | None:
    match outcome:
        case Outcome.CONFIRMED:
            return None
        case Outcome.WAITING:
            return TimedOutError(message_id, "no confirm in time")
        case Outcome.RETURNED:
            return UnroutableError(message_id, "no queue is bound for its key")
        case Outcome.REFUSED:
            return NackedError(message_id, "refused by the broker")
        case Outcome.LOST:
            return UnavailableError(message_id, reason)


def _reason(error: BaseException) -> str:
    # The broker's own words (a reply code and text) when it closed the channel.
    text = str(error) if isinstance(error, AMQPError) else ""
    return f"{type(error).__name__} {text}".strip()


def _chunks(batch: Sequence[Encoded]) -> Iterator[Sequence[Encoded]]:
    return (
        batch[start : start + _MESSAGES_A_WRITE]
        for start in range(0, len(batch), _MESSAGES_A_WRITE)
    )
