"""Calls that nobody knows the end of, found again by the reference that went along.

An SMSC that knows `user_message_reference` repeats it in its receipts. It has 16 bits only, so the
recipient's number must be the same, too. Kept by this worker alone, and for a while.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from herald.contracts.work import Work
from herald.providers.smpp.pdus import USER_REFERENCE, Message

KEPT_SECONDS = 3600.0
MAX_KEPT = 10_000


class Doubts:
    """The newest calls whose response was lost."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[int, str], tuple[float, Work]] = OrderedDict()

    def keep(self, reference: int, work: Work) -> None:
        """Remember a call."""
        self._kept[reference, work.to.removeprefix("+")] = self._clock(), work
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)

    def resolved_by(self, receipt: Message) -> Work | None:
        """Return the work of a call that a receipt is about, if it is one of these."""
        reference = int.from_bytes(receipt.tlvs.get(USER_REFERENCE, b"")[:4], "big")
        at, work = self._kept.get((reference, receipt.source.number.removeprefix("+")), (0.0, None))
        is_new = self._clock() - at < KEPT_SECONDS
        return work if is_new and USER_REFERENCE in receipt.tlvs else None
