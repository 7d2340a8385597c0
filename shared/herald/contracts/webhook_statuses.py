"""A status of an attempt as a provider's webhook brings it: quick to make, and to write.

What is read on the bus is an `AttemptReceipt`; a test holds that this is written as one would be.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal

import msgspec

from herald.contracts.failures import Failure
from herald.contracts.receipts import AttemptReceipt, Receipt, attempt_receipt_id
from herald.contracts.vocabulary import Lane, Status


class WebhookStatus(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    tag_field="kind",
    tag="attempt",
):
    """What became of one attempt. Nothing of it is checked: readers have done that.

    Its fields are those of an `AttemptReceipt` that webhooks know, in their order.
    """

    kind: ClassVar[Literal["attempt"]] = "attempt"

    source: Literal["webhook"]
    channel: str
    provider: str
    account: str
    attempt_id: str | None = None
    references: tuple[str, ...]
    status: Status
    event_key: str
    failure: Failure | None = None
    outside_window: bool = False
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


WebhookReceipt = Receipt | WebhookStatus


def _by_its_model(value: object) -> msgspec.Raw:
    assert isinstance(value, Failure), "all else is msgspec's"
    return msgspec.Raw(value.__pydantic_serializer__.to_json(value, exclude_none=True))


_encode = msgspec.json.Encoder(enc_hook=_by_its_model).encode
