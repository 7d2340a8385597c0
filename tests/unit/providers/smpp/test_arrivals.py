"""What name a text gets that the SMSC may send again."""

from __future__ import annotations

from herald.contracts.receipts import AttemptReceipt, InboundReceipt
from herald.providers.smpp.arrivals import REPEATED_SECONDS, Arrivals
from herald.providers.smpp.errors import OK
from herald.providers.smpp.incoming import Recipient
from herald.providers.smpp.pdus import DELIVER_SM, Address, Message, Pdu, write_message
from unit.providers.smpp.making import account

FROM, TO = Address(1, 1, "15550001234"), Address(1, 1, "15559990000")


async def names_of_a_text_that_comes(*times: float) -> list[str]:
    """Take the same text at these times, in seconds; its link is lost each time, unanswered."""
    now, names = 0.0, []

    async def emit(receipt: AttemptReceipt | InboundReceipt) -> None:
        assert isinstance(receipt, InboundReceipt)
        names.append(receipt.reference)

    arrivals = Arrivals(Recipient("smpp-main", account()), clock=lambda: now)
    arrivals.emit = emit
    body = write_message(Message(source=FROM, destination=TO, short_message=b"STOP"))
    for now in times:  # noqa: B007  the clock reads it
        assert await arrivals.take(Pdu(DELIVER_SM, 1, body=body)) == OK
    return names


async def test_the_same_words_long_after_a_lost_answer_are_another_text() -> None:
    """The first may have been repeated to another worker: nothing here tells that it is over."""
    first, second = await names_of_a_text_that_comes(0.0, REPEATED_SECONDS + 1)
    assert first != second


async def test_a_text_that_comes_again_and_again_is_one() -> None:
    """It keeps its name however long that goes on, as long as each time is soon after the last."""
    names = await names_of_a_text_that_comes(*(REPEATED_SECONDS * n * 0.9 for n in range(4)))
    assert len(set(names)) == 1
