"""Pipelined publishing on one AMQP channel: write many messages at once, then await their confirms.

Goes under aio-pika and under aiormq's own `basic_publish`, which spend a task, two futures and a
write on each message; here a batch costs one write and one future for up to 64 messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from aiormq.exceptions import AMQPError, ChannelInvalidStateError

from herald.bus.channels import ConfirmingChannel
from herald.bus.errors import (
    NackedError,
    PublishError,
    TimedOutError,
    UnavailableError,
    UnroutableError,
)
from herald.bus.wire.confirms import Outcome, Write

_CHANNEL_GONE = (ChannelInvalidStateError, AMQPError, OSError)
_MESSAGES_A_WRITE = 64  # heartbeats and other writers get their turn in between


class Encoded(NamedTuple):
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
    patience = _Patience(deadline, renewal_seconds)
    stopped = await _write_all(channel, batch, writes, patience)
    await _wait_for_all(writes, patience)
    outcomes = [outcome for each in writes for outcome in each.outcomes]
    if outcomes.count(Outcome.CONFIRMED) == len(batch):
        return [None] * len(batch)
    reason = channel.confirms.closed_because or "channel closed"
    sent = [
        _result(encoded.message_id, outcome, reason)
        for encoded, outcome in zip(batch, outcomes, strict=False)
    ]
    return sent + [stopped(encoded.message_id) for encoded in batch[len(sent) :]]


class _Patience:
    """Until when a batch is waited for: its deadline, or longer while confirms come."""

    def __init__(self, until: float, renewal_seconds: float | None) -> None:
        self.until = until
        self._renewal_seconds = renewal_seconds
        self._settled = 0

    def is_renewed(self, writes: Sequence[Write]) -> bool:
        """Give the batch as much time again, if any more of it was confirmed."""
        before, self._settled = self._settled, sum(len(it.outcomes) - it.left for it in writes)
        if self._renewal_seconds is None or self._settled == before:
            return False
        self.until = asyncio.get_running_loop().time() + self._renewal_seconds
        return True


async def _wait_for_all(writes: Sequence[Write], patience: _Patience) -> None:
    for each in writes:
        while not await each.is_done_by(patience.until):
            if not patience.is_renewed(writes):
                return


async def _write_all(
    channel: ConfirmingChannel,
    batch: Sequence[Encoded],
    writes: list[Write],
    patience: _Patience,
) -> Callable[[str], PublishError]:
    """Write until all is written or nothing more can be; return what became of the rest."""
    try:
        for chunk in _chunks(batch):
            if not channel.confirms.lock.locked() and channel.is_free:
                writes.append(_write_now(channel, chunk))
            else:
                writes.append(await _write_in_time(channel, chunk, writes, patience))
    except TimeoutError:
        return partial(TimedOutError, reason="the connection takes no more bytes")
    except _CHANNEL_GONE as error:
        return partial(UnavailableError, reason=channel.confirms.closed_because or _reason(error))
    return partial(UnavailableError, reason="not written")  # of nothing: all was written


async def _write_in_time(
    channel: ConfirmingChannel,
    chunk: Sequence[Encoded],
    writes: Sequence[Write],
    patience: _Patience,
) -> Write:
    while True:
        try:
            async with asyncio.timeout_at(patience.until):
                return await _write(channel, chunk)
        except TimeoutError:
            if not patience.is_renewed(writes):
                raise


async def _write(channel: ConfirmingChannel, chunk: Sequence[Encoded]) -> Write:
    async with channel.confirms.lock:
        expected = _expect(channel, chunk)
        try:
            await channel.write(_payload(chunk))
        except BaseException:  # nothing was written
            channel.confirms.take_back(expected)
            raise
        return expected


def _write_now(channel: ConfirmingChannel, chunk: Sequence[Encoded]) -> Write:
    expected = _expect(channel, chunk)
    try:
        channel.write_now(_payload(chunk))
    except BaseException:
        channel.confirms.take_back(expected)
        raise
    return expected


def _expect(channel: ConfirmingChannel, chunk: Sequence[Encoded]) -> Write:
    if channel.confirms.closed_because is not None:
        raise ChannelInvalidStateError(channel.confirms.closed_because)
    return channel.confirms.expect([encoded.message_id for encoded in chunk])


def _payload(chunk: Sequence[Encoded]) -> bytes:
    return b"".join([encoded.payload for encoded in chunk])


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
