"""Receipts and messages that the SMSC sends by itself."""

from __future__ import annotations

import asyncio

from aiosmpplib.protocol import DeliverSm, SubmitSm
from aiosmpplib.state import PhoneNumber

from behaviour.providers.smpp.making import send, started, until
from behaviour.providers.smpp.smsc import HANG_UP, Answer, Session, Smsc, running
from herald.contracts.receipts import AttemptReceipt
from herald.providers.sending import Accepted, Uncertain
from herald.providers.smpp.pdus import Address, Message, write_message
from unit.providers.smpp.making import ATTEMPT, TO

RECEIPT = "id:77 sub:001 dlvrd:001 submit date:2606011155 done date:2606011159 stat:DELIVRD err:000"
DATA_SM = 0x0103


def receipt(text: str = RECEIPT) -> bytes:
    """Write a receipt with another implementation."""
    return written(DeliverSm(short_message=text, esm_class=4, source=PhoneNumber("15550001234")))


def text(said: str = "Yes") -> bytes:
    """Write what somebody sends from a phone."""
    return written(DeliverSm(short_message=said, source=PhoneNumber("15550001234")))


def written(message: DeliverSm) -> bytes:
    """Give the body alone."""
    pdu: bytes = message.pdu()
    return pdu[16:]


async def test_a_receipt() -> None:
    """It is answered once it is on the bus."""
    async with running(Smsc()) as smsc, started(smsc) as (_, bus):
        await until(lambda: smsc.binds)
        assert await smsc.sessions[0].deliver(receipt()) == 0
    [found] = bus.published
    assert isinstance(found, AttemptReceipt)
    assert (found.account, found.references, found.status) == ("smpp-main", ("77",), "delivered")


async def test_a_receipt_before_the_response() -> None:
    """It is published though nobody knows its message yet: the router keeps it until then."""

    def early(session: Session, _message: SubmitSm) -> Answer:
        session.write(0x05, 1, body=receipt())
        return "77"

    async with running(Smsc(submitted=early)) as smsc, started(smsc) as (account, bus):
        assert await send(account) == Accepted(("77",))
        await until(lambda: bus.published)


async def test_a_bus_that_is_away() -> None:
    """The SMSC is asked to send it again, and what it repeats has the same name."""
    async with running(Smsc()) as smsc, started(smsc) as (_, bus):
        await until(lambda: smsc.binds)
        [session] = smsc.sessions
        bus.away = True
        assert await session.deliver(receipt()) == 0x64
        assert await session.deliver(text()) == 0x64
        bus.away = False
        assert await session.deliver(text()) == 0
        assert await session.deliver(text()) == 0
    first, second = bus.published
    assert first.receipt_id != second.receipt_id  # the same words, written twice


async def test_a_text_whose_answer_was_lost() -> None:
    """It comes again over the next connection, and is the same message."""
    async with running(Smsc()) as smsc, started(smsc) as (_, bus):
        await until(lambda: smsc.binds)
        bus.slow = 0.05
        smsc.sessions[0].write(0x05, 1, body=text())
        await until(lambda: bus.published)
        smsc.sessions[0].writer.transport.abort()
        await until(lambda: len(smsc.binds) > 1)
        assert await smsc.sessions[-1].deliver(text()) == 0
    assert len({found.receipt_id for found in bus.published}) == 1


async def test_a_receipt_by_data_sm() -> None:
    """Some networks send them so."""
    body = b"\0\1\00115550001234\0\1\00115559990000\0\4\0\0"
    body += b"\x00\x1e\x00\x0377\0\x04\x27\x00\x01\x02"
    async with running(Smsc()) as smsc, started(smsc) as (_, bus):
        await until(lambda: smsc.binds)
        assert await smsc.sessions[0].deliver(body, DATA_SM) == 0
    [found] = bus.published
    assert isinstance(found, AttemptReceipt)
    assert (found.references, found.status) == (("77",), "delivered")


async def test_what_is_no_message() -> None:
    """It is refused for good, and the connection stays."""
    async with running(Smsc()) as smsc, started(smsc) as (account, bus):
        await until(lambda: smsc.binds)
        assert await smsc.sessions[0].deliver(b"\0\1") == 0xC0
        assert await send(account) == Accepted(("id-1",))
    assert bus.published == []


async def test_a_receipt_finds_a_lost_response() -> None:
    """The SMSC repeats our reference, which the attempt is known by."""
    smsc = Smsc(submitted=lambda _session, _message: HANG_UP)
    async with running(smsc), started(smsc, user_reference=True) as (account, bus):
        assert isinstance(await send(account), Uncertain)
        [reference] = [item.value for item in smsc.submits[0].optional_params]
        await until(lambda: len(smsc.binds) > 1)
        for number in (TO, "15550009999"):
            message = Message(
                source=Address(1, 1, number.removeprefix("+")),
                esm_class=4,
                short_message=RECEIPT.encode(),
                tlvs={0x0204: reference.to_bytes(2, "big")},
            )
            assert await smsc.sessions[-1].deliver(write_message(message)) == 0
    ours, others = bus.published
    assert isinstance(ours, AttemptReceipt)
    assert isinstance(others, AttemptReceipt)
    assert (ours.attempt_id, others.attempt_id) == (ATTEMPT, None)


async def test_many_at_once() -> None:
    """More than are taken at once are asked for again, and none is lost."""
    async with running(Smsc()) as smsc, started(smsc) as (_, bus):
        await until(lambda: smsc.binds)
        [session] = smsc.sessions
        left = [receipt(f"id:{number} stat:DELIVRD") for number in range(500)]
        while left:
            answers = await asyncio.gather(*(session.deliver(body) for body in left))
            left = [body for body, status in zip(left, answers, strict=True) if status]
    assert len({found.receipt_id for found in bus.published}) == 500
