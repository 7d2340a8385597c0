"""Which messages of webhooks go together in one."""

from __future__ import annotations

from behaviour.router.receipts import inbound
from herald.bus.receipt_batches import BATCH_TYPE
from herald.bus.receipt_messages import receipt_message
from herald.contracts.vocabulary import Lane
from ingress.receipt_batches import message_of, parts_of_messages
from unit.shared.bus.test_receipt_messages import ATTEMPT

STATUS = receipt_message(ATTEMPT)
URGENT = receipt_message(ATTEMPT.model_copy(update={"lane": Lane.URGENT}))
TRACED, UNSAMPLED = (
    STATUS._replace(headers={"traceparent": f"00-{'1' * 32}-{'2' * 16}-{flags}"})
    for flags in ("01", "00")
)
ANSWER = receipt_message(inbound())


def test_statuses_of_a_lane_go_together_and_all_else_alone() -> None:
    """What recipients wrote, and what is traced, has a message of its own."""
    parts = parts_of_messages([STATUS, ANSWER, URGENT, UNSAMPLED, TRACED, URGENT, ANSWER])
    assert parts == [[STATUS, UNSAMPLED], [ANSWER], [URGENT, URGENT], [TRACED], [ANSWER]]
    assert [message_of(part).type == BATCH_TYPE for part in parts] == [True, False] * 2 + [False]


def test_one_alone_goes_as_it_is() -> None:
    """Every router reads that."""
    assert message_of([STATUS]) is STATUS
