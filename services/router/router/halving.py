"""Finding the one bad item of a batch: halve it until it stands alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from herald.bus.batches import where
from herald.database.pool import is_outage

T = TypeVar("T")

_log = structlog.get_logger(__name__)


async def apply_in_halves(
    items: Sequence[T],
    apply: Callable[[Sequence[T]], Awaitable[None]],
    set_aside: Callable[[T, Exception], Awaitable[None]],
) -> None:
    """Apply `items` together; if one of them can't be applied, set that one aside.

    Raises:
        one of OUTAGES: broker or database are away; nobody is at fault and the batch is kept.
    """
    try:
        await apply(items)
    except Exception as error:
        if is_outage(error):
            raise
        if len(items) > 1:
            middle = len(items) // 2
            await apply_in_halves(items[:middle], apply, set_aside)
            await apply_in_halves(items[middle:], apply, set_aside)
            return
        _log.error("batch.poison", error=type(error).__name__, where=where(error))
        await set_aside(items[0], error)
