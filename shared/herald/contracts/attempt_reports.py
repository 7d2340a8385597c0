"""What became of an attempt, as its worker or a provider's webhook reports it.

It is quick to make, and to write. What is read on the bus is an `AttemptReceipt`; a test holds that
this is written as one would be.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal

import msgspec
from pydantic import BaseModel
from pydantic_core import to_json

from herald.contracts.failures import Failure
from herald.contracts.receipts import AttemptReceipt, Receipt, Return, attempt_receipt_id
from herald.contracts.vocabulary import Lane, Receipts, Status


class AttemptReport(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    tag_field="kind",
    tag="attempt",
):
    """What became of one attempt. Nothing of it is checked: who makes it has done that.

    Its fields are those of an `AttemptReceipt`, in their order.
    """

    kind: ClassVar[Literal["attempt"]] = "attempt"

    source: Literal["channel", "webhook"]
    channel: str
    provider: str
    account: str
    attempt_id: str | None = None
    references: tuple[str, ...]  # written also where it has none
    status: Status
    event_key: str
    failure: Failure | None = None
    outside_window: bool = False
    receipts: Receipts | None = None
    returned: Return | None = None
    dispatch: int | None = None
    lane: Lane | None = None
    occurred_at: datetime | None = None
    received_at: datetime
    element: Any = None

    @property
    def receipt_id(self) -> str:
        """The AMQP message id, as the receipt's."""
        name = self.attempt_id or self.references[0]
        return attempt_receipt_id(self.provider, self.account, name, self.status, self.event_key)

    def written(self) -> bytes:
        """Write it as JSON."""
        return _encode(self)

    def as_receipt(self) -> AttemptReceipt:
        """Return the receipt that it is to who reads it, checked."""
        return AttemptReceipt(**msgspec.structs.asdict(self))


WrittenReceipt = Receipt | AttemptReport


def _by_pydantic(value: object) -> msgspec.Raw:
    """Write what msgspec does not know: models, and what else an element may hold."""
    if isinstance(value, BaseModel):
        return msgspec.Raw(value.__pydantic_serializer__.to_json(value, exclude_none=True))
    return msgspec.Raw(to_json(value))


_encode = msgspec.json.Encoder(enc_hook=_by_pydantic).encode
