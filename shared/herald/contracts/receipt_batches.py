"""Several receipts in one message: of calls that ended together, or webhooks that came together.

What a message costs the broker and the bus hardly grows with it: twenty reports cost as one does.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, RootModel

from herald.contracts.receipts import MAX_RECEIPT_BYTES, AttemptReceipt

# So that a router that hangs holds no more of them than it holds of commands.
MOST_RECEIPTS = 20
MOST_BYTES = MAX_RECEIPT_BYTES  # of the message, unless it is of one receipt


_Several = Annotated[tuple[AttemptReceipt, ...], Field(min_length=1, max_length=MOST_RECEIPTS)]


class ReceiptBatch(RootModel[_Several]):
    """Receipts of attempts of one channel and lane, in one message.

    Its header `receipts` says how many they are.
    """
