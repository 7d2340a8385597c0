"""What the SMSC sends: put on the bus, and answered only then.

An SMSC repeats what is not answered, or answered with an error for now. A recipient's message has
no id of its own, so what may come again is remembered for a while, and keeps the name it got.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from herald.contracts.receipts import AttemptReceipt
from herald.providers.sending import Emit
from herald.providers.smpp import metrics
from herald.providers.smpp.doubts import Doubts
from herald.providers.smpp.errors import OK, TRY_AGAIN
from herald.providers.smpp.incoming import UNREAD, Recipient, receipt_of
from herald.providers.smpp.pdus import (
    DATA_SM,
    MalformedError,
    Message,
    Pdu,
    read_data_message,
    read_message,
)

MAX_REMEMBERED = 10_000
# It may have been repeated to another worker, and the same words from the same number are the same
# octets: an event too many for a late repeat does less harm than a text that counts as one.
REPEATED_SECONDS = 300.0
MALFORMED = 0xC0  # error in the optional part: the nearest to "this can't be read" there is

_log = structlog.get_logger(__name__)


class Arrivals:
    """What comes in over all binds of one account by one way; `emit` is set at the start."""

    def __init__(self, recipient: Recipient, clock: Callable[[], float] = time.monotonic) -> None:
        self._recipient = recipient
        self._clock = clock
        # names of what may come again, and when it last came; the latest is the last
        self._unanswered: OrderedDict[bytes, tuple[str, float]] = OrderedDict()
        self.doubts = Doubts()
        self.emit: Emit | None = None

    async def take(self, pdu: Pdu) -> int:
        """Put a message on the bus; return the command_status to answer with."""
        account = self._recipient.name
        try:
            message = _read(pdu)
        except MalformedError:
            _log.warning("smpp.malformed", account=account, command=f"0x{pdu.command:08X}")
            self._count(metrics.REFUSED)
            return MALFORMED
        name = self._name_of(_key(pdu))
        receipt = receipt_of(self._recipient, message, name, datetime.now(UTC))
        doubtful = self.doubts.resolved_by(message)
        if doubtful is not None and isinstance(receipt, AttemptReceipt):
            found = {"attempt_id": doubtful.attempt_id, "lane": doubtful.lane}
            receipt = receipt.model_copy(update=found)
        if isinstance(receipt, AttemptReceipt) and receipt.references[0].startswith(UNREAD):
            _log.warning("smpp.receipt_unreadable", account=account)
        try:
            assert self.emit is not None, "start() comes first"
            await self.emit(receipt)
        except Exception as error:  # noqa: BLE001  whatever it is: the SMSC sends it again
            _log.warning("smpp.not_published", account=account, error=type(error).__name__)
            self._count(metrics.PUT_OFF)
            return TRY_AGAIN
        self._count(metrics.TAKEN)
        return OK

    def answered(self, pdu: Pdu) -> None:
        """Forget a message that was answered as taken: the same again is another one."""
        self._unanswered.pop(_key(pdu), None)

    def _count(self, result: str) -> None:
        channel = self._recipient.options.channel
        metrics.REPORTS.labels(channel, self._recipient.name, result).inc()

    def _name_of(self, key: bytes) -> str:
        """Name a message as before, if it came lately and may have come again."""
        now = self._clock()
        name, came = self._unanswered.pop(key, ("", float("-inf")))
        if now - came > REPEATED_SECONDS:
            name = uuid.uuid4().hex
        self._unanswered[key] = name, now
        if len(self._unanswered) > MAX_REMEMBERED:
            self._unanswered.popitem(last=False)
        return name


def _key(pdu: Pdu) -> bytes:
    return hashlib.sha256(pdu.body).digest()


def _read(pdu: Pdu) -> Message:
    return read_data_message(pdu.body) if pdu.command == DATA_SM else read_message(pdu.body)
