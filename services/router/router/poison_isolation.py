"""Finding the bad items of a batch: once it has failed, apply its items one by one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from herald.bus.batches import where
from herald.database.pool import is_outage

T = TypeVar("T")

_log = structlog.get_logger(__name__)


async def apply_isolated(
    items: Sequence[T],
    apply: Callable[[Sequence[T]], Awaitable[None]],
    set_aside: Callable[[T, Exception], Awaitable[None]],
) -> None:
    """Apply `items` together; if that fails each by itself, in order, and set the bad ones aside.

    One by one the cost of a bad batch has a bound, however many of it are bad: one more
    transaction an item. Searching by halves costs several for every bad one.

    Raises:
        one of OUTAGES: broker or database are away; nobody is at fault and the batch is kept.
    """
    error = await _failure(items, apply)
    if error is None:
        return
    for item in items:
        if len(items) > 1:
            error = await _failure([item], apply)
        if error is not None:
            _log.error("batch.poison", error=type(error).__name__, where=where(error))
            await set_aside(item, error)


async def _failure(
    items: Sequence[T], apply: Callable[[Sequence[T]], Awaitable[None]]
) -> Exception | None:
    try:
        await apply(items)
    except Exception as error:
        if is_outage(error):
            raise
        return error
    return None
